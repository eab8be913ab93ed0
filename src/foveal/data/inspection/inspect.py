"""Contents of a data set: of images the headers, of masks every pixel.

Shapes: N images, K classes.
"""

from dataclasses import asdict, dataclass

import numpy as np

from foveal.data.catalog.catalog import Annotation, Catalog
from foveal.data.catalog.headers import read_headers
from foveal.data.inspection.masks import MaskCounts, count_masks
from foveal.data.inspection.objects import ObjectCounts, count_objects, splits_of
from foveal.data.loading.levels import DataLevels, learn_levels
from foveal.errors import DataError
from foveal.types.arrays import IntArray
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
    headers = read_headers(catalog.root, catalog.names)
    odd = {place: error.reason for place, error in headers.faults.items()}
    odd |= {place: f"is a {kind} file with another suffix" for place, kind in headers.misnamed().items()}
    kinds = headers.kinds()
    return Inspection(
        path=str(catalog.root),
        format=catalog.format,
        annotation=catalog.annotation,
        multi_label=catalog.multi_label,
        images=len(catalog),
        splits={name: int((catalog.splits == code).sum()) for name, code in splits_of(catalog).items()},
        classes=_class_counts(catalog),
        width=_spread(headers.sides("width")),
        height=_spread(headers.sides("height")),
        formats={kind.text: count for kind, count in kinds.most_common()},
        odd=tuple((catalog.names[place], odd[place]) for place in sorted(odd)),
        notes=catalog.notes,
        why=catalog.why,
        objects=count_objects(catalog),
        masks=count_masks(catalog),
        levels=_levels(catalog, reading) if any(kind.mode == "deep" for kind in kinds) else None,
    )


def _levels(catalog: Catalog, reading: Reading) -> DataLevels | None:
    """As training learns them, from the same images."""
    try:
        return learn_levels(catalog.split("train") if catalog.has("train") else catalog, reading)
    except DataError:  # a file that cannot be read, which ``odd`` or ``check`` names
        return None


def _class_counts(catalog: Catalog) -> dict[str, dict[str, int]]:
    splits = np.repeat(catalog.splits, np.diff(catalog.labels.offsets))
    counts = {
        split: np.bincount(catalog.labels.values[splits == code], minlength=len(catalog.categories))
        for split, code in splits_of(catalog).items()
    }
    return {
        name: {split: int(count[k]) for split, count in counts.items()}
        for k, name in enumerate(catalog.categories.names)
    }


def _spread(lengths: IntArray) -> Spread | None:
    if not len(lengths):
        return None
    return Spread(int(lengths.min()), round(float(np.median(lengths))), int(lengths.max()))
