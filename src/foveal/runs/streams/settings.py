"""The task on streams of a RunConfig. No torch."""

from pathlib import Path

from foveal.artifact.card import SplitCard
from foveal.config.schema import RunConfig
from foveal.data.config import DataConfig
from foveal.data.streams.stream import Stream
from foveal.models.recurrent.config import RecurrentConfig
from foveal.runs.identity import near
from foveal.tasks.table import STREAMS, get_stream, stream_for


def stream_task(config: RunConfig) -> str | None:
    """The task on streams that a run is for; None: it is on images."""
    if config.task != "auto":
        return config.task if config.task in STREAMS else None
    return stream_for(Path(config.data.path)) if config.data.format == "auto" else None


def own_settings(config: RunConfig) -> RecurrentConfig:
    """The task's section."""
    own = config.own(config.task)
    assert isinstance(own, RecurrentConfig), "a task on streams"
    return own


def open_stream_data(config: RunConfig) -> Stream:
    """Read what a run is on.

    Raises:
        DataError: It cannot be read.
    """
    return get_stream(config.task).read(Path(config.data.path), own_settings(config))


def split_of(stream: Stream, data: DataConfig | SplitCard) -> tuple[Stream, Stream]:
    """The steps to train on, and those that are held out: the last ones.

    Of folds, each holds out one of so many blocks before the end and trains on what comes before its own; the last fold
    is the usual split.
    """
    return stream.split(data.val_fraction, later=data.folds - data.fold if data.folds else 0)


def place_of(data: DataConfig) -> str:
    """Where the held-out steps are, in words."""
    return f"after them, block {data.fold} of {data.folds}" if data.fold < data.folds else "at the end"


def data_facts(config: RunConfig, stream: Stream) -> dict[str, str]:
    """What is known once the data is read, in words."""
    unit = get_stream(config.task).unit
    train, held_out = (len(part) for part in split_of(stream, config.data))
    files = f"{len(stream.pieces)} files: " if len(stream.pieces) > 1 else ""
    where = place_of(config.data)
    return {
        "data": f"{near(config.data.path)}  ({files}{train:,} {unit} to train on, {held_out:,} held out {where})",
        "task": config.task,
        **stream.facts(),
    }
