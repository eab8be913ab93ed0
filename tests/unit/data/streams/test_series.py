"""Tables of times and values as streams."""

from pathlib import Path

import numpy as np
import pytest

from foveal.data.streams.series import is_series, moment, read_series
from foveal.errors import DataError

GOOD = "month;sold;price\n2020-01;3;1.5\n2020-02;4;1.25\n2020-03;5;2\n"


def test_a_table(tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(GOOD)
    assert is_series(file)
    stream = read_series(file)
    np.testing.assert_array_equal(stream.steps, [[3, 1.5], [4, 1.25], [5, 2]])
    assert [column.name for column in stream.spec.columns] == ["sold", "price"]  # type: ignore[union-attr]
    assert list(stream.pieces[0].times) == ["2020-01", "2020-02", "2020-03"]
    np.testing.assert_array_equal(read_series(file, columns=["price"]).steps, [[1.5], [1.25], [2]])


def test_a_table_of_images_is_none(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    for content in ("path,label\na.jpg,1\n", "id,label\n17,1\n"):
        file.write_text(content)
        assert not is_series(file)
    assert not is_series(tmp_path / "none.csv")


def test_times() -> None:
    assert moment("3.5") == 3.5
    assert moment("1970-01-02") == 86400 and moment("1970-01") == 0
    assert moment("1970-01-01T01:00+01:00") == 0
    assert moment("yesterday") is None


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "{file}: the file is empty."),
        ("time,a\n", "{file}: has a header and no rows."),
        ("time\n1\n", "{file}: has a column of times and none of values."),
        ("time,a\n1,2\n2,two\n", "{file}, line 3: a is 'two', not a number."),
        ("time,a\n1,2\n2,\n", "{file}, line 3: a is empty."),
        ("time,a\n1,2\n2\n", "{file}, line 3: 1 cells where the header has 2."),
        ("time,a\n2,2\n1,2\n", "{file}, line 3: the time 1 is earlier than that of the line before."),
        ("time,a\n2,2\n2,2\n", "{file}, line 3: the time 2 is that of the line before."),
        ("time,a\nMonday,2\n", "{file}, line 2: time is 'Monday', not a time."),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, content: str, what: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(content)
    with pytest.raises(DataError) as error:
        read_series(file)
    assert error.value.what == what.format(file=file) and error.value.hint


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(GOOD)
    with pytest.raises(DataError) as error:
        read_series(file, columns=["cost"])
    assert error.value.what == f"{file}: no column 'cost'."
    assert error.value.hint == "Its columns: month, sold, price."


def test_gaps_are_told(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("time,a\n1,1\n2,1\n3,1\n7,1\n")
    assert read_series(file).notes == ("1 of 3 steps are longer than usual; each counts as one step",)
