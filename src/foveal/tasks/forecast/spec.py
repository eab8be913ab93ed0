"""What is known of a series before it is read. No torch until the network is built."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from foveal.artifact.card import Card
from foveal.data.streams.series import is_series, read_series, statistics
from foveal.data.streams.stream import Stream
from foveal.tasks.forecast.config import ForecastConfig
from foveal.tasks.forecast.output import ForecastOutput
from foveal.tasks.forecast.season import find_season
from foveal.tasks.stream import OPTIM, UNUSED, StreamChoice, StreamOutput, StreamSpec
from foveal.types.streams.series_spec import SeriesSpec
from foveal.types.streams.text_spec import TextSpec

if TYPE_CHECKING:
    from foveal.models.recurrent.network import Recurrent

STREAMS = 16
STEPS = 1_500
"""Optimiser steps of a training run, about."""


class ForecastSpec(StreamSpec[ForecastConfig]):
    """Numbers over time."""

    name: ClassVar[str] = "forecast"
    settings = ForecastConfig
    kind: ClassVar[str] = "series"
    unit: ClassVar[str] = "steps"
    data: ClassVar[str] = "values"
    rows: ClassVar[str] = "Columns"
    example: ClassVar[str] = "series.csv"
    defaults: ClassVar[Mapping[str, Mapping[str, object]]] = {
        "data": {"val_fraction": 0.2},
        "optim": OPTIM,
    }
    unused: ClassVar = UNUSED

    def reads(self, path: Path) -> bool:
        """Whether it is a table of times and numbers."""
        return is_series(path)

    def read(self, path: Path, own: ForecastConfig, spec: TextSpec | SeriesSpec | None = None) -> Stream:
        """A CSV or TSV file."""
        assert spec is None or isinstance(spec, SeriesSpec), "the card of a model on a series"
        return read_series(path, time=own.time, columns=own.columns, spec=spec)

    def choose(self, own: ForecastConfig, num_steps: int) -> StreamChoice:
        """Short series are read by one stream, and often."""
        streams = max(1, min(STREAMS, num_steps // (4 * own.window)))
        windows = max(1, num_steps // (streams * own.window))
        return StreamChoice(streams, max(10, min(1000, STEPS // windows)), 2e-3)

    def begin(self, own: ForecastConfig, train: Stream) -> StreamOutput[ForecastConfig]:
        """With the statistics and the season of the training values."""
        assert isinstance(train.spec, SeriesSpec), "a series"
        season = find_season(train.steps) if own.season is None else own.season
        return ForecastOutput(statistics(train.spec, train.steps), own.model_copy(update={"season": season}))

    def open(self, card: Card) -> StreamOutput[ForecastConfig]:
        """With the model's columns."""
        return ForecastOutput(card.input_as(SeriesSpec), ForecastConfig.model_validate(card.own))

    def network(self, output: StreamOutput[ForecastConfig]) -> "Recurrent":
        """Cells between standardised values and predicted changes."""
        from foveal.models.recurrent.network import SeriesNetwork

        own, spec = output.own, output.spec
        assert isinstance(spec, SeriesSpec), "an output for a series"
        means, spreads = [column.mean for column in spec.columns], [column.std for column in spec.columns]
        return SeriesNetwork(means, spreads, own, horizon=own.horizon)


SPEC = ForecastSpec()
