"""A given model's backbone, input and head's shape are kept unless something else is asked for; its rates are mild."""

from pathlib import Path
from typing import Any

import pytest

from foveal.artifact.card import Card
from foveal.artifact.store import save
from foveal.config.schema import RunConfig, parse_config
from foveal.data.catalog.catalog import Catalog
from foveal.data.formats.read import read
from foveal.runs.resolve import resolve
from foveal.types.size import Size

CARD = {
    "task": "classify",
    "classes": {"names": ("cat", "dog")},
    "input": {"kind": "image", "size": 48, "train_size": 40, "mean": (0.1, 0.2, 0.3), "std": (0.4, 0.5, 0.6)},
    "model": {"backbone": "conv4"},
    "own": {"pooling": "gem", "dropout": 0.7},
    "decode": {},
}


@pytest.fixture(scope="module")
def train(squares: Path) -> Catalog:
    return read(squares)


def settled(train: Catalog, folder: Path, card: dict[str, Any], **given: Any) -> tuple[RunConfig, tuple[str, ...]]:
    file = folder / "m.safetensors"
    save(file, Card.model_validate(card), {})
    sections = {**given, "model": {**given.get("model", {}), "weights": "m.safetensors"}}
    resolved = resolve(parse_config(sections, where="test"), train)
    return resolved.config, resolved.notes


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_is_left_open_is_the_models(train: Catalog, tmp_path: Path) -> None:
    config, notes = settled(train, tmp_path, CARD)
    assert (config.model.backbone, config.input.size, config.input.eval_size) == (
        "conv4",
        Size.square(40),
        Size.square(48),
    )
    own: Any = config.own("classify")
    assert (own.pooling, own.dropout) == ("gem", 0.2), "what does not shape the network is not inherited"
    assert notes == (
        "as in m.safetensors: backbone conv4, input 40 px, evaluated at 48 px, classify.pooling gem",
        "normalised as in m.safetensors: mean 0.100 0.200 0.300, std 0.400 0.500 0.600",
    )


def test_a_small_network_with_weights_is_fine_tuned(train: Catalog, tmp_path: Path) -> None:
    """Not as one that starts at random: rate, epochs, patience and norm are those of pretrained networks."""
    config, _ = settled(train, tmp_path, CARD)
    scratch = resolve(parse_config({"model": {"backbone": "conv4"}}, where="test"), train).config
    assert (config.optim.lr, config.train.epochs) == (5e-5, 8)
    assert (config.optim.freeze_norm, config.train.patience) == (True, 2)
    assert (scratch.optim.lr, scratch.train.epochs) == (2e-3, 60)
    assert (scratch.optim.freeze_norm, scratch.train.patience) == (False, 0)


def test_what_is_asked_for_wins(train: Catalog, tmp_path: Path) -> None:
    given = {"input": {"size": 64, "normalize": "dataset"}, "classify": {"pooling": "avg"}}
    config, notes = settled(train, tmp_path, CARD, **given)
    own: Any = config.own("classify")
    assert (config.input.size, config.input.eval_size, own.pooling) == (Size.square(64), Size.square(64), "avg")
    assert notes == (
        "as in m.safetensors: backbone conv4",
        "normalised by --input.normalize dataset; m.safetensors was trained with"
        " mean 0.100 0.200 0.300, std 0.400 0.500 0.600",
    )


def test_another_backbone_inherits_nothing(train: Catalog, tmp_path: Path) -> None:
    """The weights will be refused; the message must be about them."""
    config, _ = settled(train, tmp_path, CARD, model={"backbone": "conv5"})
    assert (config.model.backbone, config.own("classify").model_dump()["pooling"]) == ("conv5", "avg")


def test_across_tasks_only_the_backbone(train: Catalog, tmp_path: Path) -> None:
    detector = {**CARD, "task": "detect", "own": {"channels": 32}, "model": {"backbone": "conv5"}}
    config, notes = settled(train, tmp_path, detector)
    assert (config.task, config.model.backbone, config.input.size) == ("classify", "conv5", Size.square(32))
    assert notes[0] == "as in m.safetensors: backbone conv5"


def test_whitening_is_told(train: Catalog, tmp_path: Path) -> None:
    eye = [[float(i == j) for j in range(3)] for i in range(3)]
    white = {"kind": "zca", "patch": 1, "mean": [0.5] * 3, "matrix": eye, "inverse": eye}
    _, notes = settled(train, tmp_path, {**CARD, "input": {**CARD["input"], "whitening": white}})
    assert notes[1] == "normalised as in m.safetensors: ZCA whitening of 1 x 1 patches"
