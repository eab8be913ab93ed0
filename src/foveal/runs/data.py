"""From a RunConfig to the data set that it names. No torch."""

from pathlib import Path

from foveal.config.schema import RunConfig
from foveal.data.catalog.catalog import Catalog
from foveal.data.formats.read import read
from foveal.tasks.table import get_spec


def read_data(config: RunConfig) -> Catalog:
    """Read a run's data set: of several annotations, the one that the task learns from.

    Raises:
        DataError: No such path, or its content cannot be used; the message says what and where.
    """
    data = config.data
    return read(
        Path(data.path),
        format=data.format,
        bad=data.bad,
        classes=data.classes,
        ignore=data.ignore,
        annotations=None if config.task == "auto" else get_spec(config.task).annotations,
    )
