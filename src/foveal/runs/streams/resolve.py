"""Fill in every setting left open (None) in a RunConfig for a stream."""

from foveal.config.schema import RunConfig, merge
from foveal.data.streams.stream import Stream
from foveal.runs.streams.settings import own_settings, split_of
from foveal.tasks.table import get_stream

DECAY = 0.01
"""Decoupled weight decay of recurrent networks."""
BY_CLOCK = 4
"""Multiple of the usual epochs that a time budget may take, where the clock decides."""


def with_defaults(config: RunConfig, task: str) -> RunConfig:
    """The configuration with the task's defaults where nothing was set."""
    layers = merge(get_stream(task).defaults, config.model_dump(exclude_unset=True), {"task": task})
    return RunConfig.model_validate(layers)


def resolve(config: RunConfig, stream: Stream, *, world: int = 1) -> RunConfig:
    """The same without None, except for the time budget, checkpoint steps and, where a budget decides, evaluations.

    Args:
        config: As given, its task named.
        stream: What it names.
        world: Processes that train together.
    """
    config = with_defaults(config, config.task)
    train_set, _ = split_of(stream, config.data)
    choice = get_stream(config.task).choose(own_settings(config), len(train_set))
    train = config.train
    epochs, by_clock = train.epochs or choice.epochs, train.time_s is not None and train.epochs is None
    if by_clock:
        epochs *= BY_CLOCK
    chosen = {
        "optim": {**config.optim.rates(choice.lr, decay=DECAY), "adapt_lr": False, "freeze": 0, "freeze_norm": False},
        "train": {
            "batch_size": train.batch_size or max(world, choice.batch_size // world * world),
            "epochs": epochs,
            "patience": train.patience or 0,
            "eval_every": train.eval_every
            or (None if by_clock else max(1, epochs // get_stream(config.task).evaluations)),
        },
        "data": {"workers": 0},
    }
    return RunConfig.model_validate(merge(config.model_dump(), chosen))
