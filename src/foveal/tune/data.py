"""What a study needs to know of its data, images or a stream, and how one of its runs begins."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from foveal.artifact.given import given_card
from foveal.config.concerns import check_concerned
from foveal.config.idle import check_used
from foveal.config.schema import RunConfig
from foveal.data.catalog.catalog import Catalog
from foveal.data.streams.stream import Stream
from foveal.engine.clock import Began
from foveal.engine.logs.log import Log
from foveal.errors import DataError
from foveal.runs.data import data_facts, open_data, task_of
from foveal.runs.identity import anchored
from foveal.runs.several.common import LEAST_IMAGES
from foveal.runs.streams.resolve import with_defaults as stream_defaults
from foveal.runs.streams.settings import data_facts as stream_facts
from foveal.runs.streams.settings import open_stream_data, own_settings, stream_task
from foveal.tasks.table import get_spec, get_stream
from foveal.types.goal import Goal


@dataclass(frozen=True)
class Default:
    """What the default is on some data.

    Attributes:
        config: As given, the task of a stream named.
        complete: With everything that was left open.
        lr: The task's own learning rate, whatever the default's is.
        goal: By which its runs are compared.
    """

    config: RunConfig
    complete: RunConfig
    lr: float
    goal: Goal


@dataclass(frozen=True)
class StudyData:
    """Data that was read.

    Attributes:
        read: Images, or a stream.
        task: The task.
        facts: In words.
        fingerprint: Equal for equal data.
        unit: What there are so many of, in the plural.
    """

    read: Catalog | Stream
    task: str
    facts: Mapping[str, str]
    fingerprint: str
    unit: str

    def __len__(self) -> int:
        """Images, or steps."""
        return len(self.read)

    def default(self, config: RunConfig, given: Mapping[str, object]) -> Default:
        """Choose what a run chooses; it needs torch.

        Args:
            config: The settings.
            given: Those that the user gave, nested.

        Raises:
            FovealError: One has no use for this data, or there is too little of it.
        """
        return _of_stream(self, config, given) if isinstance(self.read, Stream) else _of_images(self, config, given)


def read_study_data(config: RunConfig) -> StudyData:
    """Read the data.

    Raises:
        DataError: It cannot be read.
    """
    if (task := stream_task(config)) is not None:
        config = stream_defaults(config, task)
        stream = open_stream_data(config)
        unit = get_stream(task).unit
        return StudyData(stream, task, stream_facts(config, stream), stream.fingerprint(), unit)
    catalog, _ = open_data(config)
    task = task_of(config, catalog, given_card(config.model.weights))
    return StudyData(catalog, task, data_facts(config, catalog), catalog.fingerprint(), "images")


def begin_run(config: RunConfig, folder: Path, *, log: Log, began: Began) -> None:
    """Train from the beginning.

    Raises:
        FovealError: As ``foveal train``.
    """
    if stream_task(config) is not None:
        from foveal.runs.streams import train

        train.start(config, open_stream_data(config), out=folder, log=log, began=began)
        return
    from foveal.runs import start

    catalog, skipped = open_data(config)
    start.start(config, catalog, skipped, out=folder, log=log, began=began)


def _of_images(data: StudyData, config: RunConfig, given: Mapping[str, object]) -> Default:
    from foveal.runs.resolve import resolve, with_defaults

    catalog = data.read
    assert isinstance(catalog, Catalog), "images"
    check_concerned(given, data.task, data_format=catalog.format)
    check_used(given, with_defaults(config, data.task, given_card(config.model.weights)))
    train = catalog.split("train")
    if (known := len(train) + len(catalog.split("val"))) < LEAST_IMAGES:
        raise DataError(
            f"{config.data.path}: {known} images are too few to tell settings apart; it takes {LEAST_IMAGES}.",
            "Get more images first.",
        )
    complete, usual = (resolve(anchored(one), train).config for one in (config, _without_lr(config)))
    assert usual.optim.lr is not None, "resolve chose it"
    goal = get_spec(data.task).begin(complete.own(data.task), catalog).goal
    return Default(config, complete, usual.optim.lr, goal)


def _of_stream(data: StudyData, config: RunConfig, given: Mapping[str, object]) -> Default:
    from foveal.runs.streams.resolve import resolve

    stream = data.read
    assert isinstance(stream, Stream), "a stream"
    check_concerned(given, data.task)
    config = config.model_copy(update={"task": data.task})
    check_used(given, stream_defaults(config, data.task))
    complete, usual = (resolve(anchored(one), stream) for one in (config, _without_lr(config)))
    assert usual.optim.lr is not None, "resolve chose it"
    goal = get_stream(data.task).begin(own_settings(complete), stream).goal
    return Default(config, complete, usual.optim.lr, goal)


def _without_lr(config: RunConfig) -> RunConfig:
    return config.model_copy(update={"optim": config.optim.model_copy(update={"lr": None})})
