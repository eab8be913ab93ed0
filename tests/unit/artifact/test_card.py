"""A crafted or newer card is refused by its file and field, before anything is built from it."""

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import save as save_tensors
from tests.unit.artifact.test_store import TENSORS, card

from foveal.artifact.card import FORMAT, parse_card
from foveal.errors import ArtifactError
from foveal.inference.load import load


def crafted(**changes: Any) -> str:
    return json.dumps({**json.loads(card().model_dump_json()), **changes})


def spec(**changes: Any) -> dict[str, Any]:
    return {**json.loads(card().input.model_dump_json()), **changes}


WHITENING = {"kind": "pca", "patch": 2, "mean": [0.0] * 3, "matrix": [[1.0] * 3] * 3, "inverse": [[1.0] * 3] * 3}
WRONG = {
    "model": ({"model": {"x": 1}}, "'model.x' is wrong"),
    "own": ({"own": {"pooling": "zzz"}}, "'own.pooling' is wrong"),
    "decode": ({"decode": {"q": 2}}, "'decode.q' is wrong"),
    "negative size": ({"input": spec(size=-4)}, "'input.size' is wrong"),
    "huge size": ({"input": spec(size=1_000_000_000)}, "'input.size' is wrong"),
    "huge size in training": ({"input": spec(train_size=5000)}, "'input.train_size' is wrong"),
    "no deviation": ({"input": spec(std=[0, 1, 1])}, "'input.std.0' is wrong"),
    "whitening": ({"input": spec(whitening=WHITENING)}, "'input.whitening' is wrong"),
    "split": ({"split": {"seed": "x", "val_fraction": 0.2}}, "'split.seed' is wrong"),
    "two classes of one name": ({"classes": {"names": ["a", "a"]}}, "The class 'a' stands twice."),
    "task": ({"task": "fly"}, "There is no task 'fly'."),
    **{f"format {value!r}": ({"format": value}, f"'format' is {value!r}") for value in (0, -1, "99", 1.0, None, True)},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_field_is_named(tmp_path: Path, name: str) -> None:
    changes, said = WRONG[name]
    path = tmp_path / "model.safetensors"
    path.write_bytes(save_tensors(TENSORS, metadata={"foveal": crafted(**changes)}))
    with pytest.raises(ArtifactError) as error:
        load(path)
    assert error.value.what.startswith(f"{path}: the model card") and said in error.value.what
    assert error.value.hint == "The file is damaged; use another copy."


def test_a_card_without_a_format() -> None:
    values = json.loads(crafted())
    del values["format"]
    with pytest.raises(ArtifactError, match=f"x: the model card's field 'format' is None, .* from 1 to {FORMAT}"):
        parse_card(json.dumps(values), where="x")


@pytest.mark.parametrize(
    ("model", "said"),
    [({"backbone": "conv4"}, "the weights do not fit conv4"), ({"backbone": "resnet1800"}, "resnet1800")],
)
def test_a_network_that_is_not_there(tmp_path: Path, model: dict[str, Any], said: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(save_tensors(TENSORS, metadata={"foveal": crafted(model=model)}))
    with pytest.raises(ArtifactError) as error:
        load(path)
    assert error.value.what.startswith(f"{path}: ") and said in error.value.what
