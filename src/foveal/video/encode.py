"""Writing annotated frames as a video, which plays whatever ends the command.

An MP4 file grows in fragments, each of them whole, as ``NAME.partial``; its regular index is written at the end
(FFmpeg's ``hybrid_fragmented``). So Ctrl-C costs nothing, and ``kill -9`` the last seconds. A thread encodes: Ctrl-C
reaches the main thread alone, and would lose what the encoder has just given.

Shapes: H W height and width of a frame.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Self, cast

import numpy as np
from PIL import Image

from foveal.artifact.atomic import take_place
from foveal.artifact.growing import PARTIAL
from foveal.artifact.place import Place, fitting, output_error
from foveal.errors import ConfigError, RunError
from foveal.types.arrays import RGB
from foveal.video.opening import load_av

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm", ".avi": "avi"}
"""What can be written, by suffix."""
ENCODERS = {"webm": ("libvpx-vp9", "libvpx"), "avi": ("mpeg4",)}
USUAL_ENCODERS = ("libx264", "libopenh264", "mpeg4")
"""By preference; builds of FFmpeg without libx264 have another."""
OPTIONS = {
    "libx264": {"crf": "20", "preset": "veryfast"},
    "libvpx-vp9": {"crf": "32", "b": "0", "deadline": "realtime", "cpu-used": "6"},
    "mpeg4": {"qscale": "3"},
}
GROWING = {"mp4": {"movflags": "hybrid_fragmented"}, "mov": {"movflags": "hybrid_fragmented"}}
CONSTANT = (".avi",)
"""Formats that have a rate and no time stamps."""
KEY_S = 2
"""Seconds between key frames: a fragment holds that much."""
FINEST = 60_000
"""Ticks per second that every encoder and container takes; MPEG-4 allows 65,535."""


def check_video_name(path: Path) -> None:
    """Check that a video can be written under a name.

    Raises:
        ConfigError: Not with this suffix.
    """
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(
            f"--save {path}: {path.suffix} is not a video format that can be written.",
            f"Use one of {', '.join(FORMATS)}, or name a folder.",
        )


class _Worker:
    """A thread that takes calls, one after another.

    A ThreadPoolExecutor can keep a lock of its own for ever where Ctrl-C comes while it takes a call; a SimpleQueue,
    whose calls are whole ones to the interpreter, cannot.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Callable[[], None], SimpleQueue[Exception | None]] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="encode", daemon=True)
        self._thread.start()

    def call(self, function: Callable[[], None]) -> None:
        """Call it in the thread, and wait; its exception is raised here."""
        done: SimpleQueue[Exception | None] = SimpleQueue()
        self._calls.put((function, done))
        error = done.get()
        if error is not None:
            raise error

    def end(self) -> None:
        """End the thread after all calls."""
        self._calls.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (taken := self._calls.get()) is not None:
            function, done = taken
            try:
                function()
            except Exception as error:
                done.put(error)
            else:
                done.put(None)


