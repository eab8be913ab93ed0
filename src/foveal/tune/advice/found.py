"""What the runs of an advice found: the learning curve with its back-test, and the gain of each change. No torch."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from foveal.errors import RunError
from foveal.runs.several.comparison import compared
from foveal.runs.several.kept import KEPT, read_kept
from foveal.runs.several.sides import Given, open_sides
from foveal.tune.advice.changes import Change
from foveal.tune.advice.learning_curve import FARTHEST, Predicted, fit
from foveal.tune.advice.plan import PARTS, Spec
from foveal.tune.advice.ranking import Gain, ranked

LEAST_SEEDS = 2
"""Runs on each of the smaller parts below which a curve tells nothing."""
FITTED = ("eighth", "quarter", "half")


@dataclass(frozen=True)
class Done:
    """One run that is complete.

    Attributes:
        spec: What it was.
        images: Training images.
        epochs: Epochs that it trained.
        seconds: Duration.
        value: The goal's metric.
    """

    spec: Spec
    images: int
    epochs: int
    seconds: float
    value: float


@dataclass(frozen=True)
class Curve:
    """Scores by the number of images.

    Attributes:
        images: By part, the training images; means over the seeds.
        values: By part, the score of each seed.
        back_test: What was predicted for all images from up to half of them; None: too few runs.
        found: The mean score on all images; None: none is complete.
        further: Predictions for more images; empty unless the back-test holds.
        fitted: What the curve has for all images, which further ones are compared with; None likewise.
    """

    images: Mapping[str, float]
    values: Mapping[str, Sequence[float]]
    back_test: Predicted | None
    found: float | None
    further: Sequence[Predicted]
    fitted: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the truth lay in the interval, so that the curve may speak of more images."""
        return self.back_test is not None and self.found is not None and self.back_test.holds(self.found)


def read_done(folder: Path, spec: Spec) -> Done:
    """The numbers of a complete run.

    Raises:
        RunError: A file is missing or damaged.
    """
    metrics, data = (_read(folder / name) for name in ("metrics.json", "data.json"))
    goal = read_kept(folder / KEPT).output().goal
    training, value = metrics["training"], metrics["metrics"][goal.metric]["value"]
    images = int(data["splits"]["train"]["images"])
    return Done(
        spec, images, int(training["epochs"]), float(training["seconds"]), np.nan if value is None else float(value)
    )


def curve_of(runs: Sequence[Done], *, top: float = 1.0) -> Curve:
    """The learning curve of the runs without a change."""
    known = {part: [run for run in runs if run.spec.kind == part and run.value == run.value] for part in PARTS}
    known = {part: each for part, each in known.items() if each}
    images = {part: float(np.mean([run.images for run in each])) for part, each in known.items()}
    values = {part: [run.value for run in each] for part, each in known.items()}
    whole = known.get("all", [])
    found = float(np.mean(values["all"])) if whole else None
    if any(len(known.get(part, [])) < LEAST_SEEDS for part in FITTED) or len(set(images.values())) < len(images):
        return Curve(images, values, None, found, ())
    small = [run for part in FITTED for run in known[part]]
    law = fit([run.images for run in small], [run.value for run in small], top=top)
    back = law.predict(images.get("all", 2 * images["half"]), runs=max(1, len(whole)))
    if found is None or not back.holds(found):
        return Curve(images, values, back, found, ())
    every = [*small, *whole]
    law = fit([run.images for run in every], [run.value for run in every], top=top)
    more = [law.predict(factor * images["all"], runs=len(whole)) for factor in (2.0, FARTHEST)]
    return Curve(images, values, back, found, more, law.predict(images["all"], runs=len(whole)).value)


def gains_of(folder: Path, runs: Sequence[Done], changes: Sequence[Change]) -> list[Gain]:
    """What each change brought, on the seeds that both have, ranked."""
    base = {run.spec.seed: run for run in runs if run.spec.kind == "all"}
    found = list[Gain]()
    for change in changes:
        own = {run.spec.seed: run for run in runs if run.spec.kind == change.name}
        seeds = sorted(base.keys() & own.keys())
        if not seeds:
            continue
        sides = [
            _side(folder, "default", [base[s] for s in seeds]),
            _side(folder, change.name, [own[s] for s in seeds]),
        ]
        done = compared(sides)
        difference, sign = done.pairs[0].difference, 1.0 if done.better[done.metric] == "more" else -1.0
        ends = sorted((sign * difference.low, sign * difference.high))
        minutes = float(np.mean([own[s].seconds - base[s].seconds for s in seeds])) / 60
        settings: dict[str, Any] = {key: dict(values) for key, values in change.settings.items()}
        gain = sign * difference.difference
        found.append(
            Gain(change.name, change.title, settings, difference.b, gain, ends[0], ends[1], minutes, len(seeds))
        )
    return ranked(found)


def _side(folder: Path, name: str, runs: Sequence[Done]) -> Given:
    texts = [str(folder / run.spec.name) for run in runs]
    opened = open_sides([*texts, *texts] if len(texts) == 1 else texts)[: len(texts)]
    return Given(name, [one.members[0] for one in opened])


def _read(file: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise RunError(f"{file}: missing or damaged.", "Remove the run's folder, and resume.") from None
    return values
