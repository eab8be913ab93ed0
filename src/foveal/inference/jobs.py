"""Predicting on many files and writing the predictions. No torch."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from foveal.data.notes import plural
from foveal.errors import FovealError, ImageError
from foveal.inference.files import Found
from foveal.inference.images import ImageLike
from foveal.inference.predictor import BATCH_SIZE, Predictor
from foveal.inference.views import Viewing, stream_views
from foveal.inference.writers import Writer
from foveal.types.predictions.prediction import Prediction


def run_job(
    predictor: Predictor,
    found: Found,
    writers: Sequence[Writer],
    *,
    viewing: Viewing | None = None,
    batch_size: int = BATCH_SIZE,
    skip: Callable[[ImageError], None] | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> int:
    """Predict on files in order and hand each prediction to the writers.

    Args:
        predictor: The model.
        found: The images.
        writers: Writers of the predictions.
        viewing: The views of each image; None: the full image, once.
        batch_size: Images per batch.
        skip: Called with the error of each file that cannot be read, which is then skipped. None raises the first.
        done: Called with the number of images predicted or skipped, after each.

    Returns:
        The number of predictions written.

    Raises:
        ImageError: A file cannot be read and ``skip`` is None; those before it were handed to the writers, and the hint
            says so.
        ConfigError: The model predicts for full images only, and these would be cut; or a writer cannot store its
            predictions.
        RunError: An output cannot be written.
    """
    written = 0
    try:
        with ExitStack() as stack:
            adds = [stack.enter_context(writer) for writer in writers]
            job = predict_files(predictor, found, viewing=viewing, batch_size=batch_size)
            for place, (path, prediction) in enumerate(job, start=1):
                if isinstance(prediction, ImageError):
                    if skip is None:
                        raise prediction
                    skip(prediction)
                else:
                    for add in adds:
                        add(path, prediction)
                    written += 1
                done(place)
    except FovealError as error:
        hints = [error.hint]
        if isinstance(error, ImageError) and len(found.paths) > 1:
            hints.append("Skip such files with --skip-bad.")
        if written:
            hints.append(_kept(written, len(found.paths)))
        error.hint = " ".join(filter(None, hints))
        raise
    except KeyboardInterrupt:
        if written:
            raise KeyboardInterrupt(_kept(written, len(found.paths))) from None
        raise
    return written


def predict_files(
    predictor: Predictor, found: Found, *, viewing: Viewing | None = None, batch_size: int = BATCH_SIZE
) -> Iterator[tuple[Path, Prediction | ImageError]]:
    """Each file in order with its prediction or the error that says why it cannot be read.

    Raises:
        ConfigError: The model predicts for full images only, and these would be cut.
    """
    sources = [found.source(path) for path in found.paths]
    yield from zip(
        found.paths,
        predict_sources(predictor, sources, viewing=viewing, batch_size=batch_size),
        strict=True,
    )


def predict_sources(
    predictor: Predictor,
    sources: Sequence[ImageLike],
    *,
    viewing: Viewing | None = None,
    batch_size: int = BATCH_SIZE,
) -> Iterator[Prediction | ImageError]:
    """For each image in order its prediction or the error that says why it cannot be read.

    Raises:
        ConfigError: The model predicts for full images only, and these would be cut.
    """
    bad: dict[int, ImageError] = {}
    place = 0
    for prediction in stream_views(predictor, iter(sources), viewing, batch_size=batch_size, bad=bad):
        while place in bad:
            yield bad.pop(place)
            place += 1
        yield prediction
        place += 1
    for last in range(place, len(sources)):
        yield bad[last]


def _kept(written: int, images: int) -> str:
    return f"The predictions for {written:,} of {plural(images, 'image')} are written."
