"""Contents of a data set: of images the headers, of masks every pixel.

Shapes: N images, K classes.
"""

from collections import Counter
from dataclasses import asdict, dataclass

import numpy as np

from foveal.data.catalog.catalog import Annotation, Catalog
from foveal.data.catalog.headers import read_headers
from foveal.data.inspection.masks import MaskCounts, count_masks
from foveal.data.inspection.objects import ObjectCounts, count_objects, splits_of
from foveal.data.loading.levels import DataLevels, learn_levels
from foveal.errors import DataError, ImageError
from foveal.imaging.header import Header
from foveal.imaging.suffixes import SUFFIXES_OF
from foveal.types.reading import AS_STORED, Reading


@dataclass(frozen=True)
class Spread:
    """Minimum, median and maximum of lengths in pixels."""

    min: int
    median: int
    max: int


@dataclass(frozen=True)
class Inspection:
    """The contents of a data set.

    Attributes:
        path: The data set's root.
        format: Name of the reader.
        annotation: Kind of annotations.
        multi_label: Whether an image may carry several labels.
        images: N.
        splits: Images of each split that exists.
        classes: Images of each class in each split.
        width: Widths of readable images, in pixels; None without any.
        height: Their heights.
        formats: Images by format and mode, such as ``JPEG colour``.
        levels: Levels that training would learn for images of more than 8 bits, if there are any.
        odd: (name, reason) of files that are unreadable or have a wrong suffix.
        notes: The reader's notes.
        objects: Counts of objects, if there are any.
        masks: Counts of mask pixels, if there are any.
        why: Why it was read in this format.
    """

    path: str
    format: str
    annotation: Annotation
    multi_label: bool
    images: int
    splits: dict[str, int]
    classes: dict[str, dict[str, int]]
    width: Spread | None
    height: Spread | None
    formats: dict[str, int]
    odd: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    objects: ObjectCounts | None = None
    masks: MaskCounts | None = None
    levels: DataLevels | None = None
    why: str = ""

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON; ``objects``, ``masks`` and ``levels`` only where there are any."""
        own: dict[str, object] = {
            "path": self.path,
            "format": self.format,
            "why": self.why,
            "annotation": self.annotation,
            "multi_label": self.multi_label,
            "images": self.images,
            "splits": self.splits,
            "classes": self.classes,
            "width": None if self.width is None else vars(self.width),
            "height": None if self.height is None else vars(self.height),
            "formats": self.formats,
            "odd": [{"path": name, "reason": reason} for name, reason in self.odd],
            "notes": list(self.notes),
        }
        for name, counts in (("objects", self.objects), ("masks", self.masks)):
            if counts is not None:
                own[name] = counts.to_dict()
        if self.levels is not None:
            own["levels"] = asdict(self.levels)
        return own


def inspect(catalog: Catalog, *, reading: Reading = AS_STORED) -> Inspection:
    """Count, and read every file's header.

    Args:
        catalog: The data set.
        reading: Which bands are read.

    Raises:
        DataError: A mask cannot be read.
    """
    headers = list(read_headers(catalog.root, catalog.names))
    read = [header for header in headers if isinstance(header, Header)]
    odd = []
    for i, header in enumerate(headers):
        name = catalog.names[i]
        if isinstance(header, ImageError):
            odd.append((name, header.reason))
        elif not name.lower().endswith(SUFFIXES_OF[header.kind]):
            odd.append((name, f"is a {header.kind} file with another suffix"))
    formats = Counter(header.text for header in read)
    return Inspection(
        path=str(catalog.root),
        format=catalog.format,
        annotation=catalog.annotation,
        multi_label=catalog.multi_label,
        images=len(catalog),
        splits={name: int((catalog.splits == code).sum()) for name, code in splits_of(catalog).items()},
        classes=_class_counts(catalog),
        width=_spread([header.width for header in read]),
        height=_spread([header.height for header in read]),
        formats=dict(formats.most_common()),
        odd=tuple(odd),
        notes=catalog.notes,
        why=catalog.why,
        objects=count_objects(catalog),
        masks=count_masks(catalog),
        levels=_levels(catalog, reading) if any(header.mode == "deep" for header in read) else None,
    )


def _levels(catalog: Catalog, reading: Reading) -> DataLevels | None:
    """As training learns them, from the same images."""
    try:
        return learn_levels(catalog.split("train") if catalog.has("train") else catalog, reading)
    except DataError:  # a file that cannot be read, which ``odd`` or ``check`` names
        return None


def _class_counts(catalog: Catalog) -> dict[str, dict[str, int]]:
    counts = {
        split: catalog.take(np.flatnonzero(catalog.splits == code)).class_counts()
        for split, code in splits_of(catalog).items()
    }
    return {
        name: {split: int(count[k]) for split, count in counts.items()}
        for k, name in enumerate(catalog.categories.names)
    }


def _spread(lengths: list[int]) -> Spread | None:
    return Spread(min(lengths), round(float(np.median(lengths))), max(lengths)) if lengths else None
