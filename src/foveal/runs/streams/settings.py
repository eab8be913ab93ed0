"""The task on streams of a RunConfig. No torch."""

from pathlib import Path

from foveal.config.schema import RunConfig
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


def data_facts(config: RunConfig, stream: Stream) -> dict[str, str]:
    """What is known once the data is read, in words."""
    unit = get_stream(config.task).unit
    train, held_out = (len(part) for part in stream.split(config.data.val_fraction))
    files = f"{len(stream.pieces)} files: " if len(stream.pieces) > 1 else ""
    return {
        "data": f"{near(config.data.path)}  ({files}{train:,} {unit} to train on, {held_out:,} held out at the end)",
        "task": config.task,
        **stream.facts(),
    }
