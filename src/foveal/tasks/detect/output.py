"""Detection without torch: objects from boxes and scores, their evaluation and drawing.

Shapes: B images per batch, k candidates per image, N objects. Boxes are xyxy pixels.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Generic, Self, TypeVar

import numpy as np

from foveal.data.catalog.catalog import Catalog
from foveal.errors import DataError
from foveal.metrics.contract import Metric
from foveal.metrics.detection.metric import DetectionMetric
from foveal.metrics.detection.threshold import best_f1_threshold
from foveal.tasks.contract import Output
from foveal.tasks.detect import decode, tiles
from foveal.tasks.detect.decode import DetectOptions
from foveal.tasks.detect.outcomes import KEY
from foveal.tasks.detect.parity import TOLERANCES, box_differences
from foveal.tasks.detect.show import detection_row, draw_detections, draw_truth_and_detections
from foveal.types.arrays import RGB, Array
from foveal.types.flags import IGNORED_FLAGS
from foveal.types.geometry import Geometry
from foveal.types.goal import Goal
from foveal.types.predictions.detections import BoxTruth, Detections
from foveal.types.view import View

T = TypeVar("T", bound=BoxTruth)
D = TypeVar("D", bound=Detections)


class BoxOutput(Output[T, D], Generic[T, D]):
    """Base of all tasks that predict objects."""

    options: DetectOptions
    include_full_image = True
    tolerances: ClassVar[Mapping[str, float]] = TOLERANCES
    key = KEY

    def accept(self, catalog: Catalog) -> None:
        """Check for boxes, at least one of them not ignored.

        Raises:
            DataError: The data set has no boxes, or all of them are ignored.
        """
        if catalog.objects is None:
            raise DataError(f"{catalog.root}: this data set has no boxes.", "Use a COCO, Pascal VOC or YOLO data set.")
        if not ((catalog.objects.flags & IGNORED_FLAGS) == 0).any():
            raise DataError(
                f"{catalog.root}: all objects in {len(catalog)} images are ignored ({catalog.names[0]} ...).",
                "Objects marked crowd, difficult or ignored do not count; add others, or change the split.",
            )

    def calibrate(self, arrays: Mapping[str, Array], geometries: Sequence[Geometry], truths: Sequence[T]) -> Self:
        """The threshold with the best F1 of the boxes at IoU 0.5, from ``arrays`` as detection's ``assemble`` takes."""
        predictions = detections_of(self, arrays, geometries)
        return self.with_options(threshold=round(float(best_f1_threshold(truths, predictions)), 4))

    def prediction_row(self, truth: T, prediction: D) -> dict[str, str | float]:
        """Numbers of ground-truth and predicted objects, and the predictions."""
        return detection_row(truth, prediction)

    def for_parity(self) -> Self:
        """Without score threshold and NMS, so that there are boxes to compare even for an untrained network."""
        return self.with_options(min_score=0.0, nms="hard", nms_iou=1.0)

    def differences(self, ours: D, theirs: D) -> dict[str, float]:
        """Largest distance of boxes in pixels, and of scores."""
        return box_differences(ours, theirs)

    def top_label(self, prediction: D) -> str:
        """The best object's class."""
        return prediction.categories.names[int(prediction.labels[0])] if len(prediction) else ""


class DetectOutput(BoxOutput[BoxTruth, Detections]):
    """``tasks.contract.Output`` for detection."""

    @property
    def goal(self) -> Goal:
        """Mean average precision over IoU 0.5 to 0.95."""
        return Goal("mAP")

    def assemble(self, arrays: Mapping[str, Array], geometries: Sequence[Geometry]) -> list[Detections]:
        """B ``Detections`` from ``boxes`` (B, k, 4) in input pixels, ``scores`` and ``labels`` (B, k)."""
        return detections_of(self, arrays, geometries)

    def merge(
        self,
        arrays: Sequence[Mapping[str, Array]],
        geometries: Sequence[Geometry],
        views: Sequence[View],
        size: tuple[int, int],
    ) -> Detections:
        """One NMS over all candidates where every view shows the full image; else one per view, then joined."""
        rows = [(a["boxes"], a["scores"], a["labels"], g) for a, g in zip(arrays, geometries, strict=True)]
        if not all(view.shows_all(size) for view in views):
            parts = [decode.detections(*row, self.categories, self.options) for row in rows]
            return tiles.join(parts, views, size, self.options)[0]
        each = [decode.candidates(*row, self.options) for row in rows]
        boxes = np.concatenate([tiles.to_image(one[0], view) for one, view in zip(each, views, strict=True)])
        scores, labels = (np.concatenate([one[i] for one in each]) for i in (1, 2))
        return decode.after_nms(boxes, scores, labels, self.categories, size, self.options)

    def truths(self, catalog: Catalog, indices: Sequence[int]) -> list[BoxTruth]:
        """The objects of some images."""
        return box_truths(catalog, indices)

    def metric(self) -> Metric[BoxTruth, Detections]:
        """COCO's and Pascal VOC's metrics."""
        return DetectionMetric(self.categories)

    def draw(self, image: RGB, prediction: Detections) -> RGB:
        """The image with the objects from the threshold on."""
        return draw_detections(image, prediction)

    def draw_evaluated(self, image: RGB, truth: BoxTruth, prediction: Detections) -> RGB:
        """Ground truth beside predictions, as ``key`` explains them; ignored objects are gray."""
        return draw_truth_and_detections(image, truth, prediction)


def detections_of(
    output: BoxOutput[T, D], arrays: Mapping[str, Array], geometries: Sequence[Geometry]
) -> list[Detections]:
    """The objects of B images, without masks."""
    rows = zip(arrays["boxes"], arrays["scores"], arrays["labels"], geometries, strict=True)
    return [decode.detections(*row, output.categories, output.options) for row in rows]


def box_truths(catalog: Catalog, indices: Sequence[int]) -> list[BoxTruth]:
    """The annotated objects of some images."""
    objects = catalog.objects
    assert objects is not None, "checked by accept"
    spans = [objects.span(int(i)) for i in indices]
    return [BoxTruth(objects.boxes[s], objects.labels[s], objects.flags[s], objects.areas[s]) for s in spans]
