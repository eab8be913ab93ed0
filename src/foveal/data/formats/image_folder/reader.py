"""A folder with one sub-folder of images per class, alone or under train/, val/ and test/.

Hidden folders are no classes. The class map is read from the training split where there is one, and enforced on the
others: a class missing in val shifts no ids, and a class that only val has is an error that names it.
"""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from foveal.data.catalog.builder import CatalogBuilder
from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.formats.image_folder.doubts import masks_in
from foveal.data.formats.image_folder.official import Official, official
from foveal.data.formats.image_folder.splits import lay_out
from foveal.data.formats.left_out import LeftOut
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.splits import split_of
from foveal.data.notes import listed, plural
from foveal.errors import DataError
from foveal.imaging.suffixes import IMAGE_SUFFIXES
from foveal.imaging.walk import walk, walk_folders
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
        nested: Folders with images inside class folders.
        official: Splits and classes that text files give.
    """

    root: Path
    official: Official = field(default_factory=Official)
    builder: CatalogBuilder = field(default_factory=CatalogBuilder)
    strays: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)
    nested: list[str] = field(default_factory=list)
    left: LeftOut = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is left out yet."""
        self.left = LeftOut(self.root)
        self._prefix = "" if self.root == Path() else f"{str(self.root).rstrip(os.sep)}{os.sep}"

    def take(self, folder: Path, label: int, split: int) -> None:
        """Add all images below a class folder."""
        for place, names in walk_folders(folder, hidden=self.left.add_hidden, again=self.left.add_linked):
            home, images = self._name(place), []
            for name in names:
                if _is_image(name):
                    images.append(name)
                else:
                    self.left.add_file(place / name)
            masks = {*masks_in(images)}
            self.masks += [f"{home}/{name}" for name in images if name in masks]
            if images and place != folder:
                self.nested.append(home)
            paths, codes = [f"{home}/{name}" for name in images if name not in masks], self.official.codes
            if not codes:
                self.builder.add_all(paths, label, split)
            for path in paths if codes else ():
                self.builder.add(path, (label,), codes.get(path, split))

    def leave(self, folder: Path) -> None:
        """Note a class folder without images, and what it has instead."""
        self.empty.append(self._name(folder))
        for path in walk(folder, hidden=self.left.add_hidden):
            self.left.add_file(path)

    def look_beside(self, folder: Path) -> None:
        """Note files beside the class folders."""
        for path in walk(folder, deep=False, hidden=self.left.add_hidden):
            if _is_image(path.name):
                self.strays += [name] if (name := self._name(path)) not in self.official.labels else []
            elif self._name(path) not in self.official.files:
                self.left.add_file(path)

    def notes(self) -> list[str]:
        """Notes on what was left out."""
        notes = []
        if self.empty:
            notes.append(f"Class folders without images, left out: {listed(self.empty)}.")
        if self.nested:
            inside = "1 folder" if len(self.nested) == 1 else f"{len(self.nested):,} folders"
            notes.append(f"{inside} inside class folders, read as part of them: {listed(self.nested)}.")
        if self.strays:
            notes.append(f"{plural(len(self.strays), 'image')} outside class folders, left out: {listed(self.strays)}.")
        if self.masks:
            notes.append(
                f"{plural(len(self.masks), 'image')} called as another one with _mask or the like behind it, left out"
                f" as masks: {listed(self.masks)}."
            )
        return notes + self.left.notes()

    def _name(self, path: Path) -> str:
        """A path below the root, as walked to from there; a hundred thousand of them."""
        name = str(path)[len(self._prefix) :]
        return name if os.sep == "/" else name.replace(os.sep, "/")


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
    names = {name for own in classes.values() for name in own}
    scan = Scan(path, official(tree, layout, names))
    lists = {name.partition("/")[0] for name in scan.official.files if "/" in name}
    for above in _above(layout.splits.values()):
        scan.look_beside(path / above)
    for split, home in layout.splits.items():
        code = SPLITS.index(split) if split else UNASSIGNED
        folder = tree.folder(home)
        scan.look_beside(path / home)
        for name in folder.folders:
            if name in classes[split]:
                label = known.index(name if name in known else nfc(name), where=str(path / home))
                scan.take(path / folder.inside(name), label, code)
            elif folder.inside(name) not in lists:
                scan.leave(path / folder.inside(name))
    for name, title in scan.official.labels.items():
        label = known.index(title if title in known else nfc(title), where=str(path / name))
        scan.builder.add(name, (label,), scan.official.codes[name])
    for name in sorted(lists):
        scan.look_beside(path / name)
    unused = [name for name in layout.beside if name not in lists]
    flat = [name for name in unused if split_of(name) != UNASSIGNED and tree.folder(name).images]
    beside = [name for name in unused if name not in flat]
    of = "images" if "" in layout.splits else "splits"
    notes = [f"Folders beside the {of} were left out: {listed(beside)}."] if beside else []
    if flat:
        verb = "is called like a split" if len(flat) == 1 else "are called like splits"
        notes.append(f"{listed(flat)} {verb} and left out: no class folders, only images.")
    notes += [*scan.official.notes, *_twins(classes), *scan.notes()]
    return scan.builder.build(path, format=NAME, annotation="labels", categories=known, notes=notes)


def _class_map(path: Path, classes: Mapping[str, Sequence[str]]) -> Categories:
    """The classes that have images: of the training split, or of all where there is none."""
    own = [classes["train"]] if "train" in classes else classes.values()
    names = sorted({nfc(name) for folders in own for name in folders})
    if not names:
        raise DataError(
            f"{path} has images but no class folders.",
            "Put the images of each class into a folder named after it, or use a table of paths and labels.",
        )
    if len(names) == 1:
        more = sorted({nfc(name) for split in classes for name in classes[split]} - {*names})
        raise DataError(
            f"{path} has only one class, {names[0]!r}; classification needs at least two.",
            f"The training split lacks {listed(more)}, which other splits have: add training images of it."
            if more
            else "Add a folder of images for each class.",
        )
    return Categories(tuple(names))


def _above(homes: Iterable[str]) -> list[str]:
    """The folders above those of the splits, which are no class folders."""
    parts = [home.split("/") for home in homes if home]
    return sorted({"/".join(part[:at]) for part in parts for at in range(len(part))})


def nfc(name: str) -> str:
    """A name in the form of Unicode in which class names are compared."""
    return unicodedata.normalize("NFC", name)


def _twins(classes: Mapping[str, Sequence[str]]) -> list[str]:
    """A note on class folders that differ in nothing but their Unicode form."""
    folders = {name for own in classes.values() for name in own}
    twins = sorted(name for name, count in Counter(map(nfc, folders)).items() if count > 1)
    return [f"Class folders in two Unicode forms, read as one class: {listed(twins)}."] if twins else []


def _is_image(name: str) -> bool:
    return name[name.rfind(".") :].lower() in IMAGE_SUFFIXES
