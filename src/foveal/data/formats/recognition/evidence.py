"""What a format finds in a folder: evidence that the folder is its own, or a doubt."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from foveal.data.catalog.catalog import Annotation, Catalog
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.recognition.tree import Tree


class Sure(IntEnum):
    """How sure a format is."""

    POSSIBLE = 1
    """Names fit, as those of many other data sets would."""
    LIKELY = 2
    """Names fit and things belong together, such as an image to each mask."""
    CERTAIN = 3
    """The content of a file says so."""


@dataclass(frozen=True)
class Evidence:
    """A folder or file is of this format.

    Attributes:
        where: What the reader is to be given.
        seen: What was found, as the end of "read as YOLO: ...", such as "data.yaml names 2 classes and 3 splits".
        sure: How sure that is.
        annotations: Kinds of annotations it can be read for, the main one first.
        unread: Files and folders, relative to the tree's root, that hold annotations and would not be read.
    """

    where: Path
    seen: str
    sure: Sure
    annotations: tuple[Annotation, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Doubt:
    """It looks somewhat like this format, but a reading would likely be wrong.

    Attributes:
        seen: What was found, as a full sentence that names the folder.
        hint: What it could be, and what to do; names the option that decides.
        own: Whether it surely is this format, but invalid: then only a format that is certain may read it.
    """

    seen: str
    hint: str
    own: bool = False


@dataclass(frozen=True)
class Format:
    """A format of data sets.

    Attributes:
        name: As in ``--data.format``.
        title: As in a sentence, such as "Pascal VOC".
        find: Evidence in a tree, a doubt, or None. It may look at names and beginnings of files, not read them whole.
        read: Reads what the evidence, or the user, names.
    """

    name: str
    title: str
    find: Callable[[Tree], Evidence | Doubt | None]
    read: Callable[[Path, Request], Catalog]
