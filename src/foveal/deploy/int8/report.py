"""What was quantised, and what it brought: layers, size, speed and the change of the headline."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from foveal.deploy.headline import Change
from foveal.inference.backends.contract import Backend
from foveal.types.arrays import RGB

ROUNDS = 40
WARM_UP = 4
LEAST_ROUNDS = 10
ENOUGH_S = 5.0
"""A slow network is timed for fewer rounds: the least, and then until this time is over."""


@dataclass(frozen=True)
class Speed:
    """Milliseconds for one image, both files in turn in one process; medians.

    Attributes:
        engine: What ran them, with its threads.
        before_ms: The file in float.
        after_ms: The file on integers.
    """

    engine: str
    before_ms: float
    after_ms: float

    @property
    def times(self) -> float:
        """How many times as fast."""
        return self.before_ms / self.after_ms


@dataclass(frozen=True)
class Int8Report:
    """What was quantised, and what it brought.

    Attributes:
        rule: How ranges were taken from the calibration images; see ``calibration.RULES``.
        rules: The distance of the outputs by each rule, with every layer on integers.
        calibration_images: Images that ranges were taken from; none of them was evaluated.
        sensitivity: By layer, the distance of the outputs when it alone is on integers, the largest first.
        left_in_float: Layers that stay in float.
        max_drop: Points of the headline that may be lost, at the end of the interval.
        changes: By engine, the change of the headline.
        before_bytes: Size of the file in float.
        after_bytes: Size on integers.
        speeds: By engine.
    """

    rule: str
    rules: Mapping[str, float]
    calibration_images: int
    sensitivity: Mapping[str, float]
    left_in_float: Sequence[str]
    max_drop: float
    changes: Mapping[str, Change]
    before_bytes: int
    after_bytes: int
    speeds: Sequence[Speed] = field(default=())


def measure(before: Backend, after: Backend, images: RGB, *, clock: Callable[[], float] = time.perf_counter) -> Speed:
    """Run both in turn on one image at a time, so that what else the machine does meets both alike."""
    taken: tuple[list[float], list[float]] = ([], [])
    begun = clock()
    for turn in range(ROUNDS + WARM_UP):
        if turn >= LEAST_ROUNDS + WARM_UP and clock() - begun > ENOUGH_S:
            break
        image = images[turn % len(images)][None]
        for backend, times in zip((before, after), taken, strict=True):
            start = clock()
            backend.run(image)
            if turn >= WARM_UP:
                times.append(clock() - start)
    first, second = (float(np.median(times)) * 1000 for times in taken)
    return Speed(str(before.running), first, second)
