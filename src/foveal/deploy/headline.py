"""What an exported file costs: the change of the headline metric on labelled images, with its paired interval.

Both models are evaluated on the same images, and every resample weighs both alike: what the images have in common
cancels, so the interval is that of the change itself.

Shapes: N images.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from foveal.inference.predictor import Predictor, Source
from foveal.metrics.bootstrap import resample
from foveal.metrics.contract import Verdict, Weights
from foveal.tasks.output import SomeTruth
from foveal.types.arrays import FloatArray, IntArray
from foveal.types.predictions.prediction import Prediction

RESAMPLES = 1000
POINT = 0.01
"""A point of a metric between 0 and 1."""


@dataclass(frozen=True)
class Labelled:
    """Images with their ground truth.

    Attributes:
        sources: N images, prepared or as files.
        truths: N.
        groups: (N,) the group of each image; None: they are independent.
        where: What they are, in words.
    """

    sources: Sequence[Source]
    truths: Sequence[SomeTruth]
    groups: IntArray | None = None
    where: str = ""

    def __len__(self) -> int:
        return len(self.sources)


@dataclass(frozen=True)
class Change:
    """The headline metric of two models on the same images.

    Attributes:
        metric: Its name.
        images: N.
        before: Its value for the network.
        after: Its value for the export.
        drop: What is lost; below 0: gained.
        low: The lower end of the drop's 95% interval.
        high: The upper end.
    """

    metric: str
    images: int
    before: float
    after: float
    drop: float
    low: float
    high: float

    def __str__(self) -> str:
        """For example ``accuracy 0.994 -> 0.991, 0.3 points lost (-0.1 to 0.8)``."""
        drop, low, high = (round(value / POINT, 2) for value in (self.drop, self.low, self.high))
        word = "lost" if drop >= 0 else "gained"
        low, high = (low, high) if drop >= 0 else (-high, -low)
        return (
            f"{self.metric} {self.before:.4f} -> {self.after:.4f}, {abs(drop) + 0.0:.2f} points {word}"
            f" ({low + 0.0:.2f} to {high + 0.0:.2f})"
        )


@dataclass(frozen=True)
class Resampled:
    """The headline metric of one evaluation.

    Attributes:
        images: N.
        value: On all of them.
        samples: (R,) on resamples of them, which are the same for every evaluation of these images.
    """

    images: int
    value: float
    samples: FloatArray


def evaluate_on(predictor: Predictor, labelled: Labelled) -> Resampled:
    """The headline metric of a model on labelled images."""
    evaluated = evaluation_of(predictor, labelled.truths, predictor.stream(labelled.sources))
    return resampled(predictor, evaluated, groups=labelled.groups)


def evaluation_of(predictor: Predictor, truths: Iterable[SomeTruth], predictions: Iterable[Prediction]) -> Verdict:
    """The evaluation of predictions that were made before."""
    metric = predictor.output.metric()
    for truth, prediction in zip(truths, predictions, strict=True):
        metric.update(truth, prediction)
    return metric.verdict()


def resampled(predictor: Predictor, evaluated: Verdict, *, groups: IntArray | None = None) -> Resampled:
    """The headline metric on all images, and on resamples of them.

    Args:
        predictor: Knows the headline metric.
        evaluated: The evaluation of N images.
        groups: (N,) the group of each image.
    """
    metric, count = predictor.output.goal.metric, evaluated.num_images

    def score(weights: Weights) -> FloatArray:
        return np.nan_to_num(evaluated.score(weights)[metric])

    samples = [score(weights) for weights in resample(count, RESAMPLES, 0, groups=groups)]
    return Resampled(count, float(score(np.ones((count, 1), np.float32))[0]), np.concatenate(samples))


def change(predictor: Predictor, before: Resampled, after: Resampled) -> Change:
    """How the headline metric changes from one evaluation to another.

    Args:
        predictor: Knows the headline metric.
        before: Of the network.
        after: Of the export, on the same images.
    """
    goal = predictor.output.goal
    sign = 1.0 if goal.maximize else -1.0
    low, high = np.quantile(sign * (before.samples - after.samples), (0.025, 0.975))
    drop = sign * (before.value - after.value)
    return Change(goal.metric, before.images, before.value, after.value, drop, float(low), float(high))
