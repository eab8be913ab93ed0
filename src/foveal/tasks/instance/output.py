"""The half of instance segmentation that needs no torch: the detector's boxes, and a mask for each.

Shapes: B images, k candidates an image, N objects, P prototypes, h w of the prototypes, m side of a mask in its box.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from foveal.data.catalog.catalog import Annotation, Catalog
from foveal.data.catalog.segmentations import instance_masks
from foveal.errors import DataError
from foveal.imaging import draw, draw_masks
from foveal.metrics.contract import Metric
from foveal.metrics.detection.instance import InstanceMetric
from foveal.ops import view_masks
from foveal.ops.masks import areas, mixed, paired_iou, paste, union
from foveal.tasks.contract import Goal
from foveal.tasks.detect.config import STRIDES
from foveal.tasks.detect.output import (
    DetectDecode,
    DetectOutput,
    candidates,
    class_colors,
    same_objects,
    scaled,
    survivors,
)
from foveal.tasks.detect.tiles import join, to_image
from foveal.types.arrays import RGB, Array, FloatArray, IntArray
from foveal.types.categories import Categories
from foveal.types.detections import BoxTruth, Detections
from foveal.types.flags import NOT_EVALUATED
from foveal.types.geometry import Geometry
from foveal.types.masks import IGNORE, Instances, InstanceTruth
from foveal.types.rle import Rle
from foveal.types.settings import Settings
from foveal.types.view import View


class InstanceDecode(DetectDecode):
    """How a network's boxes and masks become objects."""

    mask_form: Literal["prototypes", "boxes"] = "prototypes"
    """prototypes: each mask is a mixture of the image's prototypes; boxes: each is given within its box."""
    mask_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Probability from which a pixel belongs to an object."""


class InstanceOutput(DetectOutput):
    """``tasks.contract.Output`` for instance segmentation."""

    name = "instance"
    annotations: Sequence[Annotation] = ("boxes",)
    tolerances: Mapping[str, float] = {**DetectOutput.tolerances, "mask": 1e-3}

    def goal(self, options: Settings) -> Goal:
        """Mean average precision over mask IoU 0.5 to 0.95."""
        return Goal("mask_mAP")

    def decode(self, values: Mapping[str, object]) -> InstanceDecode:
        """Check options read from a card."""
        return InstanceDecode.model_validate(dict(values))

    def assemble(
        self,
        arrays: Mapping[str, Array],
        geometries: Sequence[Geometry],
        categories: Categories,
        options: Settings,
    ) -> Sequence[Instances]:
        """One ``Instances`` an image.

        Args:
            arrays: As for detection, and ``coefficients`` (B, k, P) with ``prototypes`` (B, P, h, w), or ``masks``
                (B, k, m, m) probabilities within the boxes.
            geometries: B.
            categories: The class map.
            options: How outputs become answers.
        """
        own = _decode(options)
        return [
            assemble_one({name: rows[i] for name, rows in arrays.items()}, geometry, categories, own)
            for i, geometry in enumerate(geometries)
        ]

    def accept(self, catalog: Catalog, options: Settings) -> None:
        """There must be objects with segmentations.

        Raises:
            DataError: The data set says nothing of objects, or of their segmentations.
        """
        super().accept(catalog, options)
        assert catalog.objects is not None, "boxes are there"
        if not len(catalog.objects.segmentations.text.values):
            raise DataError(
                f"{catalog.root}: the objects of this data set have boxes and no segmentations.",
                "Give a COCO or YOLO data set with polygons or masks, or learn the boxes with --task detect.",
            )

    def truths(self, catalog: Catalog, indices: Sequence[int]) -> Sequence[InstanceTruth]:
        """The objects of some images with their masks."""
        boxes = super().truths(catalog, indices)
        return [
            InstanceTruth(t.boxes, t.labels, t.flags, t.areas, tuple(instance_masks(catalog, int(i))))
            for t, i in zip(boxes, indices, strict=True)
        ]

    def metric(self, categories: Categories, options: Settings) -> Metric:
        """The metric."""
        return InstanceMetric(categories)

    def calibrate(
        self,
        arrays: Mapping[str, Array],
        geometries: Sequence[Geometry],
        truths: Sequence[BoxTruth],
        categories: Categories,
        options: Settings,
    ) -> DetectDecode:
        """The threshold with the best F1 of the boxes; masks would take a hundred times the memory for little."""
        return DetectOutput().calibrate(arrays, geometries, truths, categories, options)

    def merge(
        self,
        arrays: Sequence[Mapping[str, Array]],
        geometries: Sequence[Geometry],
        views: Sequence[View],
        size: tuple[int, int],
        categories: Categories,
        options: Settings,
    ) -> Instances:
        """Boxes as for detection, each with its own mask; those of pieces that have become one object are united."""
        own = _decode(options)
        if all(view.shows_all(size) for view in views):
            return _suppressed(arrays, geometries, views, size, categories, own)
        answers = [assemble_one(a, g, categories, own) for a, g in zip(arrays, geometries, strict=True)]
        found, made_of = join(answers, views, size, own)
        parts = [(mask, view) for answer, view in zip(answers, views, strict=True) for mask in answer.masks]
        masks = [union([view_masks.to_image(*parts[i], size) for i in places]) for places in made_of]
        return _with_masks(found, masks)

    def draw(self, image: RGB, prediction: Detections) -> RGB:
        """The image with the objects from the threshold on."""
        shown = _instances(prediction).shown()
        captions = [f"{d.name} {d.score:.0%}" for d in shown]
        boxes = scaled(shown.boxes, prediction.size, image)
        return draw_masks.instances(image, shown.masks, boxes, captions, class_colors(shown))

    def draw_evaluated(self, image: RGB, truth: BoxTruth, prediction: Detections, categories: Categories) -> RGB:
        """What is there, what was found, and where the class on top differs; others are dashed."""
        assert isinstance(truth, InstanceTruth), "truths of another task"
        boxes = scaled(truth.boxes, prediction.size, image)
        names = [categories.names[i] for i in truth.labels]
        colors = [categories.color(int(i)) for i in truth.labels]
        there = image
        for evaluated in (False, True):
            rows = np.flatnonzero(((truth.flags & NOT_EVALUATED) == 0) == evaluated).tolist()
            drawn = boxes[rows], [names[i] for i in rows], [colors[i] for i in rows]
            if evaluated:
                there = draw_masks.instances(there, [truth.masks[i] for i in rows], *drawn)
            else:
                there = draw.boxes(there, *drawn, dashed=[True] * len(rows))
        shown = _instances(prediction).shown()
        found = class_map(shown.masks, shown.labels, np.zeros(len(shown), np.uint8), prediction.size)
        wrong = draw_masks.error_map(image, class_map(truth.masks, truth.labels, truth.flags, prediction.size), found)
        return draw.row((there, self.draw(image, prediction), wrong), ("truth", "found", "wrong"))

    def mask_png(self, prediction: Detections) -> Mapping[str, bytes]:
        """One PNG whose numbers are the places of the objects from the threshold on, from 1; 0 is background.

        Where masks overlap the better object is on top. It has 8 bits, or 16 where there are more than 255 objects.
        """
        shown = _instances(prediction).shown()
        width, height = shown.size
        numbers = np.zeros((height, width), np.uint8 if len(shown) < 256 else np.uint16)
        for place in reversed(range(len(shown))):
            numbers[shown.masks[place].mask()] = place + 1
        file = io.BytesIO()
        Image.fromarray(numbers).save(file, "PNG")
        return {"": file.getvalue()}

    def rows(self, prediction: Detections) -> list[dict[str, str | float]]:
        """As for detection, and the pixels of each mask."""
        shown = _instances(prediction).shown()
        return [{**row, "mask_px": mask.area} for row, mask in zip(super().rows(prediction), shown.masks, strict=True)]

    def record(self, truth: BoxTruth, prediction: Detections) -> dict[str, str | float]:
        """As for detection, and the pixels of the masks found."""
        shown = _instances(prediction).shown()
        return {**super().record(truth, prediction), "mask_px": "; ".join(str(mask.area) for mask in shown.masks)}

    def differences(self, ours: Detections, theirs: Detections) -> dict[str, float]:
        """As for detection, and the part of the mask pixels that differ, of all objects that both paths have."""
        first, second = _instances(ours), _instances(theirs)
        pairs = np.array(same_objects(ours, theirs), np.int64).reshape(-1, 2)
        rows, columns = pairs[:, 0], pairs[:, 1]
        iou = paired_iou(first.masks, second.masks, rows, columns)
        both = areas(first.masks)[rows] + areas(second.masks)[columns]
        any_of = both / (1 + iou)
        apart = float((any_of * (1 - iou)).sum() / max(1.0, any_of.sum()))
        return {**super().differences(ours, theirs), "mask": apart}


def assemble_one(
    arrays: Mapping[str, Array], geometry: Geometry, categories: Categories, options: InstanceDecode
) -> Instances:
    """The activated arrays of one image, without a batch axis, to suppressed objects with masks in source pixels."""
    rows = candidates(arrays["boxes"], arrays["scores"], arrays["labels"], geometry, options)
    places, boxes, scores = survivors(*rows, geometry.source_size, options)
    found = Detections(boxes, scores, rows[2][places], categories, geometry.source_size, options.threshold)
    return _with_masks(found, masks_of(arrays, places, geometry, options))


def class_map(
    masks: Sequence[Rle], labels: IntArray, flags: NDArray[np.uint8], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """(H, W): 0 for background, else a number of the class on top, ``IGNORE`` where none is evaluated.

    Args:
        masks: N.
        labels: (N,) class ids.
        flags: (N,) as ``types.flags``.
        size: (width, height) in pixels.
    """
    ids = np.zeros(size[::-1], np.uint8)
    evaluated = (flags & NOT_EVALUATED) == 0
    for i in np.lexsort((-np.arange(len(masks)), evaluated)):  # the first last, and what is evaluated after what is not
        ids[masks[i].mask()] = 1 + labels[i] % (IGNORE - 1) if evaluated[i] else IGNORE
    return ids


def masks_of(arrays: Mapping[str, Array], places: IntArray, geometry: Geometry, options: InstanceDecode) -> list[Rle]:
    """The masks of some of an image's candidates, in source pixels; of no others, for masks are what takes the time.

    Args:
        arrays: Of one image.
        places: (N,) among the candidates that are likely enough.
        geometry: From the source to the input.
        options: The form of the masks.
    """
    chosen = np.flatnonzero(arrays["scores"] >= options.min_score)[places]
    boxes = arrays["boxes"][chosen]
    if options.mask_form == "boxes":
        source: FloatArray = geometry.to_source(boxes.reshape(-1, 2)).reshape(-1, 4)
        width, height = geometry.source_size
        return paste(arrays["masks"][chosen], source, (height, width), options.mask_threshold)
    finest = STRIDES[0]  # the prototypes cover whole places of the finest map, perhaps a little more than the input
    width, height = (-(-side // finest) * finest for side in geometry.input_size)
    covered = replace(geometry, input_size=(width, height))
    return mixed(arrays["prototypes"], arrays["coefficients"][chosen], boxes, covered, options.mask_threshold)


def _suppressed(
    arrays: Sequence[Mapping[str, Array]],
    geometries: Sequence[Geometry],
    views: Sequence[View],
    size: tuple[int, int],
    categories: Categories,
    options: InstanceDecode,
) -> Instances:
    """All candidates of views that each show the whole image, suppressed together."""
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
    found = Detections(boxes, final, labels[places], categories, size, options.threshold)
    return _with_masks(found, [masks[i] for i in range(len(found))])


def _with_masks(found: Detections, masks: Sequence[Rle]) -> Instances:
    return Instances(
        found.boxes, found.scores, found.labels, found.categories, found.size, found.threshold, tuple(masks)
    )


def _instances(prediction: Detections) -> Instances:
    assert isinstance(prediction, Instances), "predictions of another task"
    return prediction


def _decode(options: Settings) -> InstanceDecode:
    assert isinstance(options, InstanceDecode), "options of another task"
    return options
