"""What a walk through a folder leaves out, counted and named by kind."""

from collections.abc import Sequence
from pathlib import Path

from foveal.data.notes import listed, plural
from foveal.errors import DataError
from foveal.imaging.suffixes import IMAGE_SUFFIXES
from foveal.imaging.walk import HIDDEN

HEIF_SUFFIXES = (".heic", ".heif", ".hif")
VIDEO_SUFFIXES = (
    ".mp4",
    ".mov",
    ".m4v",
    ".avi",
    ".mkv",
    ".webm",
    ".mpg",
    ".mpeg",
    ".wmv",
    ".mts",
    ".m2ts",
    ".3gp",
    ".flv",
    ".ogv",
)

LEFTOVERS = ("._", ".ipynb_checkpoints", ".thumbnails", ".Trash", ".AppleDouble")
"""Beginnings of names of hidden copies that a system or a program made."""
EXTRACT = "extract images with: ffmpeg -i VIDEO -r 1 frames/%06d.jpg"


class LeftOut:
    """Files and folders that are not read.

    Args:
        root: Folder that names are relative to; None: names as they are.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root
        self.heif: list[str] = []
        self.videos: list[str] = []
        self.others: list[str] = []
        self.hidden: list[str] = []
        self.linked: list[str] = []
        self.closed: list[DataError] = []

    def add_file(self, path: Path) -> None:
        """Note a file that is no image, by its suffix."""
        suffix = path.suffix.lower()
        kind = self.heif if suffix in HEIF_SUFFIXES else self.videos if suffix in VIDEO_SUFFIXES else self.others
        kind.append(self._name(path))

    def add_hidden(self, path: Path) -> None:
        """Note a hidden image, or a hidden folder with images in it; what systems and programs leave is no one's."""
        if path.name.startswith(LEFTOVERS) or path.name in HIDDEN:
            return
        if path.suffix.lower() in IMAGE_SUFFIXES or _holds_images(path):
            self.hidden.append(self._name(path))

    def add_linked(self, path: Path) -> None:
        """Note a link to a folder that was read before."""
        self.linked.append(self._name(path))

    def add_closed(self, error: DataError) -> None:
        """Note a folder that cannot be read."""
        self.closed.append(error)

    def extend(self, other: "LeftOut") -> None:
        """Add what another walk left out."""
        for kind in ("heif", "videos", "others", "hidden", "linked", "closed"):
            getattr(self, kind).extend(getattr(other, kind))

    def notes(self) -> list[str]:
        """A line for each kind."""
        return [
            *(f"Left out: {error.what}" for error in self.closed),
            *_note(self.heif, "HEIC image", "; Foveal reads them where the package pillow-heif is installed"),
            *_note(self.videos, "video", f"; {EXTRACT if self.root else 'predict on them in a command of their own'}"),
            *_note(self.others, "other file"),
            *_note(self.hidden, "hidden file or folder", plural_form="hidden files or folders"),
            *_note(self.linked, "linked folder", ", read before under another name"),
        ]

    def _name(self, path: Path) -> str:
        return str(path) if self.root is None else path.relative_to(self.root).as_posix()


def _note(names: Sequence[str], noun: str, why: str = "", *, plural_form: str = "") -> list[str]:
    if not names:
        return []
    many = f"{len(names):,} {plural_form}" if plural_form and len(names) > 1 else plural(len(names), noun)
    return [f"{many} left out{why}: {listed(names)}."]


def _holds_images(path: Path) -> bool:
    try:
        return path.is_dir() and any(p.suffix.lower() in IMAGE_SUFFIXES for p in path.iterdir())
    except OSError:
        return False
