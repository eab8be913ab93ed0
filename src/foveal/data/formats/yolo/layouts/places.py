"""From a path as a YAML or .data file writes it to the file or folder that is there."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats.homes import fold
from foveal.data.formats.splits import split_of


def place_of(bases: Sequence[Path], written: str) -> tuple[Path, bool] | None:
    """The file or folder that a path means, and whether it is written exactly so; None: there is none.

    Paths from Windows, from another machine and from another working folder are found by their last parts, as long as
    these name the split that the path names.

    Args:
        bases: Folders that it may be relative to, likeliest first.
        written: The path as written.
    """
    for base in bases:
        if os.path.exists(base / written):  # noqa: PTH110  (False for names too long)
            return base / written, True
    parts = [part for part in written.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    parts = [part for part in parts if not part.endswith(":")]
    names_split = [at for at, part in enumerate(parts) if split_of(part.rpartition(".")[0] or part) != UNASSIGNED]
    last = names_split[-1] if names_split else len(parts) - 1
    for start in range(last + 1):
        for base in bases:
            found = next(_walked(base, parts[start:]), None)
            if found is not None:
                return found, False
    return None


def _walked(base: Path, parts: Sequence[str]) -> Iterator[Path]:
    """What the parts lead to, whatever their case and Unicode form."""
    if not parts:
        yield base
        return
    try:
        names = os.listdir(base)  # noqa: PTH208  (names alone)
    except (OSError, ValueError):
        return
    same = [parts[0]] if parts[0] in names else sorted(name for name in names if fold(name) == fold(parts[0]))
    for name in same:
        yield from _walked(base / name, parts[1:])
