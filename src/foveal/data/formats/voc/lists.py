"""Pascal VOC's lists: splits of images, and classes."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.annotations.repair import Repairs
from foveal.errors import DataError
from foveal.imaging.suffixes import IMAGE_SUFFIXES

MAIN = "ImageSets/Main"
CODES = {**{name: code for code, name in enumerate(SPLITS)}, "trainval": UNASSIGNED}
"""Lists and their split codes, in the order they are read."""
CLASS_LIST = re.compile(r"(.+)_(?:trainval|train|val|test)")
CLASS_LINE = re.compile(r"(\S.*?)\s+(?:-1|0|1)")
"""A line of a class list: an image, and whether it has the class (1), only difficult objects of it (0) or none (-1)."""


@dataclass
class Lists:
    """The lists of a data set.

    Attributes:
        title: Name in messages.
        splits: Code of the split of each image, by stem; empty where there are no lists.
        places: File and line that list it.
    """

    title: str = ""
    splits: dict[str, int] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)


def read_lists(
    root: Path,
    images: Mapping[str, Sequence[str]],
    repairs: Repairs,
    *,
    annotated: Iterable[str] = (),
    folder: str = MAIN,
) -> Lists:
    """Read ``train.txt``, ``val.txt``, ``test.txt`` and ``trainval.txt``; the first one that lists an image decides.

    Args:
        root: The data set.
        images: Names of its images by stem.
        repairs: Collects images listed twice.
        annotated: Stems of its annotations.
        folder: Folder of the lists.
    """
    lists, stems = Lists(), {*images, *annotated}
    for name, code in CODES.items():
        file = root / folder / f"{name}.txt"
        if not file.is_file():
            continue
        lists.title = folder
        for number, line in enumerate(_lines(file), 1):
            stem = _stem(line, stems)
            if not stem:
                continue
            where = f"{folder}/{name}.txt, line {number}"
            known = lists.splits.setdefault(stem, code)
            first = lists.places.setdefault(stem, where)
            image = images.get(stem, [stem])[0]
            if known != code and code != UNASSIGNED:
                message = f"is in {SPLITS[known]} and again in {SPLITS[code]}"
                repairs.add(image, where, "two_splits", message, f"kept in {SPLITS[known]}")
            elif known == code and first != where:
                repairs.add(image, where, "listed_twice", f"is listed already in {first}", "merged")
    return lists


def class_names(root: Path) -> list[str]:
    """The classes that have lists, by name."""
    names = set()
    for file in (root / MAIN).glob("*_*.txt"):
        match = CLASS_LIST.fullmatch(file.stem)
        if match and all(CLASS_LINE.fullmatch(line.strip()) for line in _lines(file) if line.strip()):
            names.add(match[1])
    return sorted(names)


def _stem(line: str, stems: Collection[str]) -> str:
    """The image that a line names: the full line, or the part before a number; with or without suffix."""
    text = line.strip()
    match = CLASS_LINE.fullmatch(text)
    readings = [form for whole in (text, match[1] if match else text) for form in (whole, _without_suffix(whole))]
    return next((form for form in readings if form in stems), readings[-1])


def _without_suffix(name: str) -> str:
    path = Path(name)
    return path.stem if path.suffix.lower() in IMAGE_SUFFIXES else name


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}).", "Check the file and its permissions.") from None
    except UnicodeDecodeError:
        raise DataError(f"{file}: not UTF-8 text.", "Save it as UTF-8.") from None
