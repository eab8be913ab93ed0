"""Many files: each prediction goes with its own file, and none is kept."""

import csv
import io
import json
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.unit.inference.test_views import RedSquare

from foveal.errors import ImageError
from foveal.inference.files import Found
from foveal.inference.jobs import run_job
from foveal.inference.outputs import Outputs
from foveal.inference.predictor import Predictor
from foveal.inference.views import Viewing
from foveal.inference.writers import Add, write_json
from foveal.types.predictions.prediction import Prediction


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("job")


def found(paths: list[Path]) -> Found:
    return Found(paths, [path.name for path in paths])


def make(folder: Path, good: bool, place: int) -> Path:
    """An image whose width tells its place, or a file that is none."""
    path = folder / f"{place}-{good}.png"
    if not path.exists():
        Image.new("RGB", (40 + place, 30), "red").save(path) if good else path.write_text("no image")
    return path


@pytest.mark.parametrize("viewing", [None, Viewing(flip=True)], ids=["plain", "flipped"])
@given(st.lists(st.booleans(), max_size=70))
@settings(deadline=None, max_examples=10)
def test_predictions_and_errors_go_with_their_files(folder: Path, viewing: Viewing | None, good: list[bool]) -> None:
    paths = [make(folder, flag, place) for place, flag in enumerate(good)]
    events: list[tuple[str, int | None]] = []

    @contextmanager
    def record() -> Iterator[Add]:
        yield lambda path, prediction: events.append((str(path), prediction.size[0]))

    with Predictor(RedSquare()) as predictor:
        run_job(predictor, found(paths), [record()], viewing=viewing, skip=lambda e: events.append((e.path, None)))
    assert events == [(str(path), 40 + i if good[i] else None) for i, path in enumerate(paths)]


def test_the_first_bad_file_raises_where_none_is_skipped(folder: Path) -> None:
    paths = [make(folder, place != 2, place) for place in range(5)]
    with Predictor(RedSquare()) as predictor, pytest.raises(ImageError) as error:
        run_job(predictor, found(paths), [])
    assert error.value.path == str(paths[2])


@pytest.mark.parametrize("error", [None, KeyboardInterrupt], ids=["bad file", "Ctrl-C"])
@pytest.mark.parametrize("bad", [5, 40])
def test_what_was_predicted_before_is_kept(
    folder: Path, tmp_path: Path, bad: int, error: type[BaseException] | None
) -> None:
    paths = [make(folder, error is not None or place != bad, place) for place in range(50)]
    images = found(paths)
    outputs, printed = Outputs(csv=tmp_path / "t.csv", coco=tmp_path / "c.json"), io.StringIO()

    @contextmanager
    def interrupt() -> Iterator[Add]:
        def add(path: Path, _: Prediction) -> None:
            if error is not None and path == paths[bad]:
                raise error

        yield add

    with Predictor(RedSquare()) as predictor:
        writers = [interrupt(), write_json(printed), *outputs.prepare(images).writers(predictor)]
        with pytest.raises(error or ImageError) as caught:
            run_job(predictor, images, writers)
    hint = str(caught.value) if error else caught.value.hint  # type: ignore[attr-defined]
    kept = f"The predictions for {bad} of 50 images are written."
    assert hint == (kept if error else f"Replace or remove the file. Skip such files with --skip-bad. {kept}")
    names = [str(path) for path in paths[:bad]]
    assert [row["path"] for row in json.loads(printed.getvalue())] == names
    with (tmp_path / "t.csv").open(newline="") as file:
        assert list(dict.fromkeys(row["path"] for row in csv.DictReader(file))) == names
    ids = dict.fromkeys(row["image_id"] for row in json.loads((tmp_path / "c.json").read_text()))
    assert list(ids) == [f"{place}-True" for place in range(bad)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.json", "t.csv"]


def test_each_row_is_with_the_system_once_it_is_made(folder: Path, tmp_path: Path) -> None:
    """So that not even SIGKILL costs it: what is beside the file is a whole document after each image."""
    images = found([make(folder, True, place) for place in range(40)])
    seen: list[tuple[int, int]] = []

    @contextmanager
    def look() -> Iterator[Add]:
        def add(_: Path, __: Prediction) -> None:
            rows = len((tmp_path / "t.csv.partial").read_text().splitlines()) - 1
            seen.append((rows, len(json.loads((tmp_path / "c.json.partial").read_text()))))

        yield add

    with Predictor(RedSquare()) as predictor:
        ready = Outputs(csv=tmp_path / "t.csv", coco=tmp_path / "c.json").prepare(images)
        assert run_job(predictor, images, [*ready.writers(predictor), look()]) == 40
    assert seen == [(n, n) for n in range(1, 41)]


def test_images_are_counted_as_they_come(folder: Path) -> None:
    images = found([make(folder, place != 1, place) for place in range(3)])
    done: list[int] = []
    with Predictor(RedSquare()) as predictor:
        assert run_job(predictor, images, [], skip=lambda _: None, done=done.append, batch_size=1) == 2
    assert done == [1, 2, 3]


def test_predictions_are_not_kept(folder: Path) -> None:
    """Those of an earlier batch are gone when the next comes."""
    alive: list[weakref.ref[Prediction]] = []
    most = 0

    @contextmanager
    def count() -> Iterator[Add]:
        def add(_: Path, prediction: Prediction) -> None:
            nonlocal most
            alive.append(weakref.ref(prediction))
            most = max(most, sum(reference() is not None for reference in alive))

        yield add

    with Predictor(RedSquare()) as predictor:
        run_job(predictor, found([make(folder, True, place % 70) for place in range(150)]), [count()])
    assert len(alive) == 150 and most <= 33, "one batch of 32 and the one at hand"
