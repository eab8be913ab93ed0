"""The example "logo or other": its generator keeps its word, and its threshold is that of the model file."""

import csv
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

import foveal

ROOT = Path(__file__).resolve().parents[2]
FEW = {"train": 24, "valid": 12, "test": 12}


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("two_classes", ROOT / "examples" / "two_classes.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["two_classes"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve smooth colour fields in two folders, a copy of one, and a file that is no photo."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for i in range(12):
        home = folder / "ab"[i % 2]
        home.mkdir(exist_ok=True)
        coarse = Image.fromarray(rng.integers(0, 256, (4, 6, 3)).astype(np.uint8))
        coarse.resize((150 + 10 * i, 120), Image.Resampling.BICUBIC).save(home / f"{i}.jpg")
    (folder / "copy.jpg").write_bytes((folder / "a" / "0.jpg").read_bytes())
    (folder / "notes.txt").write_text("no photo")
    return folder


def rows(folder: Path) -> list[tuple[str, int]]:
    with (folder / "_classes.csv").open() as file:
        return [(row["filename"], int(row["logo"])) for row in csv.DictReader(file)]


def test_each_photo_is_in_one_split(example: ModuleType, photos: Path) -> None:
    parts = example.split_photos(photos, 0)
    assert [len(parts[split]) for split in ("train", "valid", "test")] == [6, 4, 2]
    contents = [file.read_bytes() for part in parts.values() for file in part]
    assert len(set(contents)) == len(contents) == 12
    assert parts == example.split_photos(photos, 0) != example.split_photos(photos, 1)


def test_too_few_photos_are_told(example: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        example.main([str(tmp_path), "--out", str(tmp_path / "out")])
    assert ended.value.code == 2
    assert f"{tmp_path} has 0 photos; 10 or more are needed" in capsys.readouterr().err


def test_half_of_the_images_have_the_logo_and_a_quarter_is_as_it_was(
    example: ModuleType, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamped: list[str] = []
    stamp = example.stamp

    def noted(image: Image.Image, shape: str, rng: np.random.Generator) -> None:
        before = np.asarray(image).astype(int)
        stamp(image, shape, rng)
        changed = np.abs(np.asarray(image) - before).max(2)
        assert changed.max() > example.VISIBLE / 2 and changed.astype(bool).sum() > 50
        stamped.append(shape)

    monkeypatch.setattr(example, "stamp", noted)
    grounds = example.split_photos(photos, 0)
    example.write_data_set(tmp_path / "data", grounds, seed=0, counts=FEW)
    for split, count in FEW.items():
        table = rows(tmp_path / "data" / split)
        assert [name for name, _ in table] == sorted(p.name for p in (tmp_path / "data" / split).glob("*.png"))
        assert sum(logo for _, logo in table) == count // 2
    assert stamped.count("logo") == sum(FEW.values()) // 2
    assert len(stamped) == sum(FEW.values()) * 3 // 4 and set(stamped) == {"logo", *example.OTHERS}


def test_the_same_seed_gives_the_same_files(example: ModuleType, photos: Path, tmp_path: Path) -> None:
    grounds = example.split_photos(photos, 0)
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        example.write_data_set(tmp_path / name, grounds, seed=seed, counts={"test": 4})
    one, again, other = ((tmp_path / name / "test" / "0000.png").read_bytes() for name in "abc")
    assert one == again != other


def test_the_logo_is_a_ring_with_a_bar(example: ModuleType) -> None:
    logo, ring, bar, cross = (np.asarray(example.draw_shape(name, 160)) for name in ("logo", "ring", "bar", "cross"))
    np.testing.assert_array_equal(logo, np.maximum(ring, bar))
    np.testing.assert_array_equal(cross, np.maximum(bar, bar.T))
    assert not ring[80, 80] and logo[80, 80] and cross[10, 80] and not logo[30, 80]


@pytest.mark.slow
def test_the_threshold_is_kept_in_the_model(
    example: ModuleType,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(example, "SPLITS", FEW)
    out = tmp_path / "out"
    assert example.main([str(photos), "--out", str(out), "--epochs", "1"]) in (0, 1)
    printed = dict(line.split()[:2] for line in capsys.readouterr().out.splitlines()[:3])
    assert printed.keys() == {"threshold", "precision", "recall"}
    options = foveal.load(out / "run").output.options
    assert f"{options.threshold:.4f}" == printed["threshold"]
    assert options.multi_label and options.min_precision == example.WANTED
    with Image.open(out / "sheet.png") as sheet:
        assert sheet.size == (8 * 104, 2 * 104)
