"""From predicted values to their evaluation. No torch.

Shapes: B streams, T steps, H steps ahead, F values, N predicted steps of a piece.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from foveal.data.streams.stream import Piece
from foveal.metrics.contract import Lines, Panel, Results
from foveal.metrics.streams.series import Predicted, baselines, series_results
from foveal.tasks.forecast.config import ForecastConfig
from foveal.tasks.stream import StreamOutput
from foveal.types.arrays import Array, FloatArray
from foveal.types.goal import Goal
from foveal.types.streams.series_spec import SeriesSpec

SHOWN_STEPS, SHOWN_COLUMNS = 200, 3


class ForecastOutput(StreamOutput[ForecastConfig]):
    """Values of the next steps, and how far off they are."""

    tolerances: ClassVar[Mapping[str, float]] = {"value": 1e-3}

    def __init__(self, spec: SeriesSpec, own: ForecastConfig) -> None:
        super().__init__(spec, own)
        self.columns = spec.columns
        self.horizon = own.horizon
        self.num_facts = own.horizon * len(spec.columns)

    @property
    def goal(self) -> Goal:
        """The smaller the better."""
        return Goal("mae", maximize=False)

    def facts(self, outputs: FloatArray, ahead: Array) -> FloatArray:
        """The predicted values themselves."""
        return outputs.astype(np.float64)

    def results(
        self, facts: Sequence[FloatArray], pieces: Sequence[Piece], *, num_resamples: int = 1000, seed: int = 0
    ) -> Results:
        """Errors beside those of the baselines, and curves."""
        parts = [self.predicted(part, piece) for part, piece in zip(facts, pieces, strict=True)]
        panels = self._curves(parts[-1]) if num_resamples else []
        return series_results(
            parts,
            [column.name for column in self.columns],
            [column.std for column in self.columns],
            panels=panels,
            num_resamples=num_resamples,
            seed=seed,
        )

    def predicted(self, facts: FloatArray, piece: Piece) -> Predicted:
        """The model's and the baselines' predictions for a piece, and what came."""
        width = len(self.columns)
        values = np.concatenate([piece.context.reshape(-1, width), piece.steps])
        at = max(0, len(piece.context) - 1) + np.arange(len(facts))
        naive, seasonal = baselines(values, at, horizon=self.horizon, season=self.own.season or 0)
        truth = values[at[:, None] + np.arange(1, self.horizon + 1)]
        return Predicted(facts.reshape(-1, self.horizon, width), naive, seasonal, truth)

    def any_steps(self, streams: int, steps: int) -> Array:
        """Values about the mean."""
        noise = np.random.default_rng(0).standard_normal((streams, steps, len(self.columns)))
        return noise * [c.std for c in self.columns] + [c.mean for c in self.columns]

    def differences(self, ours: FloatArray, theirs: FloatArray) -> dict[str, float]:
        """The largest difference of a value, in standard deviations of its column."""
        spread = np.tile([column.std for column in self.columns], self.horizon)
        return {"value": float((np.abs(ours.astype(np.float64) - theirs) / spread).max())}

    def prediction_rows(self, facts: Sequence[FloatArray], pieces: Sequence[Piece]) -> list[dict[str, str | float]]:
        """A row per step: the time of the first value ahead; for each column the truth and each predicted value."""
        rows: list[dict[str, str | float]] = []
        for part, piece in zip(facts, pieces, strict=True):
            found, skipped = self.predicted(part, piece), 0 if len(piece.context) else 1
            for n in range(len(part)):
                row: dict[str, str | float] = {"time": piece.times[n + skipped] if piece.times else str(n + skipped)}
                for f, column in enumerate(self.columns):
                    row[column.name] = float(found.truth[n, 0, f])
                    for h in range(self.horizon):
                        row[f"{column.name} predicted +{h + 1}"] = float(found.model[n, h, f])
                rows.append(row)
        return rows

    def _curves(self, part: Predicted) -> list[Panel]:
        """The end of the series and what was predicted for it, one step ahead."""
        steps = np.arange(len(part.truth))[-SHOWN_STEPS:].astype(np.float64)
        panels: list[Panel] = []
        for f, column in enumerate(self.columns[:SHOWN_COLUMNS]):
            curves = {
                "truth": (steps, part.truth[-SHOWN_STEPS:, 0, f]),
                "predicted": (steps, part.model[-SHOWN_STEPS:, 0, f]),
            }
            panels.append(Lines(f"{column.name}, one step ahead", "evaluated step", column.name, curves))
        return panels
