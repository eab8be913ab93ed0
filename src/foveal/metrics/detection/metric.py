"""The metric of object detection: COCO's metrics with intervals, and Pascal VOC's.

Crowds are evaluated by COCO's crowd rule; difficult and ignored objects are neither false negatives nor false
positives.

Shapes: N images, K classes.
"""

from foveal.errors import ShapeError
from foveal.metrics.contract import Metric, require_images
from foveal.metrics.detection.objects import flatten
from foveal.metrics.detection.verdict import ObjectVerdict
from foveal.types.categories import Categories
from foveal.types.predictions.detections import BoxTruth, Detections


class DetectionMetric(Metric[BoxTruth, Detections]):
    """Evaluates detections against the ground truth.

    Args:
        categories: The class map, K names.
    """

    def __init__(self, categories: Categories) -> None:
        self.categories = categories
        self._truths: list[BoxTruth] = []
        self._predictions: list[Detections] = []

    def update(self, truth: BoxTruth, prediction: Detections) -> None:
        """Add one image.

        Args:
            truth: The annotated boxes.
            prediction: The detections, including those below the threshold, for average precision.

        Raises:
            ShapeError: A class id, or the prediction's class map, does not fit this one.
        """
        num_classes = len(self.categories)
        if len(truth) and not (truth.labels.min() >= 0 and truth.labels.max() < num_classes):
            raise ShapeError(
                f"The metric got class id {int(truth.labels.max())} for {num_classes} classes;"
                f" pass 0 to {num_classes - 1}."
            )
        if prediction.categories.names != self.categories.names:
            raise ShapeError(
                f"The metric got objects of {len(prediction.categories)} classes that are not its own {num_classes};"
                " evaluate with the model's classes."
            )
        self._truths.append(truth)
        self._predictions.append(prediction)

    def verdict(self) -> ObjectVerdict:
        """See ``Metric``."""
        require_images(len(self._truths))
        thresholds = [prediction.threshold for prediction in self._predictions]
        return ObjectVerdict(*flatten(self._truths, self._predictions), self.categories, thresholds)
