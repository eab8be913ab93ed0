"""The user's data is read-only: nothing is written into it; what is kept goes into the user's cache folder."""

import os
from pathlib import Path

from foveal.errors import RunError

INSIDE = "{} is inside the data set: later commands may read it as part of it."
"""Message if the user chose such a path."""


def lies_inside(out: Path, data: Path) -> bool:
    """Whether an output is inside a data set folder; files beside a table or an annotation file are outside."""
    return data.is_dir() and out.resolve().is_relative_to(data.resolve())


def check_outside(out: Path, data: Path, *, option: str = "--out") -> None:
    """Check that an output is outside the data set.

    Args:
        out: What would be written.
        data: The data set, as the user named it.
        option: The option that sets the path.

    Raises:
        RunError: It is inside.
    """
    if lies_inside(out, data):
        raise RunError(
            f"{out} is inside the data set, which must not be changed.", f"Choose a folder outside it with {option}."
        )


def cache_folder(folder: str = "") -> Path:
    """The folder named, or the user's cache folder for Foveal."""
    return Path(folder) if folder else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "foveal"
