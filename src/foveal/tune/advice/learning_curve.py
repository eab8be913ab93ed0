"""A score as a power law of the number of training images, with an interval for what more of them would give.

The score of n images is a - b n^-c: it rises towards a. Two or three sizes cannot tell c, so all of its plausible
values are kept, each as far as the scores speak for it, and so are those of the other two (a Bayesian fit on a grid).
Such a law predicts the score well and the number of images that a score needs badly (Mahmood et al. 2022, How Much More
Data Do I Need?), so only the score is predicted, and not beyond four times the images.

Shapes: N runs, G points of the grid, M sizes that are predicted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foveal.types.arrays import FloatArray

EXPONENTS = np.geomspace(0.05, 2.0, 24)
"""Values of c: from hardly any gain (0.07 to 0.35 for large sets, Hestness et al. 2017) to a small set's quick one."""
PLACES = 61
"""Values of each of the two scores that make up the grid."""
REACH = 6.0
"""How far these scores lie around what was found, in standard errors."""
SHRINKS = 1.0
"""Power of the number of images by which the variance between runs falls: runs on few images differ more."""
DOUBT = 0.5
"""Standard deviation of the law itself, as a fraction of what the last step between two sizes gained: no law is exact,
and three sizes cannot show by how much it is off. On 30 halves of the digits, whose curve is no power law, 25 intervals
held the truth without it and 29 with it."""
LEAST_SPREAD = 1e-3
"""Standard deviation between runs that is always assumed, as a fraction of the scale."""
DRAWS = 20_000
FARTHEST = 4.0
"""Times the images up to which a score is predicted."""


@dataclass(frozen=True)
class Predicted:
    """The mean score of a few runs, predicted.

    Attributes:
        images: Training images.
        value: The median.
        low: Lower end of the 95% interval.
        high: Upper end.
    """

    images: float
    value: float
    low: float
    high: float

    def holds(self, found: float) -> bool:
        """Whether a score lies in the interval."""
        return self.low <= found <= self.high


@dataclass(frozen=True)
class Curve:
    """A fit.

    Attributes:
        a: (G,) scores with any number of images.
        b: (G,) what is missing with one unit of images.
        c: (G,) exponents.
        weights: (G,) how far the scores speak for each; of sum 1.
        squares: (G,) sums of squared residuals, as of runs on one unit of images.
        runs: N.
        unit: Images of one unit: those of the largest size.
        top: The best possible score.
        doubt: Standard deviation of the law itself, beyond the sizes that were seen.
    """

    a: FloatArray
    b: FloatArray
    c: FloatArray
    weights: FloatArray
    squares: FloatArray
    runs: int
    unit: float
    top: float
    doubt: float

    def predict(self, images: float, *, runs: int, seed: int = 0) -> Predicted:
        """The mean score of a few runs on so many images.

        Args:
            images: Training images.
            runs: Runs that the mean is of: they scatter too.
            seed: For the draws.
        """
        generator = np.random.default_rng(seed)
        place = generator.choice(len(self.a), size=DRAWS, p=self.weights)
        mean = self.a[place] - self.b[place] * (images / self.unit) ** -self.c[place]
        variance = self.squares[place] / generator.chisquare(self.runs, DRAWS)
        variance = variance * (images / self.unit) ** -SHRINKS
        doubt = self.doubt * max(0.0, np.log2(images / self.unit))
        drawn = mean + np.sqrt(variance / runs + doubt**2) * generator.normal(size=DRAWS)
        low, value, high = np.quantile(np.clip(drawn, 0.0, self.top), [0.025, 0.5, 0.975])
        return Predicted(images, float(value), float(low), float(high))


def fit(images: Sequence[float], scores: Sequence[float], *, top: float = 1.0) -> Curve:
    """Fit the law to runs on several sizes.

    Args:
        images: N numbers of training images, at least two of them different.
        scores: N scores, of which more is better.
        top: The best possible score; infinite: there is none.
    """
    x, y = np.asarray(images, np.float64), np.asarray(scores, np.float64)
    unit = float(x.max())
    x = x / unit
    sizes = np.unique(x)
    first, last = float(sizes[0]), float(sizes[-1])
    spread = np.sqrt(_within(x, y) + (LEAST_SPREAD * (top if np.isfinite(top) else 1.0)) ** 2)
    apart = max(spread, float(np.ptp([y[x == size].mean() for size in sizes])) / 2)
    # Both ends of the range seen: from them and c follow a and b.
    low, high = (
        np.linspace(mean - REACH * apart, mean + REACH * apart, PLACES)
        for mean in (y[x == first].mean(), y[x == last].mean())
    )
    u, v, c = (grid.ravel() for grid in np.meshgrid(low, high, EXPONENTS, indexing="ij"))
    b = (v - u) / (first**-c - last**-c)
    a = v + b * last**-c
    possible = (b >= 0) & (a <= top) & (u >= 0)
    a, b, c = a[possible], b[possible], c[possible]
    residuals = y[None, :] - (a[:, None] - b[:, None] * x[None, :] ** -c[:, None])
    squares = (residuals**2 * x[None, :] ** SHRINKS).sum(axis=1)
    squares = squares + len(y) * (LEAST_SPREAD * (top if np.isfinite(top) else 1.0)) ** 2
    evidence = -0.5 * len(y) * np.log(squares)  # the spread between runs is not known (Jeffreys' prior)
    weights = np.exp(evidence - evidence.max())
    means = [float(y[x == size].mean()) for size in sizes]
    doubt = DOUBT * abs(means[-1] - means[-2])
    return Curve(a, b, c, weights / weights.sum(), squares, len(y), unit, top, doubt)


def _within(x: FloatArray, y: FloatArray) -> float:
    """Variance of the runs on one size, pooled over the sizes."""
    groups = [y[x == size] for size in np.unique(x)]
    freedom = sum(len(group) - 1 for group in groups)
    return float(sum(((group - group.mean()) ** 2).sum() for group in groups) / max(1, freedom))
