from pathlib import Path

import pytest

from foveal.data.outside import check_outside
from foveal.errors import RunError


@pytest.mark.parametrize("inside", [".", "runs/a", "../data/x", "a/../b"])
def test_nothing_is_written_into_a_folder_of_data(tmp_path: Path, inside: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with pytest.raises(RunError) as error:
        check_outside(data / inside, data, option="--data.cache-dir")
    assert error.value.what == f"{data / inside} is inside the data set, which must not be changed."
    assert error.value.hint == "Choose a folder outside it with --data.cache-dir."


def test_links_do_not_hide_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (tmp_path / "link").symlink_to(data)
    with pytest.raises(RunError):
        check_outside(data / "run", tmp_path / "link")
    with pytest.raises(RunError):
        check_outside(tmp_path / "link" / "run", data)


def test_beside_it_is_fine(tmp_path: Path) -> None:
    data, table = tmp_path / "data", tmp_path / "labels.csv"
    data.mkdir()
    table.write_text("")
    check_outside(tmp_path / "data2", data)
    check_outside(tmp_path, data)
    check_outside(tmp_path / "run", table)
    check_outside(tmp_path / "run", tmp_path / "absent")
