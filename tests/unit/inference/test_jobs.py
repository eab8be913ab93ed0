"""What is written for many files."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from foveal.inference.jobs import Job, to_documents, write_coco, write_masks
from foveal.inference.predictor import Predictor
from foveal.ops.masks import rle_of_polygons
from foveal.types.categories import Categories
from foveal.types.masks import ClassMap


def predictor(files: Mapping[str, bytes]) -> Predictor:
    """One whose task gives each picture these files, with the answer before the content."""
    masks = lambda answer: {suffix: answer + content for suffix, content in files.items()}  # noqa: E731
    return cast(Predictor, SimpleNamespace(task=SimpleNamespace(mask_png=masks)))


def test_masks_bear_the_names_of_their_pictures(tmp_path: Path) -> None:
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
