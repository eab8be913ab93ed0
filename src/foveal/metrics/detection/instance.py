"""The metric of masks: COCO's numbers for the masks, under names with ``mask_``, and those of the boxes beside them.

Crowds are evaluated by COCO's crowd rule, mask against mask. An object without an outline is evaluated
for its box alone: among the masks it is ignored, neither to be found nor a mistake where the boxes overlap. Sizes are
those of the masks found, and as declared for the objects there. Panels and mistakes are the masks'.

Shapes: N images, K classes, D objects found, G there, P pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from foveal.errors import ShapeError
from foveal.metrics.contract import Results
from foveal.metrics.detection.errors import BACKGROUND_IOU
from foveal.metrics.detection.metric import DetectionMetric
from foveal.metrics.detection.objects import Found, Ids, Mask, Overlap, There, flatten, sorting
from foveal.metrics.detection.verdict import ObjectVerdict
from foveal.ops.masks import areas, paired_iou
from foveal.types.arrays import FloatArray
from foveal.types.categories import Categories
from foveal.types.masks import Instances, InstanceTruth
from foveal.types.rle import Rle

PREFIX = "mask_"
COLUMNS = ("AP", "AP50")
"""Columns of the table of classes that masks have as well."""


class InstanceMetric:
    """Evaluates objects found with a mask against objects that are there.

    Args:
        categories: The class map, K names.
    """

    def __init__(self, categories: Categories) -> None:
        self.categories = categories
        self._boxes = DetectionMetric(categories)
        self._truths: list[InstanceTruth] = []
        self._predictions: list[Instances] = []

    def update(self, truth: InstanceTruth, prediction: Instances) -> None:
        """Take in one image.

        Args:
            truth: The objects that are there, each with a mask; one without a pixel where there is no outline.
            prediction: The objects found, those below the threshold too: average precision needs them.

        Raises:
            ShapeError: A class id, or the prediction's class map, does not fit this one; or not one mask of the
                image's size for each object.
        """
        if len(truth.masks) != len(truth):
            raise ShapeError(
                f"The metric got {len(truth.masks)} masks for the {len(truth)} objects of an image; pass one for each."
            )
        width, height = prediction.size
        for mask in truth.masks:
            if mask.size != (height, width):
                raise ShapeError(
                    f"The metric got a mask of {mask.size[1]} x {mask.size[0]} for an image of {width} x {height}."
                )
        self._boxes.update(truth, prediction)
        self._truths.append(truth)
        self._predictions.append(prediction)

    def compute(self, *, num_resamples: int = 1000, seed: int = 0) -> Results:
        """Evaluate all images taken in.

        Args:
            num_resamples: Bootstrap resamples over images; 0 gives intervals of zero width. Fewer are drawn, and the
                first panel says so, where more than 100 million objects would be drawn again.
            seed: Of the resampling.

        Raises:
            DataError: No image was taken in.
        """
        boxes = self._boxes.compute(num_resamples=num_resamples, seed=seed)
        found, there, overlap = flatten_masks(self._truths, self._predictions)
        verdict = ObjectVerdict(found, there, overlap, self.categories, num_images=len(self._truths), things="masks")
        thresholds = [p.threshold for p in self._predictions]
        masks = verdict.results(thresholds, num_resamples=num_resamples, seed=seed)
        metrics = {**{PREFIX + name: value for name, value in masks.metrics.items()}, **boxes.metrics}
        per_class = {
            name: {**{PREFIX + column: row[column] for column in COLUMNS}, **boxes.per_class[name]}
            for name, row in masks.per_class.items()
        }
        return Results(len(self._truths), metrics, per_class, masks.panels, masks.worst)


@dataclass(frozen=True)
class MaskOverlap:
    """How much two objects of one image overlap: their masks, or their boxes where the one there has no mask.

    Attributes:
        found: D masks.
        there: G masks.
        crowd: (G,) covers a group.
        bare: (G,) has no mask.
        boxes: Overlap of the boxes.
    """

    found: Sequence[Rle]
    there: Sequence[Rle]
    crowd: Mask
    bare: Mask
    boxes: Overlap

    def __call__(self, found: Ids, there: Ids) -> FloatArray:
        """(P,) IoU; below ``BACKGROUND_IOU``, where nothing is made of it, it may be told as 0."""
        crowd = self.crowd[there]
        iou = paired_iou(self.found, self.there, found, there, crowd=crowd, least=BACKGROUND_IOU)
        bare = np.flatnonzero(self.bare[there])
        iou[bare] = self.boxes(found[bare], there[bare])
        return iou


def flatten_masks(truths: Sequence[InstanceTruth], predictions: Sequence[Instances]) -> tuple[Found, There, Overlap]:
    """The columns of N images with masks, and the masks' overlap; objects there without a mask are ignored."""
    found, there, overlap = flatten(truths, predictions)
    masks = [mask for prediction in predictions for mask in prediction.masks]
    masks = [masks[i] for i in sorting(predictions)]
    true_masks = [mask for truth in truths for mask in truth.masks]
    bare = areas(true_masks) == 0
    return (
        replace(found, area=areas(masks)),
        replace(there, ignored=there.ignored | bare),
        MaskOverlap(masks, true_masks, there.crowd, bare, overlap),
    )
