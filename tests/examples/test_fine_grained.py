"""The fine-grained example: its generator keeps its word, and its two networks run."""

import csv
import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
FEW = {"train": 8, "val": 2, "test": 2}


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fine_grained", ROOT / "examples" / "fine_grained.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fine_grained"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_details_lie_inside_and_the_table_says_where(example: ModuleType, tmp_path: Path) -> None:
    details = example.write_data_set(tmp_path / "data", seed=0, splits=FEW)
    with (tmp_path / "data" / "details.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(r["path"], int(r["left"]), int(r["top"])) for r in rows] == [(d.path, d.left, d.top) for d in details]
    for row in rows:
        left, top, width, height = (int(row[name]) for name in ("left", "top", "width", "height"))
        assert left >= 0 and top >= 0
        assert left + width <= example.SIDE and top + height <= example.SIDE
        with Image.open(tmp_path / "data" / row["path"]) as image:
            assert image.size == (example.SIDE, example.SIDE)
    assert len({(d.left, d.top) for d in details}) > len(details) // 2  # at random places


def test_classes_are_balanced(example: ModuleType, tmp_path: Path) -> None:
    details = example.write_data_set(tmp_path / "data", seed=0, splits=FEW)
    counts = Counter(tuple(d.path.split("/")[:2]) for d in details)
    assert counts == {(split, name): n for split, n in FEW.items() for name in example.PATTERNS}


def test_the_same_seed_gives_the_same_files(example: ModuleType, tmp_path: Path) -> None:
    first, again, other = (
        example.write_data_set(tmp_path / name, seed=seed, splits=FEW) for name, seed in (("a", 3), ("b", 3), ("c", 4))
    )
    assert first == again != other
    for detail in first:
        assert (tmp_path / "a" / detail.path).read_bytes() == (tmp_path / "b" / detail.path).read_bytes()


def test_tiles_do_not_overlap(example: ModuleType) -> None:
    places = example.free_places(9, np.random.default_rng(0))
    for i, (x, y) in enumerate(places):
        assert all(max(abs(x - u), abs(y - v)) >= example.TILE for u, v in places[:i])


def test_a_flip_keeps_the_class(example: ModuleType) -> None:
    for rows in example.PATTERNS.values():
        assert list(rows) == [row[::-1] for row in rows] == list(rows[::-1])


def test_the_peak_is_found_within_a_cell_of_the_detail(example: ModuleType) -> None:
    maps = np.zeros((3, 6, 6), np.float32)
    maps[0, 2, 3] = maps[1, 2, 3] = maps[2, 0, 0] = 1  # centre of cell (2, 3): x 56, y 40
    on, beside, off = example.Detail("a", 52, 36), example.Detail("b", 70, 50), example.Detail("c", 60, 60)
    assert example.peak_hits(maps, [on, beside, off]).tolist() == [True, True, False]
    assert not example.peak_hits(maps[:1], [example.Detail("d", 73, 36)])[0]


@pytest.mark.slow
def test_both_networks_train_and_attention_has_a_map(example: ModuleType, tmp_path: Path) -> None:
    details = example.write_data_set(tmp_path / "data", seed=0, splits=FEW)
    test = [tmp_path / "data" / d.path for d in details if d.path.startswith("test/")]
    for pooling in ("avg", "attention"):
        model = example.train(tmp_path / "data", pooling, tmp_path / pooling, seed=0, epochs=1)
        arrays = model.arrays(test)
        assert arrays["scores"].shape == (len(test), len(example.PATTERNS))
        assert ("attention" in arrays) == (pooling == "attention")
    assert arrays["attention"].shape == (len(test), 6, 6)
    np.testing.assert_allclose(arrays["attention"].sum((1, 2)), 1, rtol=1e-4)
    example.write_overlay(tmp_path / "overlay.png", tmp_path / "data", model, details[-3:], zoom=1)
    with Image.open(tmp_path / "overlay.png") as image:
        assert image.size == (3 * example.SIDE, 2 * example.SIDE)
