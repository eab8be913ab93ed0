"""How well the next values of a series are predicted, beside two baselines that learn nothing.

The naive one says that nothing changes, the seasonal one that each value is that of a season ago (Hyndman and
Athanasopoulos 2021, section 5.2).

Shapes: N predicted steps, H steps ahead, F values, G blocks, R resamples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from foveal.errors import DataError
from foveal.metrics.bootstrap import results_of
from foveal.metrics.contract import Panel, Results, Scale, Scores, Verdict, Weights
from foveal.metrics.streams.blocks import block_intervals, sums_of_blocks
from foveal.types.arrays import FloatArray, IntArray

BLOCK = 50


@dataclass(frozen=True)
class Predicted:
    """Predictions for one file.

    Attributes:
        model: (N, H, F).
        naive: (N, H, F).
        seasonal: (N, H, F), NaN where there is no season ago; None: no season is known.
        truth: (N, H, F).
    """

    model: FloatArray
    naive: FloatArray
    seasonal: FloatArray | None
    truth: FloatArray

    def errors(self) -> FloatArray:
        """(N, 4 or 6) for each predictor the mean absolute and the mean squared error of a step, over H and F."""
        others = [] if self.seasonal is None else [np.where(np.isnan(self.seasonal), self.naive, self.seasonal)]
        all_of = [one - self.truth for one in (self.model, self.naive, *others)]
        columns = [f for e in all_of for f in (np.abs(e).mean((1, 2)), np.square(e).mean((1, 2)))]
        return np.stack(columns, 1)


def baselines(values: FloatArray, at: IntArray, *, horizon: int, season: int) -> tuple[FloatArray, FloatArray | None]:
    """What the baselines predict after some steps.

    Args:
        values: (S, F) all values that are known, those after ``at`` included.
        at: (N,) the last known step of each prediction.
        horizon: H.
        season: Steps of a season; 0: none.

    Returns:
        (N, H, F) each; the seasonal one is NaN where the series does not reach back.
    """
    naive = np.repeat(values[at][:, None], horizon, 1)
    if not season:
        return naive, None
    ahead = np.arange(1, horizon + 1)
    places = at[:, None] + ahead - season * -(-ahead // season)
    seasonal = np.where((places >= 0)[..., None], values[places.clip(min=0)], np.nan)
    return naive, seasonal


class SeriesVerdict(Verdict):
    """The evaluation of predicted values, in blocks.

    Args:
        parts: One per file.
        spread: A standard deviation of the values: what ignorance costs.
    """

    def __init__(self, parts: Sequence[Predicted], spread: float) -> None:
        self.seasonal = parts[0].seasonal is not None
        self.sums, self.counts = sums_of_blocks([part.errors() for part in parts], length=BLOCK)
        self.num_images = len(self.counts)
        names = ["mae", "rmse", "naive_mae", "naive_rmse", *(["seasonal_mae", "seasonal_rmse"] * self.seasonal)]
        self.scales: Mapping[str, Scale] = {
            **{name: Scale("less", top=max(spread, 1e-12), bounded=False) for name in names},
            **{name: Scale("less", top=1.0, bounded=False) for name in self._ratios()},
        }

    def _ratios(self) -> list[str]:
        return ["mae_over_naive", *(["mae_over_seasonal"] if self.seasonal else [])]

    def score(self, weights: Weights) -> Scores:
        """Over all steps of the weighted blocks; a ratio below 1 is better than the baseline."""
        means = (self.sums.T @ weights) / (self.counts @ weights)
        kinds = ["", "naive_", *(["seasonal_"] if self.seasonal else [])]
        scores = {}
        for place, kind in enumerate(kinds):
            scores[f"{kind}mae"], scores[f"{kind}rmse"] = means[2 * place], np.sqrt(means[2 * place + 1])
        for name in self._ratios():
            scores[name] = scores["mae"] / np.maximum(scores[f"{name.removeprefix('mae_over_')}_mae"], 1e-12)
        return scores

    def results(self, *, num_resamples: int = 1000, seed: int = 0, groups: IntArray | None = None) -> Results:  # noqa: ARG002
        """The metrics and their intervals; a block is what is resampled, so there are no groups."""
        metrics = block_intervals(self, num_resamples=num_resamples, seed=seed)
        return replace(results_of(self, metrics, {}), images=int(self.counts.sum()))


def series_results(
    parts: Sequence[Predicted],
    names: Sequence[str],
    spreads: Sequence[float],
    *,
    panels: Sequence[Panel] = (),
    num_resamples: int = 1000,
    seed: int = 0,
) -> Results:
    """The results on a series.

    Args:
        parts: One per file.
        names: (F,) of the columns.
        spreads: (F,) standard deviations of the training values.
        panels: For the report.
        num_resamples: Number of bootstrap resamples; 0 gives intervals of zero width.
        seed: For the resampling.

    Raises:
        DataError: Nothing is predicted.
    """
    if not sum(len(part.truth) for part in parts):
        raise DataError("There is nothing to evaluate.", "A series must be longer than the horizon.")
    results = SeriesVerdict(parts, float(np.mean(spreads))).results(num_resamples=num_resamples, seed=seed)
    error, naive = (
        np.concatenate([np.abs(getattr(part, kind) - part.truth) for part in parts]) for kind in ("model", "naive")
    )
    per_class = {
        name: {"mae": float(error[..., f].mean()), "naive_mae": float(naive[..., f].mean())}
        for f, name in enumerate(names)
    }
    return replace(results, per_class=per_class, panels=panels, cautions=worse_than(results))


def worse_than(results: Results) -> tuple[str, ...]:
    """A sentence for each baseline that the model does not beat."""
    cautions = []
    for name, words in (("naive", "that nothing changes"), ("seasonal", "each value of a season ago")):
        ratio = results.metrics.get(f"mae_over_{name}")
        if ratio is not None and ratio.high >= 1:
            verb = "is worse than" if ratio.low > 1 else "is no better than" if ratio.value >= 1 else "may not beat"
            cautions.append(
                f"The model {verb} the {name} baseline, which says {words}: its error is"
                f" {ratio.value:.2f} times as large ({ratio.low:.2f} to {ratio.high:.2f})."
            )
    return tuple(cautions)