class VideoFile:
    """A video that is being written.

    Args:
        path: The file; its suffix says in which format.
        rate: Frames per second, on average.
        time_base: Seconds per tick of the frames' times.
        aspect: Width of a pixel over its height.

    Attributes:
        aspect: The same; it counts when the first frame is added.
        notes: What the user should know.

    Raises:
        ConfigError: Not a format that can be written.
        RunError: The file cannot be written.
    """

    def __init__(self, path: Path, *, rate: Fraction, time_base: Fraction, aspect: Fraction = Fraction(1)) -> None:
        check_video_name(path)
        self.path = path
        self.notes: list[str] = []
        self.aspect = aspect
        self._rate = rate
        fine = time_base if time_base.denominator <= FINEST else Fraction(1, FINEST)
        self._time_base = 1 / rate if path.suffix.lower() in CONSTANT else fine
        self._per_tick = time_base / self._time_base
        self._last = -1
        self._size: tuple[int, int] | None = None
        self._resized = 0

    def __enter__(self) -> Self:
        self._av = load_av()
        self._place = Place.of(self.path)
        if self._place.direct:
            raise RunError(f"{self.path}: a video cannot be written into a pipe or a device.", "Name a file.")
        self._place.check_file()
        self._format = FORMATS[self.path.suffix.lower()]
        self._partial = _free(self._place.target)
        self._container: OutputContainer | None = None
        self._worker = _Worker()
        return self

    def add(self, frame: RGB, ticks: int) -> None:
        """Append a frame.

        Args:
            frame: (H, W, 3) uint8. Frames of another size than the first are scaled to it.
            ticks: When it is shown, see ``time_base``; a frame that is not after the one before comes right after it.

        Raises:
            RunError: The disk is full.
        """
        try:
            self._worker.call(lambda: self._add(frame, ticks))
        except OSError as error:
            raise output_error(self.path, error) from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._worker.call(self._end)
        except OSError as failure:
            if kind is None:
                raise output_error(self.path, failure) from None
        finally:
            self._worker.end()
        if self._resized:
            self.notes.append(
                f"{self.path}: frames that changed their size ({self._resized:,}) were scaled to the first's."
            )

    def _add(self, frame: RGB, ticks: int) -> None:
        if self._container is None:
            self._open(frame)
        image = self._av.VideoFrame.from_ndarray(self._fitted(frame), format="rgb24")
        image.pts = self._last = max(round(ticks * self._per_tick), self._last + 1)
        image.time_base = self._time_base
        self._mux(image)

    def _end(self) -> None:
        if self._container is None:
            return
        try:
            self._mux(None)
        finally:
            self._container.close()
        take_place(self._partial, self._place)

    def _open(self, frame: RGB) -> None:
        self._size = (frame.shape[1], frame.shape[0])
        growing = {"flush_packets": "1", **GROWING.get(self._format, {})}
        container: OutputContainer = self._av.open(str(self._partial), "w", format=self._format, options=growing)
        self._container = container
        encoder = _encoder(self._av, self._format)
        options = dict(OPTIONS.get(encoder, {}))
        stream = cast("VideoStream", container.add_stream(encoder, rate=self._rate, options=options))
        stream.width, stream.height = (side + side % 2 for side in self._size)
        stream.pix_fmt = "yuv420p"
        stream.gop_size = max(1, round(KEY_S * self._rate))
        stream.max_b_frames = 0  # so that the first frame comes at 0, and each fragment stands alone
        stream.time_base = stream.codec_context.time_base = self._time_base
        stream.codec_context.sample_aspect_ratio = self.aspect
        self._stream = stream

    def _fitted(self, frame: RGB) -> RGB:
        """An (H, W, 3) frame with even sides, as yuv420p needs: the last row and column are repeated."""
        size = (frame.shape[1], frame.shape[0])
        if size != self._size:
            self._resized += 1
            frame = np.asarray(Image.fromarray(frame).resize(self._size or size))
        height, width = frame.shape[:2]
        if height % 2 or width % 2:
            frame = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        return np.ascontiguousarray(frame)

    def _mux(self, image: object) -> None:
        assert self._container is not None
        for packet in self._stream.encode(image):  # type: ignore[arg-type]
            self._container.mux(packet)


def _encoder(av: ModuleType, container: str) -> str:
    for name in ENCODERS.get(container, USUAL_ENCODERS):
        with suppress(av.codec.codec.UnknownCodecError):
            av.codec.Codec(name, "w")
            return name
    raise RunError(f"PyAV has no encoder for {container} files here.", "Save to another format, such as .mp4 or .mkv.")


def _free(target: Path) -> Path:
    """A name for the growing file that no other command uses."""
    for number in range(1, 1000):
        partial = target.with_name(fitting(target.name, PARTIAL if number == 1 else f".{number}{PARTIAL}"))
        if not os.path.lexists(partial):
            return partial
    raise RunError(f"{target}: too many partial files are beside it.", f"Remove those that end in {PARTIAL}.")
