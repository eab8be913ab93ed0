"""Predictions on the frames of a video, as they come: memory does not grow with its length. No torch."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from foveal.brief import brief
from foveal.data.notes import plural
from foveal.errors import ConfigError
from foveal.inference.load import load
from foveal.inference.predictor import Predictor, check_batch_size
from foveal.inference.views import Viewing, stream_views
from foveal.types.arrays import RGB
from foveal.types.predictions.prediction import Prediction
from foveal.types.selection import Selection
from foveal.video.latest import Latest
from foveal.video.reader import Frame, Reader
from foveal.video.source import Video

if TYPE_CHECKING:
    from PIL import Image

BATCH_SIZE = 8
"""Most frames per batch: a frame of 1920 x 1080 takes 6 MB, and larger batches save no time on CPUs."""


@dataclass(frozen=True)
class FramePrediction:
    """What a model predicts on a frame of a video.

    Attributes:
        frame: Its place among all frames of the video, from 0.
        time: When it is shown, in seconds after the video's start.
        prediction: As for an image of the frame's size.
        image: (H, W, 3) uint8 pixels of the frame, as displayed.
        ticks: ``time`` as a multiple of the video's time base.
    """

    frame: int
    time: float
    prediction: Prediction
    image: RGB
    ticks: int = 0

    __repr__ = brief

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the frame in pixels."""
        return self.prediction.size

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON: ``frame``, ``time`` in seconds, and those of the prediction."""
        return {"frame": self.frame, "time": round(self.time, 6), **self.prediction.to_dict()}

    def rows(self) -> list[dict[str, str | float]]:
        """Table rows, best first, each with ``frame`` and ``time``."""
        return [{"frame": self.frame, "time": round(self.time, 6), **row} for row in self.prediction.rows()]

    def draw(self) -> "Image.Image":
        """The frame with its prediction drawn on it."""
        return self.prediction.draw(self.image)

    def save(self, path: str | Path) -> Path:
        """Save that drawing; the suffix says in which format."""
        return self.prediction.save(path, self.image)


def predict_frames(
    predictor: Predictor, reader: Reader, *, viewing: Viewing | None = None, batch_size: int = BATCH_SIZE
) -> Generator[FramePrediction, None, None]:
    """The frames of an open video with their predictions, in order.

    Args:
        predictor: The model.
        reader: The video.
        viewing: The views of each frame; None: the full frame, once.
        batch_size: Frames per batch; at most 8 are taken. Of a live source it is one, the latest.

    Raises:
        ConfigError: The model predicts for full images only, and these would be cut.
        ImageError: There is no frame.
    """
    check_batch_size(batch_size)
    live = Latest(reader) if reader.video.live else None
    size = 1 if live else min(batch_size, BATCH_SIZE)
    try:
        with closing(iter(live or reader)) as frames:
            while batch := list(islice(frames, size)):
                predictions = stream_views(predictor, [frame.pixels for frame in batch], viewing, batch_size=batch_size)
                for frame, prediction in zip(batch, predictions, strict=True):
                    yield _known(predictor, frame, prediction)
    finally:
        if live and live.passed_over:
            reader.tell(
                f"{reader.video.name}: {plural(live.passed_over, 'frame')} passed over: they come faster than they are"
                " predicted on."
            )


def _known(predictor: Predictor, frame: Frame, prediction: Prediction) -> FramePrediction:
    drawn = prediction.drawn_by(replace(predictor.drawing, source=frame.pixels))
    return FramePrediction(frame.number, frame.time, drawn, frame.pixels, frame.ticks)


def predict_video(
    model: str | Path | Predictor,
    video: str | Path | Video,
    *,
    viewing: Viewing | None = None,
    selection: Selection | None = None,
    batch_size: int = BATCH_SIZE,
    crops: bool = False,
) -> Iterator[FramePrediction]:
    """What ``foveal.predict`` returns for a video: an iterator over its frames.

    The video is open, and errors of the model, the options and the video are raised, when this returns; both are closed
    with the last frame, or with the iterator's ``close``.

    Args:
        model: A run folder, a model file, or an open model, which stays open.
        video: A video.
        viewing: Tiles and test-time augmentation.
        selection: Which predictions are given.
        batch_size: Frames per batch.
        crops: Whether objects are to be cut out, which is refused.

    Raises:
        FovealError: The model or the video cannot be read, or an option does not concern the model.
    """
    check_batch_size(batch_size)
    if crops:
        raise ConfigError(
            "`crops` is for images.", "Cut the objects out of each frame's `image`, or use foveal predict --crops."
        )
    video = video if isinstance(video, Video) else Video(video)
    opened = model if isinstance(model, Predictor) else load(model)
    try:
        chosen = opened.select(selection or Selection())
        reader = Reader(video)
    except BaseException:
        if opened is not model:
            opened.close()
        raise

    def frames() -> Iterator[FramePrediction]:
        try:
            with closing(reader):
                yield from predict_frames(chosen, reader, viewing=viewing, batch_size=batch_size)
                _tell(reader)
        finally:
            if opened is not model:
                opened.close()

    return frames()


def _tell(reader: Reader) -> None:
    """Broken frames are never silent: in Python they are a warning, once the last frame was given."""
    import warnings

    for fault in reader.faults:
        warnings.warn(fault, stacklevel=3)
