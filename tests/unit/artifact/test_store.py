"""The model file: what goes in comes out, and what is not one is refused without harm."""

import json
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save as save_tensors

from foveal.artifact.card import FORMAT, Card
from foveal.artifact.store import encode, load, read_card, save
from foveal.errors import ArtifactError
from foveal.types.input_spec import InputSpec


def card(**changes: object) -> Card:
    values = {
        "task": "classify",
        "classes": {"names": ("ant", "蜜蜂")},
        "input": InputSpec(size=32, train_size=32),
        "model": {"backbone": "conv4"},
        "own": {},
        "decode": {},
    }
    return Card.model_validate({**values, **changes})


TENSORS = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.array(7, np.int64)}


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save(path, card(), TENSORS)
    found, tensors = load(path)
    assert found == card()
    assert found.categories.names == ("ant", "蜜蜂")
    assert sorted(tensors) == ["a", "b"]
    np.testing.assert_array_equal(tensors["b"], TENSORS["b"])
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]


def test_equal_content_gives_equal_bytes() -> None:
    assert encode(card(), TENSORS) == encode(card(), dict(reversed(TENSORS.items())))


class Bomb:
    """Unpickling this would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (open, (str(self.path), "w"))


def test_a_renamed_pickle_runs_nothing(tmp_path: Path) -> None:
    evidence = tmp_path / "ran"
    path = tmp_path / "model.safetensors"
    path.write_bytes(pickle.dumps(Bomb(evidence)))
    with pytest.raises(ArtifactError, match="a pickled checkpoint, which can run code when opened"):
        load(path)
    assert not evidence.exists()


@pytest.mark.parametrize("length", [0x010280, 0x010380, 0x0480, 0x0580, 0x4B50])
def test_a_header_as_long_as_a_pickle_starts(tmp_path: Path, length: int) -> None:
    """The file starts with the header's length, which may read like the first bytes of a pickle or of a ZIP."""
    path = tmp_path / "model.safetensors"
    padding = length - len(encode(card(foveal=""), {})) + 8
    saved = next(c for n in range(padding - 8, padding + 1) if len(encode(c := card(foveal="x" * n), {})) == length + 8)
    save(path, saved, {})
    assert load(path) == (saved, {})


def test_a_header_of_two_gigabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 2 * 2**30))
        file.truncate(8 + 3 * 2**30)  # sparse: the file says it is that long
    with pytest.raises(ArtifactError, match=r"its header of 2,147,483,648 bytes is larger than any model's"):
        load(path)


def test_a_header_longer_than_the_file(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", 2**40) + b"{}")
    with pytest.raises(ArtifactError, match="not a safetensors file, or cut short"):
        load(path)


@pytest.mark.parametrize("keep", [0, 4, 8, 40, -3])
def test_truncated_files(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(encode(card(), TENSORS)[:keep])
    with pytest.raises(ArtifactError):
        load(path)


def test_tensors_without_a_card(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(save_tensors(TENSORS))
    with pytest.raises(ArtifactError) as error:
        load(path)
    assert error.value.what == f"{path}: holds tensors but no Foveal card."


@pytest.mark.parametrize(
    ("version", "hint"),
    [(FORMAT + 1, "Install a newer Foveal: pip install --upgrade foveal"), (FORMAT - 1, "Train the model again.")],
)
def test_another_version_says_so(tmp_path: Path, version: int, hint: str) -> None:
    path = tmp_path / "model.safetensors"
    other = {**json.loads(card().model_dump_json()), "format": version, "foveal": "9.0", "unheard": 1}
    path.write_bytes(save_tensors(TENSORS, metadata={"foveal": json.dumps(other)}))
    with pytest.raises(ArtifactError) as error:
        read_card(path)
    assert error.value.what == (
        f"{path}: written by Foveal 9.0, whose card format is {version}; this Foveal reads {FORMAT}."
    )
    assert error.value.hint == hint


@pytest.mark.parametrize("text", ["", "[]", "nonsense", '{"task": 3}', "[" * 100_000])
def test_damaged_cards(tmp_path: Path, text: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(save_tensors(TENSORS, metadata={"foveal": text}))
    with pytest.raises(ArtifactError):
        load(path)
