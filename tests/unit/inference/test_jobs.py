"""What is written for many files."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from foveal.errors import ConfigError
from foveal.inference.jobs import Job, Outputs, find_images, to_documents, write_coco, write_masks
from foveal.inference.predictor import Predictor
from foveal.ops.masks import rle_of_polygons
from foveal.types.categories import Categories
from foveal.types.masks import ClassMap


def predictor(files: Mapping[str, bytes]) -> Predictor:
    """One whose output gives each image these files, with the prediction before the content."""
    masks = lambda answer: {suffix: answer + content for suffix, content in files.items()}  # noqa: E731
    return cast(Predictor, SimpleNamespace(output=SimpleNamespace(mask_png=masks)))


def test_masks_bear_the_names_of_their_images(tmp_path: Path) -> None:
    answers: list[Any] = [b"first ", b"second ", b"third "]
    job = Job([Path("a/cat.jpg"), Path("b/cat.png"), Path("b/dog.jpg")], answers, [])
    write_masks(tmp_path / "one", job, predictor({"": b"map"}))
    assert {p.name: p.read_bytes() for p in (tmp_path / "one").iterdir()} == {
        "cat.png": b"first map",
        "cat-2.png": b"second map",
        "dog.png": b"third map",
    }
    write_masks(tmp_path / "several", Job(job.paths[:1], answers[:1], []), predictor({"_0": b"x", "_1": b"y"}))
    assert sorted(p.name for p in (tmp_path / "several").iterdir()) == ["cat_0.png", "cat_1.png"]


def test_masks_as_polygons(tmp_path: Path) -> None:
    mask = np.zeros((5, 7), np.uint8)
    mask[1:3, 2:6] = 1
    categories = Categories(("ground", "thing"))
    job = Job([Path("12.png")], [ClassMap.of(mask, categories)], [])
    (document,) = to_documents(job, polygons=True)
    assert document["mask"]["thing"] == [[2, 1, 6, 1, 6, 3, 2, 3]]
    assert rle_of_polygons(document["mask"]["thing"], (5, 7)).mask().tolist() == (mask > 0).tolist()
    write_coco(tmp_path / "c.json", job, polygons=True)
    rows = json.loads((tmp_path / "c.json").read_text())
    assert [r["segmentation"] for r in rows if r["category_id"] == 2] == [[[2, 1, 6, 1, 6, 3, 2, 3]]]
    assert to_documents(job)[0]["mask"]["thing"]["size"] == [5, 7], "runs where nothing is said"


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """own/a.jpg, own/a.png, own/b.png and own/a-2.png."""
    (tmp_path / "own").mkdir()
    files = [tmp_path / "own" / name for name in ("a.jpg", "a.png", "b.png", "a-2.png")]
    for file in files:
        Image.new("RGB", (4, 4)).save(file)
    return files


@pytest.mark.parametrize(
    ("option", "place", "at", "kind"),
    [
        ("save", "own", 0, "folder"),
        ("masks", "own", 1, "folder"),
        ("csv", "own/b.png", 2, "file"),
        ("coco", "own/a-2.png", 3, "file"),
        ("save", "link", 0, "folder"),
    ],
)
def test_no_image_that_is_looked_at_is_overwritten(
    tmp_path: Path, images: list[Path], option: str, place: str, at: int, kind: str
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "own")
    with pytest.raises(ConfigError) as caught:
        Outputs(**{option: tmp_path / place}).prepare(images[at:])
    assert str(caught.value) == (
        f"--{option} {tmp_path / place} would overwrite the image {images[at]} that is looked at.\n"
        f"Choose another {kind} for --{option}."
    )


def test_numbered_names_spare_images_as_well(tmp_path: Path, images: list[Path]) -> None:
    images[3].rename(tmp_path / "own" / "a-2.jpg")
    looked_at = [*images[1:3], tmp_path / "own" / "a-2.jpg", tmp_path / "other" / "a.jpg"]
    looked_at[3].parent.mkdir()
    looked_at[3].symlink_to(images[1])
    with pytest.raises(ConfigError, match=r"would overwrite the image .*/own/a-2.jpg"):
        Outputs(save=tmp_path / "own").prepare(looked_at)


def test_other_places_are_made_ready(tmp_path: Path, images: list[Path]) -> None:
    new = tmp_path / "new"
    Outputs(csv=new / "c" / "t.csv", coco=new / "r" / "c.json", save=new / "s", masks=new / "m").prepare(images[1:])
    assert sorted(p.name for p in new.iterdir()) == ["c", "r", "s"], "masks: once it is known that there are some"
    with pytest.raises(ConfigError, match=r"--csv .*/own is a folder, not a file"):
        Outputs(csv=tmp_path / "own").prepare(images)


@pytest.mark.parametrize(
    ("names", "image_id"),
    [(("a/1.jpg", "b/1.jpg"), "1"), (("a/0001.jpg", "a/1.png"), "1"), (("a/x.jpg", "b/x.png"), "x")],
)
def test_two_images_of_one_image_id(tmp_path: Path, names: tuple[str, str], image_id: str) -> None:
    files = [Path(name) for name in names]
    with pytest.raises(ConfigError) as caught:
        Outputs(coco=tmp_path / "c.json").prepare(files)
    assert str(caught.value) == (
        f"{names[0]} and {names[1]} would have one image_id in COCO's results: {image_id}.\n"
        "Predict them apart, or rename one."
    )
    Outputs(csv=tmp_path / "t.csv").prepare(files)


def test_image_ids(tmp_path: Path) -> None:
    names = ["000000000139.jpg", "\uff11.jpg", "1.jpg", "\u00b2.jpg", "a1.jpg"]
    mask = ClassMap.of(np.zeros((2, 2), np.uint8), Categories(("ground", "thing")))
    job = Job([Path(name) for name in names], [mask] * len(names), [])
    Outputs(coco=tmp_path / "c.json").prepare(job.paths)
    write_coco(tmp_path / "c.json", job)
    rows = json.loads((tmp_path / "c.json").read_text())
    assert [row["image_id"] for row in rows] == [139, "\uff11", 1, "\u00b2", "a1"]


def test_a_folder_is_no_image(tmp_path: Path, images: list[Path]) -> None:
    (tmp_path / "own" / "x.png").mkdir()
    (tmp_path / "own" / "x.png" / "inside.png").write_bytes(images[1].read_bytes())
    found = find_images([str(tmp_path / "own")])
    assert [p.relative_to(tmp_path / "own").as_posix() for p in found] == [
        "a-2.png", "a.jpg", "a.png", "b.png", "x.png/inside.png",
    ]  # fmt: skip
