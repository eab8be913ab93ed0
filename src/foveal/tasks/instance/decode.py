"""From a network's boxes and masks to objects with masks in source pixels.

Shapes: k candidates per image, N objects, P prototypes, h w of the prototypes, m side of a mask in its box.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from foveal.ops import view_masks
from foveal.ops.masks import mixed, paste
from foveal.tasks.detect.config import STRIDES
from foveal.tasks.detect.decode import DetectOptions, candidates, exhausted, is_cut, survivors
from foveal.tasks.detect.tiles import to_image
from foveal.tasks.instance.config import MaskPicking
from foveal.types.arrays import Array, FloatArray, IntArray
from foveal.types.categories import Categories
from foveal.types.geometry import Geometry
from foveal.types.predictions.detections import Detections
from foveal.types.predictions.masks import Instances
from foveal.types.rle import Rle
from foveal.types.view import View


class InstanceOptions(MaskPicking, DetectOptions):
    """Postprocessing of a network's boxes and masks."""

    mask_form: Literal["prototypes", "boxes"] = "prototypes"
    """prototypes: each mask combines the image's prototypes; boxes: each is predicted within its box."""


def instances(
    arrays: Mapping[str, Array], geometry: Geometry, categories: Categories, options: InstanceOptions
) -> Instances:
    """The activated arrays of one image, without a batch axis, to its objects, after NMS, in source pixels."""
    rows = candidates(arrays["boxes"], arrays["scores"], arrays["labels"], geometry, options)
    places, boxes, scores = survivors(*rows, geometry.source_size, options)
    full = is_cut(scores, options) or exhausted(arrays["scores"], options)
    size, labels = geometry.source_size, rows[2][places]
    objects = Detections(boxes, scores, labels, categories, size, options.threshold, full=full)
    return with_masks(objects, masks_of(arrays, places, geometry, options))


def masks_of(arrays: Mapping[str, Array], places: IntArray, geometry: Geometry, options: InstanceOptions) -> list[Rle]:
    """The masks of some of an image's candidates, in source pixels; of no others, since masks take most of the time.

    Args:
        arrays: Of one image.
        places: (N,) indices among the candidates above the minimum score.
        geometry: From the source to the input.
        options: The form of the masks.
    """
    chosen = np.flatnonzero(arrays["scores"] >= options.min_score)[places]
    boxes = arrays["boxes"][chosen]
    if options.mask_form == "boxes":
        source: FloatArray = geometry.to_source(boxes.reshape(-1, 2)).reshape(-1, 4)
        width, height = geometry.source_size
        return paste(arrays["masks"][chosen], source, (height, width), options.mask_threshold)
    finest = STRIDES[0]  # the prototypes cover full cells of the finest map, perhaps a little more than the input
    width, height = (-(-side // finest) * finest for side in geometry.input_size)
    covered = replace(geometry, input_size=(width, height))
    return mixed(arrays["prototypes"], arrays["coefficients"][chosen], boxes, covered, options.mask_threshold)


def instances_of_full_views(
    arrays: Sequence[Mapping[str, Array]],
    geometries: Sequence[Geometry],
    views: Sequence[View],
    size: tuple[int, int],
    categories: Categories,
    options: InstanceOptions,
) -> Instances:
    """One NMS over all candidates of views that each show the full image of ``size``."""
    rows = [
        candidates(a["boxes"], a["scores"], a["labels"], g, options) for a, g in zip(arrays, geometries, strict=True)
    ]
    boxes = np.concatenate([to_image(row[0], view) for row, view in zip(rows, views, strict=True)])
    scores, labels = (np.concatenate([row[i] for row in rows]) for i in (1, 2))
    places, boxes, final = survivors(boxes, scores, labels, size, options)
    starts = np.cumsum([0, *(len(row[1]) for row in rows)])
    masks: dict[int, Rle] = {}
    for v, view in enumerate(views):
        mine = np.flatnonzero((places >= starts[v]) & (places < starts[v + 1]))
        own = masks_of(arrays[v], places[mine] - starts[v], geometries[v], options)
        masks.update(zip(mine.tolist(), (view_masks.to_image(mask, view, size) for mask in own), strict=True))
    full = is_cut(final, options) or any(exhausted(one["scores"], options) for one in arrays)
    objects = Detections(boxes, final, labels[places], categories, size, options.threshold, full=full)
    return with_masks(objects, [masks[i] for i in range(len(objects))])


def with_masks(objects: Detections, masks: Sequence[Rle]) -> Instances:
    """Objects and their masks."""
    return Instances(
        objects.boxes,
        objects.scores,
        objects.labels,
        objects.categories,
        objects.size,
        objects.threshold,
        tuple(masks),
        full=objects.full,
    )
