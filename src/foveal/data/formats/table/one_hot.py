"""Tables with one column of 0 and 1 per class."""

from collections.abc import Sequence

from foveal.data.formats.table.text import Sample
from foveal.errors import DataError

YES = frozenset({"1", "1.0", "true"})
NO = frozenset({"0", "0.0", "false", "-1", "-1.0", ""})
"""What says that an image is not of a class; -1 in the attributes of CelebA."""
EXPORT = "_classes.csv"
"""Name of Roboflow's tables, whose images may always have several labels."""


def class_columns(sample: Sample, taken: Sequence[int], *, least: int = 2) -> tuple[int, ...]:
    """The columns that hold nothing but 0 and 1 (or -1 and 1); fewer than ``least`` are none.

    Args:
        sample: The table's beginning.
        taken: Columns that are something else.
        least: How many there are at least; one is enough where the file's name says what it is.
    """
    found = [at for at in range(len(sample.titles)) if at not in taken and _binary(sample.column(at))]
    return tuple(found) if len(found) >= least else ()


def classes_of(fields: Sequence[str], columns: Sequence[int], titles: Sequence[str], where: str) -> list[str]:
    """The classes of a row.

    Raises:
        DataError: A value is neither 0 nor 1.
    """
    out = []
    for at in columns:
        value = fields[at].strip()
        if value == "0":
            continue
        if value == "1" or value.lower() in YES:
            out.append(titles[at])
        elif value.lower() not in NO:
            raise DataError(
                f"{where}: {value!r} in column {titles[at]!r} is neither 0 nor 1.",
                "Write 1 where the image is of the class, and 0 where it is not.",
            )
    return out


def _binary(values: Sequence[str]) -> bool:
    found = {value.lower() for value in values}
    return bool(found) and found <= YES | NO and not ({"-1", "-1.0"} & found and {"0", "0.0"} & found)
