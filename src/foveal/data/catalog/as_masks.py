"""A data set of objects as one of masks."""

from dataclasses import replace

import numpy as np

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.class_maps import BACKGROUND, UNSURE
from foveal.data.catalog.columns import Ragged
from foveal.data.notes import plural
from foveal.errors import DataError
from foveal.types.categories import Categories
from foveal.types.masks import MAX_CLASSES


def as_masks(catalog: Catalog, *, fixed: bool = False) -> Catalog:
    """A data set of objects with segmentations as one of masks, which are painted on demand.

    Larger objects are painted first, smaller ones over them; crowds as their class. Difficult and ignored objects, and
    the boxes of those without a segmentation, are ``IGNORE``. What is left is a class of its own, ``background``.

    Args:
        catalog: With objects.
        fixed: Whether its class map is a model's, which gains no class: without ``background`` in it, what no object
            covers is ``IGNORE``.

    Raises:
        DataError: Not one object has a segmentation, or there are too many classes.
    """
    objects, own = catalog.objects, catalog.categories
    assert objects is not None, "a data set with objects"
    segmented = np.diff(objects.segmentations.text.offsets) > 0
    if not segmented.any():
        raise DataError(
            f"{catalog.root}: objects have boxes and no segmentations, so no pixel's class is known.",
            "Give a data set with polygons or masks of objects.",
        )
    shift = 0 if fixed or BACKGROUND in own else 1
    categories = _with_background(own, catalog) if shift else own
    objects = replace(objects, labels=objects.labels + np.int32(shift))
    there = segmented & (objects.flags & UNSURE == 0)
    ground = [categories.index(BACKGROUND)] if BACKGROUND in categories else []
    rows = []
    for i in range(len(catalog)):
        span = objects.span(i)
        rows.append(sorted({*ground, *objects.labels[span][there[span]].tolist()}))
    bare = int((~segmented).sum())
    notes = [f"{plural(bare, 'object')} without a segmentation; the pixels of their boxes are ignored."] if bare else []
    return replace(
        catalog,
        annotation="masks",
        categories=categories,
        labels=Ragged.of(rows),
        multi_label=True,
        objects=objects,
        notes=(*catalog.notes, *notes),
    )


def _with_background(own: Categories, catalog: Catalog) -> Categories:
    if len(own) >= MAX_CLASSES:
        raise DataError(
            f"{catalog.root} has {len(own)} classes; masks may have at most {MAX_CLASSES} with {BACKGROUND}.",
            "Take classes together.",
        )
    old = own.source_ids or tuple(range(1, len(own) + 1))
    taken = {*old, *own.ignore_ids}
    free = next(value for value in range(len(taken) + 1) if value not in taken)
    colors = ((0, 0, 0), *own.colors) if own.colors else ()
    return Categories((BACKGROUND, *own.names), (free, *old), own.ignore_ids, colors)
