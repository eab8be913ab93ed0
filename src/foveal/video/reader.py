"""The frames of a video, one by one: upright, each with its number and its time; what is broken is named.

Shapes: H W height and width of a frame.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from heapq import heappop, heappush
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

from foveal.brief import brief
from foveal.errors import ImageError
from foveal.types.arrays import RGB
from foveal.video.faults import Faults
from foveal.video.opening import load_av, open_video
from foveal.video.source import Video
from foveal.video.upright import AS_STORED, Turn, turn_of

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.video.stream import VideoStream

FALLBACK_RATE = Fraction(30)
"""Frames per second where a source does not say."""


@dataclass(frozen=True)
class Frame:
    """A frame of a video.

    Attributes:
        number: Its place among all frames of the video, broken ones included, from 0.
        time: When it is shown, in seconds after the video's start.
        ticks: The same as a multiple of the video's time base.
        pixels: (H, W, 3) uint8, as displayed.
    """

    number: int
    time: float
    ticks: int
    pixels: RGB

    __repr__ = brief


class Reader:
    """An open video; iterate over it once, and close it.

    Args:
        video: The video.

    Attributes:
        video: The same.
        rate: Frames per second, on average.
        time_base: Seconds per tick.
        aspect: Width of a pixel over its height, as displayed.
        num_frames: How many there should be, perhaps estimated; None: not known.
        has_sound: Whether it has sound.

    Raises:
        DataError: It cannot be opened.
        MissingExtraError: PyAV is not installed.
    """

    def __init__(self, video: Video) -> None:
        self.video = video
        self._av = load_av()
        self._container = open_video(video)
        self._stream = stream = self._container.streams.video[0]
        self.rate = Fraction(stream.average_rate or stream.guessed_rate or FALLBACK_RATE)
        self.time_base = Fraction(stream.time_base or Fraction(1, 90_000))
        self.has_sound = bool(self._container.streams.audio)
        self._declared = stream.frames
        self._length_s = 0.0 if video.live else _length_s(self._container.duration, stream.duration, self.time_base)
        self.num_frames = self._declared or round(self._length_s * self.rate) or None
        self.aspect = Fraction(stream.sample_aspect_ratio or 1)
        self._turn: Turn | None = None
        self._start: int | None = None
        self._seen = 0
        self._last_ticks = -1
        self._lost: list[int] = []
        self._faults = Faults(video.name, self.rate, self.time_base)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def __iter__(self) -> Generator[Frame, None, None]:
        """Every n-th frame, as ``video.every`` has it.

        Raises:
            ImageError: There is none.
        """
        ended = False
        for packet in self._packets():
            for frame in self._decode(packet):
                ticks = self._ticks(frame)
                self._number_lost(before=ticks)
                number, self._seen = self._seen, self._seen + 1
                self._faults.add_frame(number, ticks)
                if frame.is_corrupt:
                    self._faults.add_broken(number, ticks)
                elif number % self.video.every == 0:
                    yield Frame(number, float(ticks * self.time_base), ticks, self._upright(frame))
            ended = packet.size == 0
        self._number_lost()
        if self._seen == self._faults.num_broken:
            raise ImageError(self.video.name, "has no frame that can be read", "Copy or record it again.")
        if not self.video.live:
            end_s = float(self._last_ticks * self.time_base + 1 / self.rate)
            self._faults.check_end(
                frames=self._seen, declared=self._declared, end_s=end_s, length_s=self._length_s, ended=ended
            )

    @property
    def faults(self) -> list[str]:
        """What is wrong with the frames so far."""
        return self._faults.lines

    @property
    def notes(self) -> list[str]:
        """What the user should know of the video so far, its faults first."""
        return [*self._faults.lines, *self._faults.remarks]

    def tell(self, *notes: str) -> None:
        """Add to ``notes``."""
        self._faults.remarks.extend(notes)

    def _packets(self) -> "Iterator[Packet[VideoStream]]":
        try:
            yield from self._container.demux(self._stream)
        except self._av.error.FFmpegError as error:
            if self.video.live:
                self._faults.add(f"the stream broke off ({error.strerror})")

    def _decode(self, packet: "Packet[VideoStream]") -> "list[VideoFrame]":
        try:
            return [frame for frame in packet.decode() if isinstance(frame, self._av.VideoFrame)]
        except self._av.error.EOFError:
            return []
        except self._av.error.FFmpegError:
            stamp = packet.pts if packet.pts is not None else packet.dts
            heappush(self._lost, self._last_ticks + 1 if stamp is None else stamp - self._origin(stamp))
            return []

    def _ticks(self, frame: "VideoFrame") -> int:
        """Ticks after the start: from the frame's own time stamp, and only without one by counting."""
        stamp = frame.pts if frame.pts is not None else frame.dts
        if stamp is not None:
            self._last_ticks = stamp - self._origin(stamp)
        else:
            self._faults.add_timeless()
            step = max(1, round(1 / self.rate / self.time_base))
            self._last_ticks = self._last_ticks + step if self._last_ticks >= 0 else 0
        return self._last_ticks

    def _origin(self, first: int) -> int:
        """The time stamp that is the start: the container's, or of a live source its first."""
        if self._start is None:
            start = None if self.video.live else self._container.start_time
            self._start = first if start is None else round(Fraction(start, self._av.time_base) / self.time_base)
        return self._start

    def _upright(self, frame: "VideoFrame") -> RGB:
        if self._turn is None:
            matrix = cast("bytes | None", frame.side_data.get(self._av.sidedata.sidedata.Type.DISPLAYMATRIX))
            turn = turn_of(None if matrix is None else bytes(matrix))
            if turn is None:
                self._faults.add("is to be shown turned by an odd angle; its frames are not turned")
            self._turn = turn or AS_STORED
            if self._turn.transposed:
                self.aspect = 1 / self.aspect
        return self._turn.apply(cast(RGB, frame.to_ndarray(format="rgb24")))

    def _number_lost(self, *, before: int | None = None) -> None:
        """Count frames that could not be decoded where they would have been shown: they fail before their turn."""
        while self._lost and (before is None or self._lost[0] < before):
            self._faults.add_broken(self._seen, heappop(self._lost))
            self._seen += 1


def _length_s(container: int | None, stream: int | None, time_base: Fraction) -> float:
    """What the header says, in seconds; 0: nothing."""
    if stream:
        return float(stream * time_base)
    return (container or 0) / 1_000_000
