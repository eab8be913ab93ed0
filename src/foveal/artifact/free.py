"""Folders that are not taken yet."""

from pathlib import Path


def free_folder(data: Path, within: str = "runs") -> Path:
    """``runs/NAME``, or the first of ``runs/NAME-2``, ``runs/NAME-3`` ... that does not exist."""
    return first_free(Path(within) / (stem_of(data) or "run"))


def stem_of(data: Path) -> str:
    """A folder's name, dots and all; a file's without its suffix."""
    whole = data.resolve()
    return whole.name if whole.is_dir() else whole.stem


def first_free(folder: Path) -> Path:
    """The folder, or the first of ``NAME-2``, ``NAME-3`` ... that does not exist."""
    free, number = folder, 2
    while free.exists():
        free, number = folder.with_name(f"{folder.name}-{number}"), number + 1
    return free
