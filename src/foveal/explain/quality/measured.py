"""A measure of maps: its mean with a 95% interval, and what stands beside it.

Shapes: M maps, U units (images or mosaics) that are resampled as one, R resamples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from foveal.brief import brief
from foveal.metrics.bootstrap import resample
from foveal.metrics.contract import Scale
from foveal.metrics.intervals import Evidence, effective_units, interval
from foveal.types.arrays import FloatArray, IntArray

RESAMPLES = 1000


@dataclass(frozen=True)
class Measured:
    """The mean of a measure over maps.

    Attributes:
        value: The mean.
        low: Lower end of its 95% interval.
        high: Upper end.
        maps: M.
        beside: The same measure of what knows nothing of the model, by name: chance, centre, area, random.
        gain: How far it is beyond ``beside["random"]``, paired by map, with its interval; None: not measured so.
    """

    value: float
    low: float
    high: float
    maps: int
    beside: Mapping[str, float] = field(default_factory=dict)
    gain: "Measured | None" = None

    __repr__ = brief

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        own: dict[str, object] = {name: round(getattr(self, name), 4) for name in ("value", "low", "high")}
        own["maps"] = self.maps
        own |= {name: round(value, 4) for name, value in self.beside.items()}
        if self.gain is not None:
            own["gain"] = {name: round(getattr(self.gain, name), 4) for name in ("value", "low", "high")}
        return own


def share(
    values: Sequence[float],
    units: Sequence[int],
    *,
    seed: int,
    beside: Mapping[str, Sequence[float]] | None = None,
) -> Measured:
    """The mean of values in [0, 1]; the interval is that of the house's metrics, which ends inside [0, 1].

    Args:
        values: M.
        units: M, the unit of each.
        seed: Of the bootstrap.
        beside: M of each name.
    """
    ids = np.unique(np.asarray(units), return_inverse=True)[1]
    value = float(np.mean(values))
    num_units = int(ids.max()) + 1
    known = Evidence.of(effective_units(ids, np.ones(len(ids))), num_units)
    found = interval(value, _means(values, ids, seed), Scale(), known, num_units=num_units, images=float(num_units))
    means = {name: float(np.mean(each)) for name, each in (beside or {}).items()}
    return Measured(found.value, found.low, found.high, len(values), means)


def difference(values: Sequence[float], units: Sequence[int], *, seed: int) -> Measured:
    """The mean of paired differences, with the percentiles of the bootstrap (Efron and Tibshirani 1993, chapter 13)."""
    ids = np.unique(np.asarray(units), return_inverse=True)[1]
    low, high = np.quantile(_means(values, ids, seed), (0.025, 0.975))
    return Measured(float(np.mean(values)), float(low), float(high), len(values))


def _means(values: Sequence[float], ids: IntArray, seed: int) -> FloatArray:
    """(R,) means over resampled units."""
    sums, sizes = np.bincount(ids, weights=np.asarray(values, np.float64)), np.bincount(ids)
    return np.concatenate([(sums @ w) / (sizes @ w) for w in resample(len(sizes), RESAMPLES, seed)])
