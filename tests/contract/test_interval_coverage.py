"""A smaller ``benchmarks/interval_coverage.py``: how often intervals hold the truth of generated sets."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from foveal.metrics.classification.single_label import SCALES
from foveal.metrics.intervals import Evidence, interval

FILE = Path(__file__).parents[2] / "benchmarks" / "interval_coverage.py"


@pytest.fixture(scope="module")
def study():
    spec = importlib.util.spec_from_file_location("interval_coverage", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.RESAMPLES = 100
    yield module
    del sys.modules[spec.name]


def test_accuracy():
    """Exactly: every number of right images with its probability."""
    shares = []
    for p in (0.5, 0.8, 0.95, 0.99):
        for size in (20, 49, 200, 1000):
            rights = np.arange(size + 1)
            ends = np.array([accuracy_interval(right, size) for right in rights])
            holds = (ends[:, 0] <= p) & (p <= ends[:, 1])
            shares.append(stats.binom.pmf(rights, size, p)[holds].sum())
    assert min(shares) >= 0.9 and 0.93 <= np.mean(shares) <= 0.98


def accuracy_interval(right: int, size: int) -> tuple[float, float]:
    scale, sizes = SCALES["accuracy"], np.array([float(size)])
    got = interval(right / size, np.zeros(2), scale, Evidence.of(sizes, size), num_units=size, images=size)
    return got.low, got.high


@pytest.mark.parametrize(
    ("name", "metrics", "size"),
    [
        ("5 unequal, skill 3.0", ("f1_macro", "average_precision"), 50),
        ("maps, rare classes", ("mIoU",), 20),
        ("boxes, 5 unequal", ("mAP",), 20),
    ],
)
def test_means_over_classes(study, name, metrics, size):
    (world,) = (world for world in study.worlds() if world.name == name)
    got = study.coverage(study.smaller(world), size, draws=25)
    assert all(got[metric][1] >= 0.9 for metric in metrics), got


@pytest.mark.parametrize("kind", ["sequences", "videos"])
def test_groups(study, kind):
    """Frames share their errors: intervals that know the groups hold the truth, those that do not are too narrow."""
    shares = {}
    for grouped in ("grouped", "not told"):
        (world,) = (world for world in study.worlds() if world.name == f"{kind}, {grouped}")
        shares[grouped] = study.coverage(study.smaller(world), 100, draws=30)[world.metrics[0]][1]
    assert shares["grouped"] >= 0.9
    assert shares["not told"] <= 0.8
