"""Predicting on many files and writing the predictions. No torch."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from foveal.errors import ImageError
from foveal.inference.predictor import Predictor
from foveal.inference.views import Viewing, stream_views
from foveal.inference.writers import Writer
from foveal.types.predictions.prediction import Prediction


def run_job(
    predictor: Predictor,
    paths: Sequence[Path],
    writers: Sequence[Writer],
    *,
    viewing: Viewing | None = None,
    skip: Callable[[ImageError], None] | None = None,
) -> None:
    """Predict on files in order and hand each prediction to the writers.

    Args:
        predictor: The model.
        paths: The files.
        writers: Writers of the predictions; their files appear once all images are predicted.
        viewing: The views of each image; None: the full image, once.
        skip: Called with the error of each file that cannot be read, which is then skipped. None raises the first.

    Raises:
        ImageError: A file cannot be read and ``skip`` is None.
        ConfigError: The model predicts for full images only, and these would be cut; or a writer cannot store its

                  predictions.
        RunError: An output cannot be written.
    """
    with ExitStack() as stack:
        adds = [stack.enter_context(writer) for writer in writers]
        for path, found in predict_files(predictor, paths, viewing=viewing, skip_bad=skip is not None):
            if isinstance(found, ImageError):
                assert skip is not None, "errors are collected only where they are skipped"
                skip(found)
            else:
                for add in adds:
                    add(path, found)


def predict_files(
    predictor: Predictor, paths: Sequence[Path], *, viewing: Viewing | None = None, skip_bad: bool = False
) -> Iterator[tuple[Path, Prediction | ImageError]]:
    """Each file in order with its prediction or, with ``skip_bad``, the error that says why it cannot be read.

    Raises:
        ImageError: A file cannot be read and ``skip_bad`` is off.
        ConfigError: The model predicts for full images only, and these would be cut.
    """
    bad: dict[int, ImageError] = {}
    place = 0
    for prediction in stream_views(predictor, paths, viewing, bad=bad if skip_bad else None):
        while place in bad:
            yield paths[place], bad.pop(place)
            place += 1
        yield paths[place], prediction
        place += 1
    for last in range(place, len(paths)):
        yield paths[last], bad[last]
