"""Finding the images that a command names."""

import glob
from collections.abc import Sequence
from pathlib import Path

from foveal.errors import DataError
from foveal.imaging.suffixes import IMAGE_SUFFIXES


def find_images(names: Sequence[str]) -> list[Path]:
    """Files from files, folders (searched through) and patterns, each once, in order.

    Raises:
        DataError: A name matches no image.
    """
    found: dict[Path, None] = {}
    for name in names:
        path = Path(name)
        if path.is_dir():
            images = (p for p in path.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
            inside = sorted(p for p in images if not _hidden(p, path) and not p.is_dir())
            if not inside:
                looked_for = ", ".join(sorted(IMAGE_SUFFIXES))
                raise DataError(f"{name}: no images in this folder.", f"Looked for {looked_for}.")
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
