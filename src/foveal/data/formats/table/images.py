"""The images that the rows of tables name."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats import layout
from foveal.data.formats.many_names import ManyNames
from foveal.data.formats.recognition.tree import Folder, Tree
from foveal.data.formats.resolver import Resolver
from foveal.data.formats.splits import split_of
from foveal.data.notes import listed, plural
from foveal.errors import DataError


class Images:
    """Finds the images of rows.

    Args:
        root: Folder that names are relative to.
        tables: The tables, relative to it.
        images: The folder that the user named; then there are images in no other.
    """

    def __init__(self, root: Path, tables: Sequence[str], images: Path | None = None) -> None:
        self.tree = Tree(root)
        self.near: dict[int, str] = {}
        self.homes: dict[str, int] = {}
        self.by_folder = ""
        self._counts: dict[str, int] = {}
        if images is not None:
            self.folders = [layout.relative(images, root)]
            self.resolver = Resolver(root, self.folders, only=True)
            return
        tree = Tree(root)  # not kept: it has the names of all images, and a table has them again
        self._counts = {folder.name: len(folder.images) for folder in _image_folders(tree)}
        self.folders = list(self._counts)
        tops: dict[int, set[str]] = {}
        for folder in self.folders:
            code, top = _split_top(folder)
            tops.setdefault(code, set()).add(top)
        self.near = {code: next(iter(tops[code])) for code in tops if code != UNASSIGNED and len(tops[code]) == 1}
        own = [name.rpartition("/")[0] for name in tables]
        known = [*own, "", *(name for name in layout.IMAGE_FOLDERS if name in tree.folder().folders)]
        rest = [folder for folder in self.folders if folder not in known and _split_top(folder)[0] == UNASSIGNED]
        self.resolver = Resolver(root, [*known, *(rest if len(rest) == 1 else [])])

    def find(self, written: str, split: int) -> str | None:
        """The image's name; None: there is none, or several could be meant."""
        name = self.resolver(written, near=self.near.get(split))
        if name is not None:
            home = name.rpartition("/")[0]
            if home not in self.homes:
                self.homes[home] = _split_top(home)[0]
        return name

    def split_of(self, name: str) -> int:
        """The split that the folder of an image that was found is named after."""
        home = name.rpartition("/")[0]
        code = self.homes[home]
        if code != UNASSIGNED:
            self.by_folder = home
        return code

    def unlisted(self, names: Iterable[str], count: int) -> list[str]:
        """Images that no row names, in the folders of those that rows name.

        Args:
            names: All that rows name.
            count: Their number.
        """
        homes = sorted(self.homes)
        there = sum(self._counts[home] if home in self._counts else len(self._folder(home).images) for home in homes)
        if there == count:
            return []
        known = ManyNames(names)
        inside = map(self._folder, homes)
        return [name for folder in inside for image in folder.images if (name := folder.inside(image)) not in known]

    def _folder(self, name: str) -> Folder:
        """A folder, listed anew: all of them together may have a million names."""
        return Tree(self.tree.root).folder(name)

    def notes(self, unlisted: Sequence[str]) -> list[str]:
        """Notes on how images were found, and on those that no row names."""
        notes = self.resolver.notes()
        if self.by_folder:
            notes.insert(0, f"Splits are those of the images' folders, such as {self.by_folder}.")
        if unlisted:
            notes.append(f"{plural(len(unlisted), 'image')} in no row, left out: {listed(unlisted)}.")
        beside = [folder for folder in self.folders if folder and folder not in self.homes]
        if beside:
            notes.append(f"Folders with images of which no row names any, left out: {listed(beside)}.")
        return notes


def open_folder(tree: Tree, name: str) -> Folder | None:
    """A folder; None: it may not be read, as others' beside a table may not."""
    try:
        return tree.folder(name)
    except DataError:
        return None


def _image_folders(tree: Tree) -> Iterable[Folder]:
    """The folders with images, two levels deep: a table may lie in anyone's home."""
    level = [""]
    for _ in range(3):
        folders = [folder for name in level if (folder := open_folder(tree, name)) is not None]
        yield from (folder for folder in folders if folder.images)
        level = [folder.inside(name) for folder in folders for name in folder.folders]


def _split_top(folder: str) -> tuple[int, str]:
    """The split that a folder's path names, and the path up to that word."""
    parts = folder.split("/")
    for at, part in enumerate(parts):
        if (code := split_of(part)) != UNASSIGNED:
            return code, "/".join(parts[: at + 1])
    return UNASSIGNED, ""
