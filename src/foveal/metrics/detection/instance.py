"""The metric of instance segmentation: COCO's metrics of the masks, prefixed ``mask_``, and of the boxes.

Crowds are evaluated by COCO's crowd rule, mask against mask. An object without a mask is evaluated by its box alone;
among the masks it is ignored: not a false negative, and a detection that overlaps it is no false positive. Sizes are
those of the predicted masks, and as declared for the ground-truth objects. Panels and mistakes are the masks'.

Shapes: N images, K classes, D detections, G ground-truth objects, P pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from foveal.errors import ShapeError
from foveal.metrics.contract import Metric, Results, Scores, Verdict, Weights
from foveal.metrics.detection.errors import BACKGROUND_IOU
from foveal.metrics.detection.metric import DetectionMetric
from foveal.metrics.detection.objects import GroundTruth, Ids, Mask, Overlap, Predicted, flatten, sorting
from foveal.metrics.detection.verdict import ObjectVerdict
from foveal.ops.masks import areas, paired_iou
from foveal.types.arrays import FloatArray, IntArray
from foveal.types.categories import Categories
from foveal.types.predictions.masks import Instances, InstanceTruth
from foveal.types.rle import Rle

PREFIX = "mask_"
COLUMNS = ("AP", "AP50")
"""Columns of the table of classes that masks share with boxes."""
V = TypeVar("V")


class InstanceMetric(Metric[InstanceTruth, Instances]):
    """Evaluates detections with a mask against the ground truth.

    Args:
        categories: The class map, K names.
    """

    def __init__(self, categories: Categories) -> None:
        self.categories = categories
        self._boxes = DetectionMetric(categories)
        self._truths: list[InstanceTruth] = []
        self._predictions: list[Instances] = []

    def update(self, truth: InstanceTruth, prediction: Instances) -> None:
        """Add one image.

        Args:
            truth: The annotated objects, each with a mask; an empty one where the data set has none.
            prediction: The detections, including those below the threshold, for average precision.

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

    def verdict(self) -> "InstanceVerdict":
        """See ``Metric``."""
        boxes = self._boxes.verdict()
        columns = flatten_masks(self._truths, self._predictions)
        thresholds = [prediction.threshold for prediction in self._predictions]
        return InstanceVerdict(boxes, ObjectVerdict(*columns, self.categories, thresholds, noun="masks"))


class InstanceVerdict(Verdict):
    """The evaluation of boxes and of masks, side by side.

    Args:
        boxes: Evaluated by box IoU.
        masks: Evaluated by mask IoU, on the same images.
    """

    def __init__(self, boxes: ObjectVerdict, masks: ObjectVerdict) -> None:
        self.boxes, self.masks, self.num_images = boxes, masks, masks.num_images
        self.scales = {**_prefixed(masks.scales), **boxes.scales}

    def score(self, weights: Weights) -> Scores:
        """See ``Verdict``."""
        return {**_prefixed(self.masks.score(weights)), **self.boxes.score(weights)}

    def evidence(self, units: IntArray) -> Mapping[str, FloatArray]:
        """See ``ObjectVerdict``."""
        return {**_prefixed(self.masks.evidence(units)), **self.boxes.evidence(units)}

    def by_image(self) -> FloatArray:
        """(N,) the F1 of each image's masks, see ``ObjectVerdict``."""
        return self.masks.by_image()

    def most_resamples(self) -> int:
        """See ``ObjectVerdict``."""
        return self.masks.most_resamples()

    def results(self, *, num_resamples: int = 1000, seed: int = 0, groups: IntArray | None = None) -> Results:
        """See ``ObjectVerdict``."""
        boxes, masks = (
            v.results(num_resamples=num_resamples, seed=seed, groups=groups) for v in (self.boxes, self.masks)
        )
        per_class = {
            name: {**_prefixed({column: row[column] for column in COLUMNS}), **boxes.per_class[name]}
            for name, row in masks.per_class.items()
        }
        metrics = {**_prefixed(masks.metrics), **boxes.metrics}
        better = {**_prefixed(masks.better), **boxes.better}
        return replace(masks, metrics=metrics, per_class=per_class, better=better, sizes=boxes.sizes)


@dataclass(frozen=True)
class MaskOverlap:
    """How much two objects of one image overlap: their masks, or their boxes where the ground truth has no mask.

    Attributes:
        predicted: D masks.
        truth: G masks.
        crowd: (G,) covers a group.
        bare: (G,) has no mask.
        boxes: Overlap of the boxes.
    """

    predicted: Sequence[Rle]
    truth: Sequence[Rle]
    crowd: Mask
    bare: Mask
    boxes: Overlap

    def __call__(self, predicted: Ids, truth: Ids) -> FloatArray:
        """(P,) IoU; values below ``BACKGROUND_IOU``, which nothing uses, may be 0."""
        crowd = self.crowd[truth]
        iou = paired_iou(self.predicted, self.truth, predicted, truth, crowd=crowd, least=BACKGROUND_IOU)
        bare = np.flatnonzero(self.bare[truth])
        iou[bare] = self.boxes(predicted[bare], truth[bare])
        return iou


def flatten_masks(
    truths: Sequence[InstanceTruth], predictions: Sequence[Instances]
) -> tuple[Predicted, GroundTruth, Overlap]:
    """The columns of N images with masks, and the masks' overlap; ground-truth objects without a mask are ignored."""
    predicted, truth, overlap = flatten(truths, predictions)
    masks = [mask for prediction in predictions for mask in prediction.masks]
    masks = [masks[i] for i in sorting(predictions)]
    true_masks = [mask for truth in truths for mask in truth.masks]
    bare = areas(true_masks) == 0
    return (
        replace(predicted, area=areas(masks)),
        replace(truth, ignored=truth.ignored | bare),
        MaskOverlap(masks, true_masks, truth.crowd, bare, overlap),
    )


def _prefixed(values: Mapping[str, V]) -> dict[str, V]:
    return {PREFIX + name: value for name, value in values.items()}
