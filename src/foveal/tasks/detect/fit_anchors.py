"""Anchors fitted to the training boxes.

Shapes: N boxes.
"""

from collections.abc import Sequence

import numpy as np

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.objects import Objects
from foveal.errors import DataError
from foveal.models.detection.anchors import fit_shapes
from foveal.tasks.detect.config import STRIDES, DetectConfig
from foveal.types.arrays import FloatArray
from foveal.types.flags import IGNORED_FLAGS
from foveal.types.size import Size


def fit_anchors(own: DetectConfig, catalog: Catalog, size: Size) -> tuple[Sequence[float], str]:
    """Width and height of each anchor of each level, as ``DetectConfig.anchor_shapes`` has them, and a note.

    Args:
        own: How many anchors.
        catalog: The training split.
        size: Of the input in training.

    Raises:
        DataError: There are fewer boxes than anchors.
    """
    levels = len(STRIDES) + own.extra_levels
    sides = training_sides(catalog, size)
    count = levels * len(own.anchor_octaves)
    if len(sides) < count:
        raise DataError(
            f"{catalog.root}: {len(sides)} boxes are too few to fit {count} anchors.",
            f"Use --{own.section}.anchors fixed.",
        )
    shapes, recall = fit_shapes(sides, count)
    note = f"{count} anchors fitted to {len(sides):,} boxes; {recall:.1%} of them match an anchor with IoU 0.5 or more"
    return tuple(round(float(v), 1) for v in shapes.reshape(-1)), note


def training_sides(catalog: Catalog, size: Size) -> FloatArray:
    """(N, 2) widths and heights of the boxes that are not ignored, in input pixels, letterboxed to ``size``."""
    objects: Objects | None = catalog.objects
    assert objects is not None, "checked by accept"
    assert catalog.sizes is not None, "a reader of boxes knows the sizes"
    fitted = (np.array(size.sides) / catalog.sizes.astype(np.float64)).min(1)
    scale = np.repeat(fitted, np.diff(objects.offsets))
    sides = (objects.boxes[:, 2:] - objects.boxes[:, :2]) * scale[:, None]
    usable = ((objects.flags & IGNORED_FLAGS) == 0) & (sides.min(1) > 1)
    return np.asarray(sides[usable])
