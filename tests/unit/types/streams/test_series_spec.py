import pytest
from pydantic import ValidationError

from foveal.types.streams.series_spec import Column, SeriesSpec


def test_it_comes_back_from_json() -> None:
    spec = SeriesSpec(columns=(Column(name="length_m", mean=3.5, std=1.25), Column(name="width_m")))
    assert SeriesSpec.model_validate_json(spec.model_dump_json()) == spec
    assert spec.model_dump()["kind"] == "series"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([], "at least 1 item"),
        ([{"name": ""}], "at least 1 character"),
        ([{"name": "a", "std": 0}], "greater than 0"),
        ([{"name": "a", "mean": float("nan")}], "finite number"),
        ([{"name": "a"}, {"name": "b"}, {"name": "a"}], "the column 'a' is listed twice"),
    ],
)
def test_wrong_columns(columns: list[dict[str, object]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SeriesSpec.model_validate({"columns": columns})
