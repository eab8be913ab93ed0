"""Train the sides of an experiment, each with several seeds, and compare them on what none was trained on.

Shapes: S seeds of a side.
"""

import contextlib
import csv
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from data_sets import DataSet
from recipe import Experiment, Side

import foveal
from foveal.artifact.atomic import write_atomic
from foveal.config.schema import merge
from foveal.engine.logs.log import Log
from foveal.metrics.contract import Better, Interval, Verdict
from foveal.metrics.paired.difference import ALPHA, Difference, difference_of, holm, side_of
from foveal.metrics.paired.difference import Side as Resampled
from foveal.metrics.paired.over_seeds import interval_of
from foveal.metrics.streams.text import TextVerdict
from foveal.runs.several.comparison import evaluated
from foveal.runs.several.train import resume_several, train_several
from foveal.runs.streams.evaluate import evaluate_stream

COST, OUTCOME = "cost.json", "outcome.json"


@dataclass(frozen=True)
class Outcome:
    """What an experiment gave.

    Attributes:
        metric: The metric that decides.
        better: Whether more or less of it is better.
        images: How many images or blocks of text it rests on.
        values: (sides) the mean over seeds with its 95% interval over images and seeds.
        seeds: (sides, S) every run's value.
        pairs: Places of two sides, their difference, and its p-value adjusted for the number of pairs.
    """

    metric: str
    better: Better
    images: int
    values: Sequence[Interval]
    seeds: Sequence[Sequence[float]]
    pairs: Sequence[tuple[int, int, Difference, float]]


class Told(Log):
    """One line per run."""

    def __init__(self, side: str) -> None:
        self.side = side

    def run(self, name: str, *, number: int, of: int) -> None:
        """A run begins."""
        print(f"{self.side}: {name}, {number} of {of}", flush=True)


def run_folders(out: Path, side: Side, *, seeds: int) -> list[Path]:
    """Where the runs of a side are."""
    return [out / side.key / f"seed-{seed}" for seed in range(seeds)]


def train_all(experiment: Experiment, data: DataSet, out: Path, *, seeds: int, quick: bool) -> None:
    """Train what is not complete.

    Raises:
        FovealError: A side's settings are bad, or the folder is another experiment's.
    """
    for side in experiment.sides:
        settings = settings_of(experiment, side, quick=quick)
        with measured(out, side.key):
            if data.test_text is not None:
                _train_on_text(side, settings, data, out, seeds=seeds)
            else:
                _train_on_images(side, settings, data, out, seeds=seeds)


def settings_of(experiment: Experiment, side: Side, *, quick: bool = False) -> dict[str, Any]:
    """All settings of a side."""
    short = {"train": {"epochs": 1, "batch_size": 8}} if quick else {}
    return merge(experiment.settings, side.settings, short)


def _train_on_images(side: Side, settings: Mapping[str, Any], data: DataSet, out: Path, *, seeds: int) -> None:
    folder, log = out / side.key, Told(side.name)
    if (folder / "metrics.json").exists():
        return
    if (folder / "runs.toml").exists():
        resume_several(folder, log=log)
    else:
        train_several(data.path, kind="seeds", number=seeds, settings=[settings], out=folder, log=log)


def _train_on_text(side: Side, settings: Mapping[str, Any], data: DataSet, out: Path, *, seeds: int) -> None:
    assert data.test_text is not None, "a text"
    for seed, folder in enumerate(run_folders(out, side, seeds=seeds)):
        if not (folder / "metrics.json").exists():
            Told(side.name).run(folder.name, number=seed + 1, of=seeds)
            if (folder / "config.toml").exists():
                foveal.train(resume=folder, quiet=True)
            else:
                foveal.train(data.path, settings=[settings, {"seed": seed}], out=folder, quiet=True)
        if not (folder / "test" / "metrics.json").exists():
            evaluate_stream(folder, data.test_text, split=None, out=folder / "test", threads=1)


@contextlib.contextmanager
def measured(out: Path, key: str) -> Iterator[None]:
    """Add the seconds that go by to what this side took so far, on the clock and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield
    finally:
        costs = cost(out)
        known = costs.get(key, {"wall_s": 0.0, "cpu_s": 0.0})
        taken = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
        costs[key] = {name: round(known[name] + seconds, 2) for name, seconds in taken.items()}
        out.mkdir(parents=True, exist_ok=True)
        write_atomic(out / COST, json.dumps(costs, indent=1))


def cost(out: Path) -> dict[str, dict[str, float]]:
    """Seconds by side, as far as it was run."""
    file = out / COST
    found: dict[str, dict[str, float]] = json.loads(file.read_text()) if file.exists() else {}
    return found


def compare_all(experiment: Experiment, data: DataSet, out: Path, *, seeds: int) -> Outcome:
    """Compare every two sides on the test images, or on the test text; once, as the runs do not change."""
    file = out / OUTCOME
    if file.exists():
        kept = json.loads(file.read_text())
        pairs = [(a, b, Difference(**one), p) for a, b, one, p in kept["pairs"]]
        return Outcome(**{**kept, "values": [Interval(**one) for one in kept["values"]], "pairs": pairs})
    found = _compare(experiment, data, out, seeds=seeds)
    write_atomic(file, json.dumps(asdict(found), indent=1))
    return found


def _compare(experiment: Experiment, data: DataSet, out: Path, *, seeds: int) -> Outcome:
    with measured(out, "compare"):
        if data.test_text is not None:
            verdicts = [
                [_text_verdict(folder) for folder in run_folders(out, side, seeds=seeds)] for side in experiment.sides
            ]
            return _compared_texts(verdicts, "bits_per_char")
        with contextlib.chdir(out):
            done = foveal.compare(
                *(side.key for side in experiment.sides), data=data.path.resolve(), split="test", out="comparison"
            )
        pairs = [(pair.a, pair.b, pair.difference, pair.adjusted) for pair in done.pairs]
        each = [
            side_of([*evaluated(side, places)]) for side, places in zip(done.sides, done.common.places, strict=True)
        ]
        return _outcome(each, done.metric, pairs)


def _outcome(sides: Sequence[Resampled], metric: str, pairs: Sequence[tuple[int, int, Difference, float]]) -> Outcome:
    first = sides[0]
    intervals, seeds = [interval_of(side, metric) for side in sides], [side.values[metric].tolist() for side in sides]
    return Outcome(metric, first.scales[metric].better, first.num_images, intervals, seeds, pairs)


def _compared_texts(verdicts: Sequence[Sequence[Verdict]], metric: str) -> Outcome:
    """What ``foveal.compare`` does for images."""
    sides = [side_of(one) for one in verdicts]
    places = list(combinations(range(len(sides)), 2))
    found = [difference_of(sides[a], sides[b], metric, alpha=ALPHA / len(places)) for a, b in places]
    adjusted = holm([one.p for one in found])
    return _outcome(sides, metric, [(a, b, one, p) for (a, b), one, p in zip(places, found, adjusted, strict=True)])


def _text_verdict(folder: Path) -> TextVerdict:
    """The evaluation of a text from the table of its characters."""
    with (folder / "test" / "predictions.csv").open(encoding="utf-8", newline="") as file:
        kept = [(float(row["bits"]), float(row["right"])) for row in csv.DictReader(file)]
    alphabet = json.loads((folder / "metrics.json").read_text())["per_class"]
    return TextVerdict([np.array(kept)], len(alphabet))
