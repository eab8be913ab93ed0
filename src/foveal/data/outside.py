"""The user's data is read-only: nothing is written into it."""

from pathlib import Path

from foveal.errors import RunError


def check_outside(out: Path, data: Path, *, option: str = "--out") -> None:
    """Refuse an output inside a data set that is a folder; one beside a table or an annotation file is fine.

    Args:
        out: What would be written.
        data: The data set, as the user named it.
        option: What chooses another place.

    Raises:
        RunError: It lies inside.
    """
    if data.is_dir() and out.resolve().is_relative_to(data.resolve()):
        raise RunError(
            f"{out} lies inside the data set, which stays as it is.", f"Choose a folder outside it with {option}."
        )
