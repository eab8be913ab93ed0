"""Object counts of a data set: by class, size, image and flag.

Shapes: N images, M objects.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.types.flags import Flag

NO_SPLIT = "unassigned"
"""Name of the images without a split."""
SMALL, MEDIUM = 32.0**2, 96.0**2
"""Areas in square pixels below which COCO calls an object small and medium."""


@dataclass(frozen=True)
class ObjectCounts:
    """Object counts.

    Attributes:
        count: M.
        classes: Objects of each class in each split.
        flags: Objects with each flag that occurs.
        segmentations: Objects with polygons and with masks.
        sizes: Objects by COCO's sizes, ``small``, ``medium`` and ``large``, by the area that the source declares.
        per_image: Minimum, median, mean and maximum number of objects per image.
        empty: Images without objects.
        repairs: Faults in annotations by kind.
    """

    count: int
    classes: dict[str, dict[str, int]]
    flags: dict[str, int]
    segmentations: dict[str, int]
    sizes: dict[str, int]
    per_image: dict[str, float]
    empty: int
    repairs: dict[str, int]

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return dict(vars(self))


def count_objects(catalog: Catalog) -> ObjectCounts | None:
    """Count objects; None for a data set without any."""
    objects = catalog.objects
    if objects is None:
        return None
    each = np.diff(objects.offsets)
    splits = np.repeat(catalog.splits, each)
    counts = {
        split: np.bincount(objects.labels[splits == code], minlength=len(catalog.categories))
        for split, code in splits_of(catalog).items()
    }
    kinds = Counter(text[:1] for text in (objects.segmentations[i] for i in range(len(objects.labels))) if text)
    bands = np.bincount(np.digitize(objects.areas, [SMALL, MEDIUM]), minlength=3).tolist()
    return ObjectCounts(
        count=len(objects.labels),
        classes={
            name: {split: int(count[k]) for split, count in counts.items()}
            for k, name in enumerate(catalog.categories.names)
        },
        flags={
            str(flag.name).lower(): int((objects.flags & flag > 0).sum())
            for flag in Flag
            if (objects.flags & flag).any()
        },
        segmentations={"polygons": kinds["["], "masks": kinds["{"]} if kinds else {},
        sizes=dict(zip(("small", "medium", "large"), bands, strict=True)),
        per_image={
            "min": int(each.min()),
            "median": float(np.median(each)),
            "mean": round(float(each.mean()), 2),
            "max": int(each.max()),
        },
        empty=int((each == 0).sum()),
        repairs=dict(Counter(repair.kind for repair in catalog.repairs).most_common()),
    )


def splits_of(catalog: Catalog) -> dict[str, int]:
    """Splits with images, by code."""
    codes = {**{name: code for code, name in enumerate(SPLITS)}, NO_SPLIT: UNASSIGNED}
    return {name: code for name, code in codes.items() if (catalog.splits == code).any()}
