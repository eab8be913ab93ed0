"""The confirmation on a text or a series: each run trains up to another place and is evaluated on what comes next.

The end that the search was compared on is left out, and as much before it is cut into one block per run. So no run is
evaluated on steps that chose the candidates, and none has read what it predicts. Candidate and default share blocks and
seeds; how much their differences vary over the blocks is all that is known of how far they hold elsewhere.
"""

from collections.abc import Mapping

import numpy as np

from foveal.config.schema import RunConfig
from foveal.data.streams.stream import Stream
from foveal.metrics.paired.difference import ALPHA, Difference
from foveal.metrics.paired.over_blocks import over_blocks
from foveal.runs.several.summary import read_metrics, value_of
from foveal.runs.streams.settings import own_settings, split_of
from foveal.tasks.table import get_stream
from foveal.tune.study.folder import Study

SEEDS = 5
"""Runs per setting: that few numbers are all that an interval rests on."""


def held_out(config: RunConfig, seeds: int, place: int) -> Mapping[str, object]:
    """Settings of the data by which a run holds out its block.

    Args:
        config: With the task's defaults.
        seeds: Runs per setting.
        place: Of the run, from 0 on.
    """
    return {"val_fraction": config.data.val_fraction / seeds, "folds": 2 * seeds, "fold": place + 1}


def check_blocks(config: RunConfig, stream: Stream, seeds: int) -> None:
    """Check that the first block, before which there is the least, can be predicted.

    Args:
        config: Of the default, complete.
        stream: The data.
        seeds: Runs per setting.

    Raises:
        DataError: There is too little data.
    """
    from foveal.runs.streams.plan import check_length

    spec = get_stream(config.task)
    data = config.data.model_copy(update=held_out(config, seeds, 0))
    train, val = split_of(stream, data)
    output = spec.begin(own_settings(config), train)
    check_length(train, val, output, streams=config.train.batch_size or 1, unit=spec.unit)


def compared(study: Study, number: int, seeds: int, *, alpha: float = ALPHA) -> Difference:
    """A candidate minus the default."""
    metric = study.plan.goal.metric
    sides = [
        np.array([value_of(read_metrics(study.confirming(one) / f"fold-{k + 1}"), metric) for k in range(seeds)])
        for one in (0, number)
    ]
    return over_blocks(sides[0], sides[1], metric, alpha=alpha)
