"""Lists of images: text files with one path a line."""

from pathlib import Path, PurePosixPath

from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.homes import fold, name_of
from foveal.data.formats.layout import is_file_name, relative
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.resolver import Resolver
from foveal.data.formats.splits import split_name
from foveal.data.formats.text_file import numbered_lines
from foveal.data.formats.yolo.layouts.layout import Layout
from foveal.errors import DataError
from foveal.imaging.suffixes import IMAGE_SUFFIXES

LIST_HOMES = frozenset({"splits", "split", "lists", "list", "imagesets", "sets"})
"""Folders of lists, in lower case."""


class ImageLists:
    """Reads lists.

    Args:
        root: Names are relative to it.
        images: The only folder that images are looked for in; None: the data set.
        repairs: Collects images that are not there.
    """

    def __init__(self, root: Path, images: Path | None, repairs: Repairs) -> None:
        self.root, self.repairs, self.fixed = root, repairs, images is not None
        self.resolver = Resolver(root, [name_of(images, root) if images is not None else ""])

    def take(self, found: Layout, file: Path, split: int) -> None:
        """Add the images of a list to a layout.

        Raises:
            DataError: The list cannot be read, or a line is no file name.
        """
        title = relative(file, self.root)
        near = None if self.fixed else title.rpartition("/")[0]
        found.read.add(title)
        for number, line in numbered_lines(file):
            text = line.strip()
            if not is_file_name(text):
                raise DataError(f"{file}, line {number}: {text!r} is not a valid file name.", "Correct the line.")
            where = f"{title}, line {number}"
            name = self.resolver(text, near=near)
            if name is None:
                likely = self.resolver.likely(text)
                found.gone.append(likely)
                self.repairs.add(likely, where, "missing", f"is listed but {self.resolver.why_not(text)}", "dropped")
                continue
            found.images.append((name, split))
            found.listed.setdefault(name, where)


def find_lists(tree: Tree) -> list[str]:
    """Lists of images that are called like splits, in the root or else in a folder of lists."""
    names = tree.folder().with_suffix(".txt")
    if not any(split_name(PurePosixPath(name).stem) for name in names):
        homes = (name for name in tree.folder().folders if fold(name) in LIST_HOMES)
        names = [name for home in homes for name in tree.folder(home).with_suffix(".txt")]
    return [name for name in names if split_name(PurePosixPath(name).stem) and is_list(tree.head(name))]


def is_list(head: str) -> bool:
    """Whether the beginning of a text file lists images."""
    first = next((line.strip() for line in head.splitlines() if line.strip()), "")
    return PurePosixPath(first.replace("\\", "/")).suffix.lower() in IMAGE_SUFFIXES
