"""From a file to a prediction in that file's own pixels, however small it was decoded, and by any number of threads."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch import nn

import foveal
from foveal.artifact.card import Card
from foveal.deploy.graph import to_onnx
from foveal.inference.backends.onnx_backend import OnnxBackend
from foveal.inference.backends.torch_backend import TorchBackend
from foveal.inference.predictor import Predictor
from foveal.inference.views import Viewing, predict_views
from foveal.types.arrays import RGB, Array
from foveal.types.input_spec import InputSpec


class OneBox:
    """A backend that finds the bright square by looking at the pixels it gets."""

    def __init__(self) -> None:
        self.card = Card.model_validate(
            {
                "task": "detect",
                "classes": {"names": ["square"]},
                "input": InputSpec(size=64, train_size=64, fit="letterbox", interpolation="bilinear"),
                "model": {},
                "own": {},
                "decode": {},
            }
        )

    def run(self, images: RGB) -> dict[str, Array]:
        boxes = []
        for image in images:
            rows, columns = np.nonzero((image[..., 0] > 200) & (image[..., 1] < 90))
            boxes.append([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]])
        count = len(images)
        return {
            "boxes": np.array(boxes, np.float32),
            "scores": np.full((count, 1), 0.9, np.float32),
            "labels": np.zeros((count, 1), np.int64),
        }


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("size", [(80, 60), (320, 240), (640, 640), (1000, 400)])
def test_boxes_are_in_the_pixels_of_the_file(tmp_path: Path, size: tuple[int, int], orientation: int) -> None:
    """Large JPEG files are decoded at a half, a quarter or an eighth; boxes and size are of the file all the same."""
    image = np.full((size[1], size[0], 3), 20, np.uint8)
    w, h = size[0] // 4, size[1] // 4
    image[h : 3 * h, w : 2 * w] = (250, 10, 10)
    path, exif = tmp_path / "p.jpg", Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(image).save(path, quality=95, exif=exif)
    expected = [w, h, 2 * w, 3 * h]
    seen = size
    if orientation == 6:  # turned clockwise to be seen: x becomes the rows counted from the bottom
        seen = size[::-1]
        expected = [size[1] - 3 * h, w, size[1] - h, 2 * w]
    for source in (path, str(path), path.read_bytes()):
        found = Predictor(OneBox()).predict(source)
        assert found.size == seen
        tolerance = 1.5 * max(seen) / 64
        np.testing.assert_allclose(found.boxes[0], expected, atol=tolerance)


def square() -> RGB:
    image = np.full((30, 40, 3), 20, np.uint8)
    image[8:20, 10:30] = (250, 10, 10)
    return image


def decoders(before: frozenset[threading.Thread] = frozenset()) -> frozenset[threading.Thread]:
    """Threads that decode, those of other predictors left out."""
    return frozenset(t for t in threading.enumerate() if t.name.startswith("foveal-decode")) - before


def test_threads_last_until_close() -> None:
    before = decoders()
    predictor = Predictor(OneBox())
    assert not decoders(before), "none before the first prediction"
    predictor.predict(square())
    (first,) = decoders(before)
    predictor.with_output(predictor.output).predict(square())
    assert decoders(before) == {first}, "the same thread, which its copy shares"
    predictor.close()
    assert not decoders(before)
    with pytest.raises(RuntimeError, match="after shutdown"):
        predictor.predict(square())


def test_threads_end_with_the_block_or_the_last_reference() -> None:
    before = decoders()
    with Predictor(OneBox()) as predictor:
        predictor.predict([square()] * 3)
        assert decoders(before)
    assert not decoders(before)
    lonely = Predictor(OneBox())
    lonely.predict(square())
    assert decoders(before)
    del lonely
    late = time.monotonic() + 30
    while decoders(before) and time.monotonic() < late:
        time.sleep(0.01)
    assert not decoders(before)


def test_a_stream_that_is_left_leaves_no_work_behind() -> None:
    decoded = []

    class Slow(Predictor):
        def prepare(self, source):  # type: ignore[no-untyped-def]
            decoded.append(source)
            time.sleep(0.01)
            return super().prepare(source)

    with Slow(OneBox()) as predictor:
        stream = predictor.stream([square()] * 500, batch_size=8)
        next(stream)
        stream.close()
        assert len(decoded) <= 8 + 16 + 1, "a batch and what was ahead of it"
        assert predictor.predict(square()).size == (40, 30), "the threads are free for others"


@pytest.mark.parametrize("kind", ["torch", "onnx"])
@pytest.mark.parametrize("viewing", [None, Viewing(flip=True)], ids=["plain", "flipped"])
def test_eight_threads_at_once(quick_run: Path, squares: Path, kind: str, viewing: Viewing | None) -> None:
    model = foveal.load(quick_run, device="cpu")
    if kind == "onnx":
        assert isinstance(model.backend, TorchBackend)
        model = Predictor(OnnxBackend(to_onnx(model.backend, np.zeros((2, 32, 32, 3), np.uint8))))
    files = sorted(squares.rglob("*.png"))
    lists = [files[start:] + files[:start] for start in range(0, 32, 4)]
    together = threading.Barrier(len(lists))

    def scores(paths: list[Path]) -> np.ndarray:
        return np.stack([prediction.scores for prediction in predict_views(model, paths, viewing)])

    def at_once(paths: list[Path]) -> list[np.ndarray]:
        together.wait()
        return [scores(paths) for _ in range(3)]

    alone = [scores(paths) for paths in lists]
    assert not np.allclose(alone[0], alone[1]), "each thread predicts something else"
    with ThreadPoolExecutor(len(lists)) as pool:
        for expected, found in zip(alone, pool.map(at_once, lists), strict=True):
            for again in found:
                np.testing.assert_allclose(again, expected, rtol=1e-6, atol=1e-7)


def test_a_network_stays_in_evaluation_mode(quick_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread may be in the middle of it."""
    model = foveal.load(quick_run, device="cpu")
    backend = model.backend
    assert isinstance(backend, TorchBackend)
    changes = []
    monkeypatch.setattr(nn.Module, "train", lambda self, mode=True: changes.append(mode))
    model.predict(square())
    assert changes == []
    monkeypatch.undo()
    backend.graph.model.train()
    with pytest.raises(AssertionError, match="evaluation mode"):
        TorchBackend(backend.graph.model, backend.card)
