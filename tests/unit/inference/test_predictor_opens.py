"""How often a file is opened on its way to a prediction: once."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.conftest import Outcome
from tests.scenes import exif
from tests.unit.inference.test_views import RedSquare, with_square

import foveal
from foveal.inference.predictor import Predictor
from foveal.inference.views import Viewing, predict_views

VIEWINGS = {
    "plain": None,
    "one tile": Viewing(tile=2000),
    "tiles": Viewing(tile=100),
    "flipped": Viewing(flip=True),
    "all": Viewing(tile=150, flip=True, scales=(0.75, 1.5)),
}
ALL = pytest.mark.parametrize("viewing", VIEWINGS.values(), ids=list(VIEWINGS))
_folders: list[Path] = []
_opened: Counter[str] = Counter()


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _folders and event == "open" and isinstance(arguments[0], str | bytes | Path):
        path = Path(os.fsdecode(arguments[0]))
        if any(path.is_relative_to(folder) for folder in _folders):
            _opened[path.name] += 1


@pytest.fixture(scope="module")
def watch() -> Callable[[Path], Any]:
    """Counts what is opened in a folder while a block runs; an audit hook sees every way of opening a file."""
    sys.addaudithook(_hook)

    @contextmanager
    def watching(folder: Path) -> Iterator[Counter[str]]:
        _opened.clear()
        _folders.append(folder)
        yield _opened
        _folders.clear()

    return watching


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A large and a turned JPEG, a CMYK one that goes through Pillow, a PNG and a TIFF of 16 bits."""
    folder = tmp_path_factory.mktemp("images")
    photo = Image.fromarray(with_square(300, 90, side=180, size=(600, 400)))
    photo.save(folder / "large.jpg")
    photo.save(folder / "turned.jpg", exif=exif(6))
    photo.convert("CMYK").save(folder / "cmyk.jpg")
    photo.save(folder / "photo.png")
    Image.fromarray(np.arange(400 * 300, dtype=np.uint16).reshape(300, 400)).save(folder / "deep.tif")
    return folder


@ALL
def test_predict_opens_each_file_once(watch: Callable[[Path], Any], images: Path, viewing: Viewing | None) -> None:
    files = sorted(images.iterdir())
    with Predictor(RedSquare()) as predictor, watch(images) as opened:
        for found, file in zip(predict_views(predictor, files, viewing), files, strict=True):
            assert found.size == {"turned.jpg": (400, 600), "deep.tif": (400, 300)}.get(file.name, (600, 400))
    assert opened == {file.name: 1 for file in files}


def test_so_does_the_command(
    watch: Callable[[Path], Any], here: Callable[..., Outcome], quick_run: Path, images: Path, tmp_path: Path
) -> None:
    with watch(images) as opened:
        done = here("predict", quick_run, images, "--json", "--csv", tmp_path / "t.csv")
    assert done.code == 0, done.err
    assert opened == {file.name: 1 for file in images.iterdir()}


@pytest.mark.parametrize("viewing", [None, Viewing(flip=True)], ids=["plain", "flipped"])
def test_evaluate_opens_each_file_once(
    watch: Callable[[Path], Any],
    quick_run: Path,
    squares: Path,
    tmp_path: Path,
    viewing: Viewing | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Besides, a small sample is compared with its neighbours, and the page shows a few images at their full size."""
    monkeypatch.setattr("foveal.runs.evaluation.neighbours_alike", lambda catalog: None)
    monkeypatch.setattr("foveal.runs.report.evaluation.examples", lambda predictor, evaluation: ([], "samples", ""))
    for file in squares.rglob("*.png"):
        new = tmp_path / "data" / "val" / file.parent.name / f"{file.parent.name}-{file.name}"
        new.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(file.read_bytes())
    with watch(tmp_path / "data") as opened:
        done = foveal.evaluate(quick_run, tmp_path / "data", out=tmp_path / "e", viewing=viewing)
    assert done.document["images"] == 36
    assert {name: count for name, count in opened.items() if name.endswith(".png")} == {
        file.name: 1 for file in (tmp_path / "data").rglob("*.png")
    }
