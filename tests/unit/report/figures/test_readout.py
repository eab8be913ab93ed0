import json

import numpy as np

from foveal.metrics.contract import Lines
from foveal.report.figures.readout import MAX_PLACES, readout


def read(**curves) -> dict:
    return json.loads(
        readout(Lines("t", "epoch", "y", {n: tuple(np.array(v, float) for v in xy) for n, xy in curves.items()}))
    )


def test_few_points_are_told_as_they_are():
    told = read(train=([1, 2, 3], [0.9, np.nan, 0.123456]), val=([0, 3], [0.5, 0.25]))
    assert told == {"of": "epoch", "at": [0, 1, 3], "curves": {"train": [None, 0.9, 0.1235], "val": [0.5, None, 0.25]}}


def test_many_points_are_read_on_the_line_that_is_drawn():
    x = np.linspace(0, 1, 5001)
    told = read(long=(x, x**2), short=([0.5, 1], [0, 1]))
    assert len(told["at"]) == MAX_PLACES and told["at"][25] == 0.25
    assert told["curves"]["long"][25] == 0.0625
    assert told["curves"]["short"][49] is None and told["curves"]["short"][75] == 0.5


def test_a_histogram_is_read_bin_by_bin():
    edges = np.array([0.0, 0.5, 1.0])
    told = read(objects=(np.repeat(edges, 2), [0, 0.2, 0.2, 0.8, 0.8, 0]))
    assert told["at"] == [0.25, 0.75] and told["curves"] == {"objects": [0.2, 0.8]}


def test_no_lines_tell_nothing():
    assert readout(Lines("t", "x", "y", {})) == ""
    assert readout(Lines("t", "x", "y", {"a": (np.ones(2), np.ones(2))}, dots=True)) == ""
