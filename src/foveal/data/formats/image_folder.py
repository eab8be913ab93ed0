"""A folder with one sub-folder of images per class, alone or under train/, val/ and test/.

Hidden folders are no classes. The class map is read from the training split where there is one, and enforced on the
others: a class missing in val shifts no ids, and a class that only val has is an error that names it.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from foveal.data.catalog.builder import CatalogBuilder
from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.formats.layout import SPLIT_WORDS
from foveal.data.formats.left_out import LeftOut
from foveal.data.notes import listed, plural
from foveal.errors import DataError
from foveal.imaging.suffixes import IMAGE_SUFFIXES
from foveal.imaging.walk import is_hidden, walk
from foveal.types.categories import Categories

NAME = "image_folder"


@dataclass
class Scan:
    """State of a scan.

    Attributes:
        root: The data set.
        builder: The images so far.
        left: Other files, hidden ones, and links to folders that were read before.
        strays: Images outside the class folders.
        empty: Class folders without images.
    """

    root: Path
    builder: CatalogBuilder = field(default_factory=CatalogBuilder)
    strays: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    left: LeftOut = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is left out yet."""
        self.left = LeftOut(self.root)

    def take(self, folder: Path, label: int, split: int) -> None:
        """Add all images below a class folder."""
        for path in walk(folder, hidden=self.left.add_hidden, again=self.left.add_linked):
            if _is_image(path):
                self.builder.add(self._name(path), (label,), split)
            else:
                self.left.add_file(path)

    def leave(self, folder: Path) -> None:
        """Note a class folder without images, and what it has instead."""
        self.empty.append(self._name(folder))
        for path in walk(folder, hidden=self.left.add_hidden):
            self.left.add_file(path)

    def look_beside(self, folder: Path) -> None:
        """Note files beside the class folders."""
        for path in walk(folder, deep=False, hidden=self.left.add_hidden):
            if _is_image(path):
                self.strays.append(self._name(path))
            else:
                self.left.add_file(path)

    def notes(self) -> list[str]:
        """Notes on what was left out."""
        notes = []
        if self.empty:
            notes.append(f"Class folders without images, left out: {listed(self.empty)}.")
        if self.strays:
            notes.append(f"{plural(len(self.strays), 'image')} outside class folders, left out: {listed(self.strays)}.")
        return notes + self.left.notes()

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def read(path: Path, *, categories: Categories | None = None) -> Catalog:
    """Read an image folder.

    Args:
        path: The folder.
        categories: A model's class map to use instead of the folder's own; classes may then be missing.

    Raises:
        DataError: No class folder, no image, only one class, or two folders for one split.
        CategoryError: A class folder that the class map lacks.
    """
    splits = _split_folders(path)
    known = categories or _class_map(path, splits)
    scan = Scan(path)
    for split, folder in splits.items():
        code = SPLITS.index(split) if split else UNASSIGNED
        scan.look_beside(folder)
        for class_folder in _folders(folder):
            if _holds_image(class_folder):
                scan.take(class_folder, known.index(class_folder.name, where=str(folder)), code)
            else:
                scan.leave(class_folder)
    if not len(scan.builder):
        raise _no_classes(path)
    notes = _unused(path, splits) + scan.notes()
    return scan.builder.build(path, format=NAME, annotation="labels", categories=known, notes=notes)


def looks_like(path: Path) -> bool:
    """Whether a folder has class folders, or split folders with class folders."""
    return any(_holds_image(folder) for folder in _folders(path))


def _class_map(path: Path, splits: dict[str, Path]) -> Categories:
    """The classes that have images: of the training split, or of all where there is none."""
    folders = [splits["train"]] if "train" in splits else list(splits.values())
    names = sorted({f.name for folder in folders for f in _folders(folder) if _holds_image(f)})
    if not names:
        raise _no_classes(path)
    if len(names) == 1:
        raise DataError(
            f"{path} has only one class, {names[0]!r}; classification needs at least two.",
            "Add a folder of images for each class.",
        )
    return Categories(tuple(names))


def _no_classes(path: Path) -> DataError:
    if _has_images(path):
        return DataError(
            f"{path} has images but no class folders.",
            "Put the images of each class into a folder named after it, or use a table of paths and labels.",
        )
    left = LeftOut(path)
    for file in walk(path):
        left.add_file(file)
    return DataError(
        " ".join([f"{path} has no images.", *left.notes()]), "Use a folder with one sub-folder of images per class."
    )


def _split_folders(path: Path) -> dict[str, Path]:
    """Split name to folder; the name is empty where the class folders are directly in ``path``."""
    found: dict[str, Path] = {}
    folders = _folders(path)
    splits = [f for f in folders if f.name.lower() in SPLIT_WORDS and _folders(f) and not _has_images(f)]
    if not splits or (len(splits) < len(folders) and all(SPLIT_WORDS[f.name.lower()] != "train" for f in splits)):
        return {"": path}
    for folder in splits:
        split = SPLIT_WORDS[folder.name.lower()]
        if split in found:
            raise DataError(
                f"{path} has two folders for the {split} split: {found[split].name} and {folder.name}.", "Keep one."
            )
        found[split] = folder
    return found


def _unused(path: Path, splits: dict[str, Path]) -> list[str]:
    if "" in splits:
        return []
    others = [folder.name for folder in _folders(path) if folder not in splits.values()]
    return [f"Folders beside the splits were left out: {listed(others)}."] if others else []


def _folders(path: Path) -> list[Path]:
    """Sub-folders that are not hidden, sorted by name."""
    with os.scandir(path) as entries:
        return sorted(Path(entry.path) for entry in entries if entry.is_dir() and not is_hidden(entry.name))


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES


def _has_images(folder: Path) -> bool:
    return any(_is_image(path) for path in walk(folder, deep=False))


def _holds_image(folder: Path) -> bool:
    return any(_is_image(path) for path in walk(folder))
