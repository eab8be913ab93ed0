"""Instance segmentations as semantic masks."""

from dataclasses import replace

import numpy as np

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.class_maps import BACKGROUND, UNSURE
from foveal.data.catalog.columns import Ragged
from foveal.data.notes import plural
from foveal.errors import DataError
from foveal.types.categories import Categories
from foveal.types.predictions.masks import MAX_CLASSES


def as_masks(catalog: Catalog, *, fixed: bool = False) -> Catalog:
    """A data set of objects with segmentations as one of semantic masks, which are rasterised on demand.

    Larger objects are painted first, smaller ones over them; crowds as their class. Difficult and ignored objects, and
    the boxes of those without a segmentation, are ``IGNORE``. All other pixels get the class ``background``.

    Args:
        catalog: With objects.
        fixed: Whether its class map is a model's, to which no class is added: without ``background`` in it, pixels
            outside objects are ``IGNORE``.

    Raises:
        DataError: No object has a segmentation, or there are too many classes.
    """
    objects, own = catalog.objects, catalog.categories
    assert objects is not None, "a data set with objects"
    segmented = np.diff(objects.segmentations.text.offsets) > 0
    if not segmented.any():
        raise DataError(
            f"{catalog.root}: objects have boxes but no segmentations, so the classes of pixels are unknown.",
            "Use a data set with polygons or masks.",
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
            "Merge classes.",
        )
    old = own.source_ids or tuple(range(1, len(own) + 1))
    taken = {*old, *own.ignore_ids}
    free = next(value for value in range(len(taken) + 1) if value not in taken)
    colors = ((0, 0, 0), *own.colors) if own.colors else ()
    return Categories((BACKGROUND, *own.names), (free, *old), own.ignore_ids, colors)
