"""What is wrong with a video, collected while its frames are read, and told in words."""

from fractions import Fraction

from foveal.data.notes import plural

MAX_NAMED = 5
"""Broken frames that are named; further ones are counted."""
SLACK_S = 0.5
"""What a header's length may exceed the frames by: sound is often a little longer."""
VARIES = 1.5
"""Ratio of the longest to the shortest frame from which a rate varies; rounded time stamps stay below it."""


class Faults:
    """Faults of one video.

    Args:
        name: Of the video, for messages.
        rate: Frames per second, on average.
        time_base: Seconds per tick.

    Attributes:
        remarks: What the user should know and nobody is to blame for.
        num_broken: Frames that cannot be decoded.
    """

    def __init__(self, name: str, rate: Fraction, time_base: Fraction) -> None:
        self.remarks: list[str] = []
        self.num_broken = 0
        self._name, self._rate, self._time_base = name, rate, time_base
        self._broken: list[str] = []
        self._uncounted = 0
        self._others: list[str] = []
        self._before = (-2, 0)
        self._steps: tuple[int, int] | None = None
        self._longest_from = 0
        self._back: tuple[int, int] | None = None

    @property
    def lines(self) -> list[str]:
        """What is wrong, a line each."""
        lines = list(self._others)
        if self.num_broken:
            rest = self.num_broken - len(self._broken)
            more = f" and {rest:,} more" if rest else ""
            frames = plural(self.num_broken, "broken frame")
            lines.insert(0, f"{self._name}: {frames} left out: {', '.join(self._broken)}{more}.")
        if self._uncounted:
            lines.append(
                f"{self._name}: {plural(self._uncounted, 'frame')} without a time stamp; their times are counted at"
                f" {float(self._rate):.3g} frames per second."
            )
        return lines

    def add(self, what: str) -> None:
        """Add a fault."""
        self._others.append(f"{self._name}: {what}.")

    def add_broken(self, number: int, ticks: int) -> None:
        """Add a frame that cannot be decoded."""
        self.num_broken += 1
        if len(self._broken) < MAX_NAMED:
            self._broken.append(f"{number} ({float(ticks * self._time_base):.2f} s)")

    def add_timeless(self) -> None:
        """Add a frame without a time stamp."""
        self._uncounted += 1

    def add_frame(self, number: int, ticks: int) -> None:
        """Keep how long frames last, at least and at most; where one was lost its neighbour does not count."""
        if number == self._before[0] + 1:
            step = ticks - self._before[1]
            if step < 0:  # as where two recordings were joined
                self._back = self._back or (number, self._before[1])
                step = round(1 / self._rate / self._time_base)
            if self._steps is None or step > self._steps[1]:
                self._longest_from = self._before[1]
            self._steps = (min(self._steps[0], step), max(self._steps[1], step)) if self._steps else (step, step)
        self._before = (number, ticks)

    def check_end(self, *, frames: int, declared: int, end_s: float, length_s: float, ended: bool) -> None:
        """Compare a file that was read to its end with what its header promised.

        Args:
            frames: Frames that were read, broken ones included.
            declared: Frames by the header; 0: it does not say.
            end_s: When the last frame ends.
            length_s: Length by the header; 0: it does not say.
            ended: Whether the file was read without an error.
        """
        if length_s - end_s > max(SLACK_S, 2 / float(self._rate)) or not ended:
            self.add(f"its frames end at {end_s:.2f} s of {length_s:.2f} s; the file is truncated")
        elif frames < declared:
            self.add(f"{plural(declared - frames, 'frame')} of {declared:,} could not be read")
        if self._back is not None:
            number, ticks = self._back
            self.remarks.append(
                f"{self._name}: its time stamps go back at frame {number} ({float(ticks * self._time_base):.2f} s);"
                " times are the file's."
            )
        if self._steps and self._steps[1] > VARIES * self._steps[0]:
            shortest, longest = (float(step * self._time_base) for step in self._steps)
            self.remarks.append(
                f"{self._name}: its frame rate varies (frames last {shortest:.3g} to {longest:.3g} s, the longest from"
                f" {float(self._longest_from * self._time_base):.2f} s); times are the file's."
            )
