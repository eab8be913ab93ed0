"""A folder with one sub-folder of images per class, alone or under train/, val/ and test/.

Hidden folders are no classes. The class map is read from the training split where there is one, and enforced on the
others: a class missing in val shifts no ids, and a class that only val has is an error that names it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from foveal.data.catalog.builder import CatalogBuilder
from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.formats.image_folder.doubts import masks_in
from foveal.data.formats.image_folder.splits import lay_out
from foveal.data.formats.left_out import LeftOut
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.recognition.tree import Tree
from foveal.data.notes import listed, plural
from foveal.errors import DataError
from foveal.imaging.suffixes import IMAGE_SUFFIXES
from foveal.imaging.walk import walk
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
        masks: Images called as another one with _mask or the like behind it.
    """

    root: Path
    builder: CatalogBuilder = field(default_factory=CatalogBuilder)
    strays: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)
    left: LeftOut = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is left out yet."""
        self.left = LeftOut(self.root)

    def take(self, folder: Path, label: int, split: int) -> None:
        """Add all images below a class folder."""
        files = walk(folder, hidden=self.left.add_hidden, again=self.left.add_linked)
        for _, group in groupby(files, key=lambda path: path.parent):
            there = list(group)
            masks = {*masks_in([path.name for path in there if _is_image(path)])}
            for path in there:
                if path.name in masks:
                    self.masks.append(self._name(path))
                elif _is_image(path):
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
        if self.masks:
            notes.append(
                f"{plural(len(self.masks), 'image')} called as another one with _mask or the like behind it, left out"
                f" as masks: {listed(self.masks)}."
            )
        return notes + self.left.notes()

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read an image folder.

    Args:
        path: The folder.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: No class folder, no image, only one class, or two folders for one split.
        CategoryError: A class folder that the class map lacks.
    """
    if not path.is_dir():
        raise DataError(
            f"{path} is a file, not an image folder.", "Name the folder, or use the format 'table' for a table."
        )
    request, tree = request or Request(), Tree(path)
    layout = lay_out(tree)
    classes = layout.classes(tree)
    known = request.categories or _class_map(path, classes)
    scan = Scan(path)
    for split, home in layout.splits.items():
        code = SPLITS.index(split) if split else UNASSIGNED
        folder = tree.folder(home)
        scan.look_beside(path / home)
        for name in folder.folders:
            if name in classes[split]:
                scan.take(path / folder.inside(name), known.index(name, where=str(path / home)), code)
            else:
                scan.leave(path / folder.inside(name))
    notes = [f"Folders beside the splits were left out: {listed(layout.beside)}."] if layout.beside else []
    notes += scan.notes()
    return scan.builder.build(path, format=NAME, annotation="labels", categories=known, notes=notes)


def _class_map(path: Path, classes: Mapping[str, Sequence[str]]) -> Categories:
    """The classes that have images: of the training split, or of all where there is none."""
    names = sorted({*classes["train"]} if "train" in classes else {name for own in classes.values() for name in own})
    if not names:
        raise DataError(
            f"{path} has images but no class folders.",
            "Put the images of each class into a folder named after it, or use a table of paths and labels.",
        )
    if len(names) == 1:
        raise DataError(
            f"{path} has only one class, {names[0]!r}; classification needs at least two.",
            "Add a folder of images for each class.",
        )
    return Categories(tuple(names))


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES
