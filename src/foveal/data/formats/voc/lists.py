"""Pascal VOC's lists: splits of images, and classes."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.layout import relative
from foveal.data.formats.splits import split_name, split_of
from foveal.data.formats.text_file import read_text
from foveal.imaging.suffixes import IMAGE_SUFFIXES

SETS = "ImageSets"
MAIN = f"{SETS}/Main"
CODES = {**{name: code for code, name in enumerate(SPLITS)}, "trainval": UNASSIGNED}
"""Lists that the writer writes, and their split codes."""
CLASS_LIST = re.compile(r"(.+)_(?:trainval|train|val|test)")
CLASS_LINE = re.compile(r"(\S.*?)\s+(?:-1|0|1)")
"""A line of a class list: an image, and whether it has the class (1), only difficult objects of it (0) or none (-1)."""


@dataclass
class Lists:
    """The lists of a data set.

    Attributes:
        title: Name in messages.
        splits: Code of the split of each image, by its key: its path below the folder of images, without suffix; empty
            where there are no lists.
        places: File and line that list it.
        unread: Lists that are called like no split and are not read.
    """

    title: str = ""
    splits: dict[str, int] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)


def read_lists(
    root: Path,
    images: Mapping[str, Sequence[str]],
    repairs: Repairs,
    *,
    annotated: Iterable[str] = (),
    folder: str = MAIN,
) -> Lists:
    """Read the lists of splits and ``trainval.txt``; the first one that lists an image decides.

    Lists in sub-folders name images below the sub-folder. Where nothing is called like a split, all lists are read,
    without splits.

    Args:
        root: The data set.
        images: Names of its images by key.
        repairs: Collects images listed twice.
        annotated: Keys of its annotations.
        folder: Folder of the lists.
    """
    keys = {*images, *annotated}
    files = [file for file in _files(root, folder) if not _is_class_list(file)]
    known = [file for file in files if split_name(file.stem) or file.stem.casefold() == "trainval"]
    others = [file for file in files if file not in known]
    if not known:
        known, others = others, []
    lists = Lists(unread=[relative(file, root) for file in others])
    for file in sorted(known, key=lambda file: (split_of(file.stem), file)):
        title, code = relative(file, root), split_of(file.stem)
        lists.title = lists.title or (folder if title.startswith(f"{folder}/") else relative(file.parent, root))
        before = relative(file.parent, root / folder) if title.startswith(f"{folder}/") else "."
        for number, line in enumerate(read_text(file).splitlines(), 1):
            if not line.strip():
                continue
            key = _key(line, keys, before)
            where = f"{title}, line {number}"
            there = lists.splits.setdefault(key, code)
            first = lists.places.setdefault(key, where)
            image = images.get(key, [key])[0]
            if there != code and code != UNASSIGNED:
                message = f"is in {SPLITS[there]} and again in {SPLITS[code]}"
                repairs.add(image, where, "two_splits", message, f"kept in {SPLITS[there]}")
            elif there == code and first != where:
                repairs.add(image, where, "listed_twice", f"is listed already in {first}", "merged")
    return lists


def class_names(root: Path) -> list[str]:
    """The classes that have lists, by name."""
    matches = (CLASS_LIST.fullmatch(file.stem) for file in (root / MAIN).glob("*_*.txt") if _is_class_list(file))
    return sorted({match[1] for match in matches if match})


def _files(root: Path, folder: str) -> list[Path]:
    """The lists: those in the folder; for the main ones also in the folder above it, or files called like splits."""
    files = sorted((root / folder).rglob("*.txt"))
    if not files and folder == MAIN:
        files = sorted((root / SETS).glob("*.txt"))
    if not files and folder == MAIN:
        files = sorted(file for file in root.glob("*.txt") if split_name(file.stem) or file.stem == "trainval")
    return [file for file in files if file.is_file() and not file.name.startswith(".")]


def _is_class_list(file: Path) -> bool:
    if not CLASS_LIST.fullmatch(file.stem):
        return False
    lines = [line.strip() for line in read_text(file).splitlines() if line.strip()]
    return all(map(CLASS_LINE.fullmatch, lines))


def _key(line: str, keys: Collection[str], before: str) -> str:
    """The image that a line names: the full line, or what stands before a number or another path."""
    text = line.strip().replace("\\", "/")
    match = CLASS_LINE.fullmatch(text)
    readings = [form for whole in (text, match[1] if match else text) for form in (whole, _without_suffix(whole))]
    pair = text.partition(".xml")[0] if text.endswith(".xml") else text
    first = _without_suffix(next((word for word in re.split(r"\s+(?=\S*/)", pair) if word), pair))
    tails = [form for whole in (readings[-1], first) for form in _tails(whole)]
    below = [f"{before}/{form}" for form in readings] if before != "." else []
    return next((form for form in (*below, *readings, *tails) if form in keys), readings[-1])


def _tails(path: str) -> Iterator[str]:
    """A path without its first folders, one after another."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    yield from ("/".join(parts[at:]) for at in range(len(parts)))


def _without_suffix(name: str) -> str:
    path = PurePosixPath(name)
    return str(path.with_suffix("")) if path.suffix.lower() in IMAGE_SUFFIXES else name
