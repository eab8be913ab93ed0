"""The annotation files of a Pascal VOC data set, parsed, with the image and the split of each."""

import posixpath
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from xml.etree.ElementTree import Element

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.homes import split_in
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.voc.images import Images, key_of
from foveal.data.formats.voc.lists import Lists
from foveal.data.formats.voc.parts import Part
from foveal.data.formats.voc.record import parse, size_of


@dataclass(frozen=True)
class Page:
    """One annotation file.

    Attributes:
        name: Its image; one that is not there has a likely name.
        title: Name in messages.
        root: The XML.
        split: Code of the image's split.
    """

    name: str
    title: str
    root: Element
    split: int

    @cached_property
    def classes(self) -> list[str]:
        """The class of each object, as written."""
        return [(item.findtext("name") or "").strip() for item in self.root.iter("object")]

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height that it declares; None: none."""
        return size_of(self.root)

    @property
    def is_empty(self) -> bool:
        """Whether it declares an image without pixels, as some tools do for all."""
        return self.size is not None and min(self.size) <= 0


def form(name: str) -> str:
    """The Unicode form in which class names are compared."""
    return unicodedata.normalize("NFC", name)


def files_of(tree: Tree, parts: Sequence[Part]) -> dict[str, str]:
    """Annotation files by key."""
    return {
        key_of(name, part.home, part.base): name
        for part in parts
        for folder in tree.folders(part.home)
        for name in folder.with_suffix(".xml")
    }


def pages_of(root: Path, files: dict[str, str], lists: Lists, images: Images, repairs: Repairs) -> list[Page]:
    """The listed annotations; without lists, all of them."""
    found: list[tuple[str, str, Element, int]] = []
    for key, split in (lists.splits or dict.fromkeys(files, UNASSIGNED)).items():
        name = images.by_key.get(key, [images.missing(key, "")])[0]
        if key not in files:
            there = posixpath.join(_home(files), f"{key}.xml")
            repairs.add(name, lists.places[key], "no_annotation", f"is listed, but {there} does not exist", "dropped")
            continue
        title = files[key]
        try:
            page = parse((root / title).read_bytes())
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            repairs.add(name, title, "broken", f"has an invalid annotation ({reason})", "dropped")
            continue
        written = (page.findtext("filename") or "").strip()
        found.append((images.find(key, written, title) or images.missing(key, written), title, page, split))
    if lists.splits:
        for key, title in files.items():
            if key not in lists.splits and key not in images.by_key:
                repairs.add(title, lists.title, "unlisted", "the annotation is not listed", "left out")
        return [Page(*one) for one in found]
    codes = [split_of_page(name, title) for name, title, _, _ in found]
    whole = UNASSIGNED not in codes
    return [Page(*one[:3], code if whole else UNASSIGNED) for one, code in zip(found, codes, strict=True)]


def split_of_page(name: str, title: str) -> int:
    """Code of the split whose folder an image or its annotation is in."""
    code = split_in(posixpath.dirname(name))
    return split_in(posixpath.dirname(title)) if code == UNASSIGNED else code


def _home(files: dict[str, str]) -> str:
    """The folder of all annotations."""
    key, title = next(iter(files.items()))
    return title.removesuffix(posixpath.splitext(title)[1]).removesuffix(key).rstrip("/")
