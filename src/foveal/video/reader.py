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
from foveal.data.notes import plural
from foveal.errors import ImageError
from foveal.types.arrays import RGB
from foveal.video.opening import load_av, open_video
from foveal.video.source import Video
from foveal.video.upright import AS_STORED, Turn, turn_of

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.video.stream import VideoStream

MAX_NAMED = 5
"""Broken frames that are named; further ones are counted."""
SLACK_S = 0.5
"""What a header's length may exceed the frames by: sound is often a little longer."""
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
        self._last_s = 0.0
        self._last_ticks = -1
        self._lost: list[int] = []
        self._broken: list[str] = []
        self._num_broken = 0
        self._guessed = 0
        self._notes: list[str] = []

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
                ticks, time = self._when(frame)
                self._number_lost(before=ticks)
                number, self._seen = self._seen, self._seen + 1
                if frame.is_corrupt:
                    self._add_broken(number, time)
                elif number % self.video.every == 0:
                    yield Frame(number, time, ticks, self._upright(frame))
            ended = packet.size == 0
        self._number_lost()
        if self._seen == self._num_broken:
            raise ImageError(self.video.name, "has no frame that can be read", "Copy or record it again.")
        if not self.video.live:
            self._check_end(ended)

    @property
    def notes(self) -> list[str]:
        """What the user should know of the frames so far."""
        notes, name = list(self._notes), self.video.name
        if self._num_broken:
            rest = self._num_broken - len(self._broken)
            more = f" and {rest:,} more" if rest else ""
            notes.insert(
                0, f"{name}: {plural(self._num_broken, 'broken frame')} left out: {', '.join(self._broken)}{more}."
            )
        if self._guessed:
            notes.append(
                f"{name}: {plural(self._guessed, 'frame')} without a time stamp; their times are counted at"
                f" {float(self.rate):.3g} frames per second."
            )
        return notes

    def tell(self, *notes: str) -> None:
        """Add to ``notes``."""
        self._notes.extend(notes)

    def _packets(self) -> "Iterator[Packet[VideoStream]]":
        try:
            yield from self._container.demux(self._stream)
        except self._av.error.FFmpegError as error:
            if self.video.live:
                self._notes.append(f"{self.video.name}: the stream broke off ({error.strerror}).")

    def _decode(self, packet: "Packet[VideoStream]") -> "list[VideoFrame]":
        try:
            return [frame for frame in packet.decode() if isinstance(frame, self._av.VideoFrame)]
        except self._av.error.EOFError:
            return []
        except self._av.error.FFmpegError:
            stamp = packet.pts if packet.pts is not None else packet.dts
            heappush(self._lost, self._last_ticks + 1 if stamp is None else stamp - self._origin(stamp))
            return []

    def _when(self, frame: "VideoFrame") -> tuple[int, float]:
        """Ticks and seconds after the start: from the frame's own time stamp, and only without one by counting."""
        stamp = frame.pts if frame.pts is not None else frame.dts
        if stamp is None:
            self._guessed += 1
            ticks = self._last_ticks + max(1, round(1 / self.rate / self.time_base)) if self._last_ticks >= 0 else 0
        else:
            ticks = stamp - self._origin(stamp)
        self._last_ticks, self._last_s = ticks, float(ticks * self.time_base)
        return ticks, self._last_s

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
                self._notes.append(
                    f"{self.video.name}: is to be shown turned by an odd angle; its frames are not turned."
                )
            self._turn = turn or AS_STORED
            if self._turn.transposed:
                self.aspect = 1 / self.aspect
        return self._turn.apply(cast(RGB, frame.to_ndarray(format="rgb24")))

    def _number_lost(self, *, before: int | None = None) -> None:
        """Count frames that could not be decoded where they would have been shown: they fail before their turn."""
        while self._lost and (before is None or self._lost[0] < before):
            self._add_broken(self._seen, float(heappop(self._lost) * self.time_base))
            self._seen += 1

    def _add_broken(self, number: int, time: float) -> None:
        self._num_broken += 1
        if len(self._broken) < MAX_NAMED:
            self._broken.append(f"{number} ({time:.2f} s)")

    def _check_end(self, ended: bool) -> None:
        """Compare the frames with what the header promised."""
        name, end_s = self.video.name, self._last_s + 1 / float(self.rate)
        if self._length_s - end_s > max(SLACK_S, 2 / float(self.rate)) or not ended:
            self._notes.append(
                f"{name}: its frames end at {end_s:.2f} s of {self._length_s:.2f} s; the file is truncated."
            )
        elif self._seen < self._declared:
            missing = self._declared - self._seen
            self._notes.append(f"{name}: {plural(missing, 'frame')} of {self._declared:,} could not be read.")


def _length_s(container: int | None, stream: int | None, time_base: Fraction) -> float:
    """What the header says, in seconds; 0: nothing."""
    if stream:
        return float(stream * time_base)
    return (container or 0) / 1_000_000
