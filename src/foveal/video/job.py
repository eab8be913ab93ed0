"""Predicting on videos and writing the predictions. No torch."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass

from foveal.data.notes import plural
from foveal.errors import FovealError, ImageError
from foveal.inference.predictor import Predictor
from foveal.inference.views import Viewing
from foveal.video.outputs import VideoOutputs
from foveal.video.predict import BATCH_SIZE, predict_frames
from foveal.video.reader import Reader
from foveal.video.rows import AddFrame, FrameWriter
from foveal.video.source import Video


@dataclass(frozen=True)
class VideoJob:
    """Videos to predict on, and where the predictions go.

    Attributes:
        predictor: The model.
        outputs: The videos, and where their annotated copies go.
        viewing: The views of each frame.
        batch_size: Frames per batch.
        done: Called with the number of frames predicted of a video and of its frames, if known, after each.
        tell: Called with what the user should know of a video, at its end, whatever ended it.
    """

    predictor: Predictor
    outputs: VideoOutputs
    viewing: Viewing | None = None
    batch_size: int = BATCH_SIZE
    done: Callable[[int, int | None], None] = lambda _, __: None
    tell: Callable[[Sequence[str]], None] = lambda _: None

    def run(self, writers: Sequence[FrameWriter], *, skip: Callable[[ImageError], None] | None = None) -> int:
        """Predict on the frames in order and hand each prediction to the writers.

        Args:
            writers: What is written besides the annotated copies.
            skip: Called with the error of each video that cannot be read, which is then skipped. None raises the first.

        Returns:
            The number of predictions written.

        Raises:
            DataError: A camera is not there; a video cannot be read and ``skip`` is None.
            ConfigError: The model predicts for full images only, and these would be cut.
            RunError: An output cannot be written.
        """
        written = 0
        try:
            with ExitStack() as stack:
                adds = [stack.enter_context(writer) for writer in writers]
                for video in self.outputs.videos:
                    try:
                        for _ in self._frames(video, adds):
                            written += 1
                    except ImageError as error:
                        if skip is None:
                            raise
                        skip(error)
        except FovealError as error:
            if written:
                error.hint = " ".join(filter(None, [error.hint, _kept(written)]))
            raise
        except KeyboardInterrupt:
            if written:
                raise KeyboardInterrupt(_kept(written)) from None
            raise
        return written

    def _frames(self, video: Video, adds: Sequence[AddFrame]) -> Iterator[None]:
        """Predict on one video; each step is a frame that is written."""
        reader = Reader(video)
        total = None if reader.num_frames is None else -(-reader.num_frames // video.every)
        try:
            frames = predict_frames(self.predictor, reader, viewing=self.viewing, batch_size=self.batch_size)
            with reader, self.outputs.saving(self.predictor.output, reader) as saving, closing(frames):
                for place, frame in enumerate(frames, start=1):
                    for add in (*adds, *saving):
                        add(video, frame)
                    yield
                    self.done(place, total)
        finally:
            self.tell(reader.notes)


def _kept(written: int) -> str:
    return f"The predictions for {plural(written, 'frame')} are written."
