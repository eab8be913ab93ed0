"""A crafted or newer card is refused by its file and field, before anything is built from it."""

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import save as save_tensors
from tests.unit.artifact.test_store import TENSORS, card

from foveal.artifact.card import FORMAT, parse_card
from foveal.artifact.store import read_card
from foveal.errors import ArtifactError
from foveal.types.streams.series_spec import SeriesSpec


def crafted(**changes: Any) -> str:
    return json.dumps({**json.loads(card().model_dump_json()), **changes})


def spec(**changes: Any) -> dict[str, Any]:
    return {**json.loads(card().input.model_dump_json()), **changes}


WHITENING = {"kind": "pca", "patch": 2, "mean": [0.0] * 3, "matrix": [[1.0] * 3] * 3, "inverse": [[1.0] * 3] * 3}
WRONG = {
    "negative size": ({"input": spec(size=-4)}, "'input.size' is wrong"),
    "huge size": ({"input": spec(size=1_000_000_000)}, "'input.size' is wrong"),
    "huge size in training": ({"input": spec(train_size=5000)}, "'input.train_size' is wrong"),
    "no deviation": ({"input": spec(std=[0, 1, 1])}, "'input.std.0' is wrong"),
    "whitening": ({"input": spec(whitening=WHITENING)}, "'input.whitening' is wrong"),
    "split": ({"split": {"seed": "x", "val_fraction": 0.2}}, "'split.seed' is wrong"),
    "two classes of one name": ({"classes": {"names": ["a", "a"]}}, "The class 'a' is listed twice."),
    "no kind of input": ({"input": {"size": 32, "train_size": 32}}, "'input' is wrong"),
    "unknown kind of input": ({"input": spec(kind="smell")}, "'input' is wrong"),
    "column": ({"input": {"kind": "series", "columns": [{"name": "a", "std": 0}]}}, "'input.columns.0.std' is wrong"),
    **{f"format {value!r}": ({"format": value}, f"'format' is {value!r}") for value in (0, -1, "99", 1.0, None, True)},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_field_is_named(tmp_path: Path, name: str) -> None:
    changes, said = WRONG[name]
    path = tmp_path / "model.safetensors"
    path.write_bytes(save_tensors(TENSORS, metadata={"foveal": crafted(**changes)}))
    with pytest.raises(ArtifactError) as error:
        read_card(path)
    assert error.value.what.startswith(f"{path}: the model card") and said in error.value.what
    assert error.value.hint == "The file is damaged; use another copy."


def test_a_card_without_a_format() -> None:
    values = json.loads(crafted())
    del values["format"]
    with pytest.raises(ArtifactError, match=f"^x: the model card's field 'format' is None, .* {FORMAT}"):
        parse_card(json.dumps(values), where="x")


def test_a_card_without_classes_and_with_columns() -> None:
    series = {"kind": "series", "columns": [{"name": "length_m"}]}
    card = parse_card(crafted(input=series, classes=None, task="table"), where="x")
    assert card.classes is None
    assert card.input_as(SeriesSpec).columns[0].name == "length_m"
