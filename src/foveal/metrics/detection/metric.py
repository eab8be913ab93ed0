"""The metric of boxes: COCO's numbers with intervals, Pascal VOC's beside them.

Crowds are evaluated by COCO's crowd rule; difficult and ignored objects are neither required nor mistakes.

Shapes: N images, K classes.
"""

from foveal.errors import DataError, ShapeError
from foveal.metrics.contract import Results
from foveal.metrics.detection.objects import flatten
from foveal.metrics.detection.verdict import ObjectVerdict
from foveal.types.categories import Categories
from foveal.types.detections import BoxTruth, Detections


class DetectionMetric:
    """Evaluates boxes found against boxes that are there.

    Args:
        categories: The class map, K names.
    """

    def __init__(self, categories: Categories) -> None:
        self.categories = categories
        self._truths: list[BoxTruth] = []
        self._predictions: list[Detections] = []

    def update(self, truth: BoxTruth, prediction: Detections) -> None:
        """Take in one image.

        Args:
            truth: The boxes that are there.
            prediction: The boxes found, those below the threshold too: average precision needs them.

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

    def compute(self, *, num_resamples: int = 1000, seed: int = 0) -> Results:
        """Evaluate all images taken in.

        Args:
            num_resamples: Bootstrap resamples over images; 0 gives intervals of zero width. Fewer are drawn, and the
                first panel says so, where more than 100 million objects would be drawn again.
            seed: Of the resampling.

        Raises:
            DataError: No image was taken in.
        """
        if not self._truths:
            raise DataError("There is no image to evaluate.", "Check that the data set and the split hold images.")
        found, there, overlap = flatten(self._truths, self._predictions)
        verdict = ObjectVerdict(found, there, overlap, self.categories, num_images=len(self._truths))
        thresholds = [p.threshold for p in self._predictions]
        return verdict.results(thresholds, num_resamples=num_resamples, seed=seed)
