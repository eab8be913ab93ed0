"""Files with one class name a line: classes.txt, obj.names, _darknet.labels."""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from foveal.data.formats.homes import fold
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.text_file import read_text
from foveal.errors import CategoryError

CLASS_FILES = ("classes.txt", "_darknet.labels", "obj.names", "predefined_classes.txt", "class.txt", "names.txt")
"""Names of such files, in lower case, likeliest first."""


def is_class_file(name: str) -> bool:
    """Whether a file is called like one."""
    last = fold(PurePosixPath(name).name)
    return last in CLASS_FILES or last.endswith(".names")


def class_files(tree: Tree, folders: Iterable[str]) -> list[str]:
    """Those in some folders, one of each folder."""
    found = []
    for name in dict.fromkeys(folders):
        here = tree.folder(name)
        own = [other for other in here.others if is_class_file(other)]
        if own:
            found.append(here.inside(min(own, key=_rank)))
    return found


def names_in(tree: Tree, files: Sequence[str]) -> dict[int, str]:
    """Class ids and names; where a folder's file goes on after another's end, the longer one.

    Raises:
        CategoryError: Two of the files name different classes.
        DataError: A file cannot be read.
    """
    longest: list[str] = []
    where = ""
    for file in files:
        lines = [line.strip() for line in read_text(tree.path(file)).rstrip().splitlines()]
        shared = min(len(lines), len(longest))
        if where and lines[:shared] != longest[:shared]:
            raise CategoryError(
                f"{tree.root}: {where} and {file} name different classes.",
                "Give all folders the same classes in the same order, and label files that fit them.",
            )
        if len(lines) > len(longest) or not where:
            longest, where = lines, file
    return dict(enumerate(longest))


def _rank(name: str) -> tuple[int, str]:
    last = fold(name)
    return (CLASS_FILES.index(last) if last in CLASS_FILES else len(CLASS_FILES), name)
