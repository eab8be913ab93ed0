"""Mean absolute error with its interval."""

from types import MappingProxyType

import numpy as np

from foveal.metrics.bootstrap import bootstrap, results_of
from foveal.metrics.contract import Metric, Results, Scale, Scores, Verdict, Weights, require_images
from foveal.types.arrays import FloatArray, IntArray
from measure.prediction import Number


class MeanAbsoluteError(Metric[float, Number]):
    """Collects absolute errors."""

    def __init__(self) -> None:
        self._errors: list[float] = []

    def update(self, truth: float, prediction: Number) -> None:
        """Add one image."""
        self._errors.append(abs(truth - prediction.value))

    def verdict(self) -> "ErrorVerdict":
        """See ``Metric``."""
        require_images(len(self._errors))
        return ErrorVerdict(np.array(self._errors))


class ErrorVerdict(Verdict):
    """(N,) absolute errors, of numbers about as large as 1."""

    scales = MappingProxyType({"mae": Scale("less", bounded=False)})

    def __init__(self, errors: FloatArray) -> None:
        self.errors, self.num_images = errors, len(errors)

    def score(self, weights: Weights) -> Scores:
        """``mae``."""
        return {"mae": (self.errors @ weights) / weights.sum(0)}

    def results(self, *, num_resamples: int = 1000, seed: int = 0, groups: IntArray | None = None) -> Results:
        """The error and its interval."""
        metrics = bootstrap(self, num_resamples=num_resamples, seed=seed, groups=groups)
        return results_of(self, metrics, {}, groups=groups)
