"""Many files: each prediction goes with its own file, and none is kept."""

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
from foveal.inference.jobs import run_job
from foveal.inference.outputs import Outputs
from foveal.inference.predictor import Predictor
from foveal.inference.views import Viewing
from foveal.inference.writers import Add, write_json
from foveal.types.predictions.prediction import Prediction


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("job")


def make(folder: Path, good: bool, place: int) -> Path:
    """An image whose width tells its place, or a file that is none."""
    path = folder / f"{place}-{good}.png"
    if not path.exists():
        Image.new("RGB", (40 + place, 30)).save(path) if good else path.write_text("no image")
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
        run_job(predictor, paths, [record()], viewing=viewing, skip=lambda e: events.append((e.path, None)))
    assert events == [(str(path), 40 + i if good[i] else None) for i, path in enumerate(paths)]


def test_the_first_bad_file_raises_where_none_is_skipped(folder: Path) -> None:
    paths = [make(folder, place != 2, place) for place in range(5)]
    with Predictor(RedSquare()) as predictor, pytest.raises(ImageError) as error:
        run_job(predictor, paths, [])
    assert error.value.path == str(paths[2])


def test_a_bad_file_leaves_no_output(folder: Path, tmp_path: Path) -> None:
    paths = [make(folder, place < 40, place) for place in range(41)]
    outputs, printed = Outputs(csv=tmp_path / "t.csv", coco=tmp_path / "c.json"), io.StringIO()
    with Predictor(RedSquare()) as predictor:
        writers = [write_json(printed), *outputs.writers(predictor)]
        with pytest.raises(ImageError):
            run_job(predictor, paths, writers)
        assert printed.getvalue() == "" and list(tmp_path.iterdir()) == []
        run_job(predictor, paths[:40], [write_json(printed), *outputs.writers(predictor)])
    assert len(json.loads(printed.getvalue())) == 40
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.json", "t.csv"]


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
        run_job(predictor, [make(folder, True, place % 70) for place in range(150)], [count()])
    assert len(alive) == 150 and most <= 33, "one batch of 32 and the one at hand"
