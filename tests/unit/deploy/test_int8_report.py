"""Both files are timed in turn, and a slow network for fewer rounds."""

import numpy as np
import pytest

from foveal.deploy.int8.report import LEAST_ROUNDS, ROUNDS, WARM_UP, measure
from foveal.inference.backends.contract import Running


class Slow:
    """``Backend`` that takes as long as it is told, by a clock of its own."""

    device_name = "cpu"
    running = Running("onnxruntime", "1.0", "cpu", 1)
    card = None

    def __init__(self, clock: list[float], seconds: float) -> None:
        self.clock, self.seconds, self.calls = clock, seconds, 0

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        assert len(images) == 1
        self.calls += 1
        self.clock[0] += self.seconds
        return {}


@pytest.mark.parametrize(("seconds", "rounds"), [(0.001, ROUNDS), (0.5, LEAST_ROUNDS)])
def test_rounds(seconds: float, rounds: int) -> None:
    clock = [0.0]
    before, after = Slow(clock, seconds), Slow(clock, seconds / 4)
    speed = measure(before, after, np.zeros((3, 8, 8, 3), np.uint8), clock=lambda: clock[0])
    assert before.calls == after.calls == rounds + WARM_UP
    assert (speed.before_ms, speed.times) == (pytest.approx(seconds * 1000), pytest.approx(4))
