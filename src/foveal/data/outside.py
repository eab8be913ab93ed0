"""The user's data is read-only: nothing is written into it."""

from pathlib import Path

from foveal.errors import RunError

INSIDE = "{} lies inside the data set: later commands may read it as a part of it."
"""Message where a user asked for just that."""


def lies_inside(out: Path, data: Path) -> bool:
    """Whether an output lies in a data set that is a folder; beside a table or an annotation file is outside."""
    return data.is_dir() and out.resolve().is_relative_to(data.resolve())


def check_outside(out: Path, data: Path, *, option: str = "--out") -> None:
    """Refuse an output that would lie inside the data set.

    Args:
        out: What would be written.
        data: The data set, as the user named it.
        option: What chooses another place.

    Raises:
        RunError: It lies inside.
    """
    if lies_inside(out, data):
        raise RunError(
            f"{out} lies inside the data set, which stays as it is.", f"Choose a folder outside it with {option}."
        )
