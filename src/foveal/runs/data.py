"""The data set of a RunConfig. No torch."""

from pathlib import Path

from foveal.config.schema import RunConfig
from foveal.data.catalog.catalog import Catalog
from foveal.data.formats.read import read
from foveal.tasks.table import get_spec


def read_data(config: RunConfig) -> Catalog:
    """Read a run's data set, with the annotations that the task learns from.

    Raises:
        DataError: No such path, or its content is invalid; the message names the file and the reason.
    """
    data = config.data
    return read(
        Path(data.path),
        format=data.format,
        bad=data.bad,
        classes=data.classes,
        ignore=data.ignore,
        groups=data.groups,
        annotations=None if config.task == "auto" else get_spec(config.task).annotations,
    )
