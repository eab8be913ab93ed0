import re

import numpy as np
import pytest

from foveal.metrics.contract import Lines
from foveal.report.chart import HEIGHT, WIDTH, chart, color, legend, tick, ticks


@pytest.mark.parametrize(
    ("low", "high", "want"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.93, 0.97, [0.93, 0.94, 0.95, 0.96, 0.97]),
        (1, 12, [0, 5, 10, 15]),
        (3, 3, [2.6, 2.8, 3.0, 3.2, 3.4]),
    ],
)
def test_ticks_are_round_and_cover_the_range(low, high, want):
    assert ticks(low, high) == pytest.approx(want)


def test_words_of_ticks():
    assert [tick(x) for x in (0, 0.2, 0.0003, 2.5e-05, 15.0)] == ["0", "0.2", "3e-4", "2.5e-5", "15"]


def test_points_stay_inside_and_undefined_ones_are_left_out():
    x = np.arange(1.0, 9)
    y = np.array([5.0, 3, np.nan, 2, 1.5, 1.2, 1.1, 1.0])
    svg = chart(Lines("t", "epoch", "", {"a": (x, y)}))
    spots = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', svg)
    assert len(spots) == 7
    assert all(0 <= float(a) <= WIDTH and 0 <= float(b) <= HEIGHT for a, b in spots)
    assert "nan" not in svg


@pytest.mark.parametrize("diagonal", [False, True])
def test_panels_without_points(diagonal):
    assert "<svg" in chart(Lines("t", "x", "y", {}, diagonal=diagonal))
    assert "curve" not in chart(Lines("t", "x", "y", {"a": (np.empty(0), np.empty(0))}, diagonal=diagonal))


def test_one_epoch_is_a_dot():
    svg = chart(Lines("Loss", "epoch", "", {"a": (np.array([1.0]), np.array([0.7]))}))
    assert svg.count("<circle") == 1


def test_many_curves_have_colours_of_their_own():
    one = (np.zeros(2), np.zeros(2))
    panel = Lines("t", "x", "y", {str(k): one for k in range(20)})
    assert len({c for _, c in legend(panel)}) == 20
    assert legend(Lines("t", "x", "y", {"a": one})) == []
    assert color(0) == "var(--curve-0)"
