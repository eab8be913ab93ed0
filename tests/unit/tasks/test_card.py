"""What a task has no use for in a card is refused by file and field, before anything is built from it."""

from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import save as save_tensors
from tests.unit.artifact.test_card import crafted
from tests.unit.artifact.test_store import TENSORS

from foveal.errors import ArtifactError
from foveal.inference.load import load

COLUMNS = {"kind": "series", "columns": [{"name": "length_m"}]}
WRONG = {
    "task": ({"task": "fly"}, "Unknown task 'fly'."),
    "model": ({"model": {"x": 1}}, "'model.x' is wrong"),
    "own": ({"own": {"pooling": "zzz"}}, "'own.pooling' is wrong"),
    "decode": ({"decode": {"q": 2}}, "'decode.q' is wrong"),
    "no classes": ({"classes": None}, "'classes' is wrong (Field required)"),
    "columns": ({"input": COLUMNS}, "'input.kind' is wrong ('series' for a task on images)"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_field_is_named(tmp_path: Path, name: str) -> None:
    changes, message = WRONG[name]
    path = tmp_path / "model.safetensors"
    path.write_bytes(save_tensors(TENSORS, metadata={"foveal": crafted(**changes)}))
    with pytest.raises(ArtifactError) as error:
        load(path)
    assert error.value.what.startswith(f"{path}: the model card") and message in error.value.what
    assert error.value.hint == "The file is damaged; use another copy."


@pytest.mark.parametrize(
    ("model", "message"),
    [({"backbone": "conv4"}, "the weights do not fit conv4"), ({"backbone": "resnet1800"}, "resnet1800")],
)
def test_a_network_that_is_not_there(tmp_path: Path, model: dict[str, Any], message: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(save_tensors(TENSORS, metadata={"foveal": crafted(model=model)}))
    with pytest.raises(ArtifactError) as error:
        load(path)
    assert error.value.what.startswith(f"{path}: ") and message in error.value.what
