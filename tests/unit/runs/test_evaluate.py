"""The data set of an evaluation: its groups, and the split that training made."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from foveal.artifact.card import SplitCard
from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.fraction import thinned
from foveal.data.catalog.split import with_splits
from foveal.data.formats.read import read
from foveal.errors import DataError
from foveal.runs.evaluate import open_data
from foveal.types.categories import Categories

RULE = "([^/]+)_"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes of five patients each, with four photos of each patient."""
    for number in range(40):
        path = tmp_path / "photos" / "ab"[number % 2] / f"p{number // 4}_{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4, 3), number, np.uint8)).save(path)
    return tmp_path / "photos"


def model(folder: Path, rule: str = RULE, *, fraction: float = 1.0) -> Any:
    made = thinned(with_splits(read(folder, groups=rule), val_fraction=0.2, seed=3), fraction, seed=5)
    card = SimpleNamespace(
        task="classify",
        split=SplitCard(seed=3, val_fraction=0.2, groups=rule, train_fraction=fraction, fraction_seed=5),
        data={"fingerprint": made.fingerprint()},
    )
    return cast(Any, SimpleNamespace(card=card, output=SimpleNamespace(categories=made.categories)))


def opened(folder: Path, predictor: Any, **asked: Any) -> tuple[Catalog, list[str]]:
    return open_data(folder, predictor, classes="", ignore=(), **{"split": None, "groups": None, **asked})


def test_the_models_rule_and_its_split(photos: Path) -> None:
    catalog, notes = opened(photos, model(photos), split="val")
    held_out = catalog.split("val")
    assert held_out.num_groups == 2 and len(held_out) == 8
    assert notes == [
        "40 images in 10 groups of 4 to 4 (groups '([^/]+)_').",
        "The data set has no 'val' split of its own; evaluated on the images that training held out (seed 3, 20%).",
    ]


def test_another_rule_leaves_the_split_of_training_as_it_was(photos: Path) -> None:
    predictor = model(photos)
    ours = opened(photos, predictor, split="val")[0].split("val")
    others = opened(photos, predictor, split="val", groups=r"(\d)\.png")[0].split("val")
    assert list(others.paths()) == list(ours.paths()) and others.num_groups != ours.num_groups
    assert opened(photos, predictor, split="val", groups="")[0].groups is None


@pytest.mark.parametrize("groups", [None, ""])
def test_of_a_part_of_the_training_images(photos: Path, groups: str | None) -> None:
    whole, part = model(photos), model(photos, fraction=0.5)
    ours, others = (opened(photos, one, split="val", groups=groups)[0] for one in (part, whole))
    assert list(ours.split("val").paths()) == list(others.split("val").paths())
    assert len(ours.split("train")) == 16 and len(others.split("train")) == 32
    known = {"train_fraction": 1.0}
    part.card.split = part.card.split.model_copy(update=known)  # as models before had it
    with pytest.raises(DataError, match="cannot be reproduced"):
        opened(photos, part, split="val", groups=groups)


def test_a_rule_of_training_that_does_not_fit_is_left_out_with_a_note(photos: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for label in "ab":
        (other / label).mkdir(parents=True)
        Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(other / label / "1.png")
    catalog, notes = opened(other, model(photos))
    assert catalog.groups is None
    assert notes == [
        f"The groups rule of training does not fit: {other}: the groups rule '([^/]+)_' matches none of 2 images; not"
        " 'a/1.png'. Images are taken as independent."
    ]
    with pytest.raises(DataError, match="matches none of 2 images"):
        opened(other, model(photos), groups=RULE)


def test_groups_in_two_splits_are_told(photos: Path) -> None:
    for split, label, name in (("train", "a", "x_1"), ("train", "b", "y_1"), ("val", "a", "x_2"), ("val", "b", "z_1")):
        path = photos.parent / "cut" / split / label / f"{name}.png"
        path.parent.mkdir(parents=True)
        Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(path)
    _, notes = opened(photos.parent / "cut", model(photos), groups=RULE)
    assert notes[-1] == (
        "train and val share 1 group (x), so results on val are optimistic; move all images of a group into one split."
    )


def test_the_folders_and_the_format_that_are_named(tmp_path: Path) -> None:
    for home, name, pixels in (("x", "a.png", np.zeros((2, 3, 3))), ("y", "a.png", [[0, 1, 1]] * 2)):
        (tmp_path / "set" / home).mkdir(parents=True)
        Image.fromarray(np.array(pixels, np.uint8)).save(tmp_path / "set" / home / name)
    card = SimpleNamespace(task="segment", split=None, data={})
    predictor = cast(Any, SimpleNamespace(card=card, output=SimpleNamespace(categories=Categories(("0", "1"), (0, 1)))))
    catalog, _ = opened(tmp_path / "set", predictor, format="mask_folder", images="x", labels="y")
    assert (catalog.names[0], catalog.mask_paths(0)) == ("x/a.png", [tmp_path / "set" / "y" / "a.png"])
