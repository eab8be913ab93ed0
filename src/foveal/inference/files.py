"""Finding the images that a command names."""

import glob
from collections.abc import Sequence
from pathlib import Path

from foveal.data.formats.image_folder import SUFFIXES
from foveal.errors import DataError


def find_images(names: Sequence[str]) -> list[Path]:
    """Files from files, folders (searched through) and patterns, each once, in order.

    Raises:
        DataError: A name leads to no image.
    """
    found: dict[Path, None] = {}
    for name in names:
        path = Path(name)
        if path.is_dir():
            inside = sorted(
                p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and not _hidden(p, path) and not p.is_dir()
            )
            if not inside:
                raise DataError(f"{name}: no images in this folder.", f"Looked for {', '.join(sorted(SUFFIXES))}.")
        elif path.exists():
            inside = [path]
        else:
            inside = sorted(Path(p) for p in glob.glob(name, recursive=True) if Path(p).is_file())  # noqa: PTH207
            if not inside:
                raise DataError(f"{name}: no such file or folder.", "Check the path; quote patterns such as '*.jpg'.")
        found.update(dict.fromkeys(inside))
    return list(found)


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)
