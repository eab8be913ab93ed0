"""The evaluation of detections, the same for the overlap of boxes and of masks.

Conventions: AP and AR as COCO has them (``coco``); ``precision``, ``recall`` and ``f1`` over all classes together, of
the detections shown (from the model's threshold on) at IoU 0.5; ``voc2007_AP50`` and ``voc2010_AP50`` by Pascal VOC's
own matching. Undefined values are NaN, as are all of a class without objects.

Shapes: N images, K classes, R resamples.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from foveal.metrics.bootstrap import bootstrap, results_of
from foveal.metrics.contract import Panel, Results, Scale, Scores, Verdict, Weights
from foveal.metrics.counts import mean_where, ratio
from foveal.metrics.detection.coco import AREAS, NAMES, NAMES_AR, VOC_NAMES, Coco
from foveal.metrics.detection.errors import BACKGROUND_IOU, Errors
from foveal.metrics.detection.matching import outcome
from foveal.metrics.detection.mistakes import uncertain_images, worst_images
from foveal.metrics.detection.objects import GroundTruth, Overlap, Predicted, overlapping
from foveal.metrics.detection.panels import (
    confusion,
    f1_by_class,
    f1_by_threshold,
    overlap_histogram,
    precision_recall,
)
from foveal.metrics.detection.sizes import median_sides, objects_per_image, recall_by_size
from foveal.metrics.detection.threshold import ByScore
from foveal.metrics.intervals import effective_units
from foveal.types.arrays import FloatArray, IntArray
from foveal.types.categories import Categories

OWN_NAMES = {"AP": "mAP"}
"""Names of the means over classes of columns, where they differ from the column's."""
RATES = ("precision", "recall", "f1")
SCALES = {name: Scale() for name in ("mAP", *NAMES[1:], *NAMES_AR, *RATES, *VOC_NAMES)}
MAX_DRAWS = 100_000_000
"""Limit of detections times resamples: about five seconds."""
LEAST_RESAMPLES = 100


class ObjectVerdict(Verdict):
    """All that does not depend on the weights.

    Args:
        predicted: Detections.
        truth: Ground-truth objects.
        overlap: Function that measures the IoU of objects of one image.
        categories: The class map, K names.
        thresholds: (N,) score from which each image's detections are shown.
        noun: What overlaps, in a word for the report.
    """

    scales = SCALES

    def __init__(
        self,
        predicted: Predicted,
        truth: GroundTruth,
        overlap: Overlap,
        categories: Categories,
        thresholds: Sequence[float],
        *,
        noun: str = "boxes",
    ) -> None:
        num_images = len(thresholds)
        self.predicted, self.truth, self.categories, self.num_images = predicted, truth, categories, num_images
        self.thresholds, self.noun = np.asarray(thresholds, np.float64), noun
        self.pairs = overlapping(predicted, truth, overlap, least=BACKGROUND_IOU, num_images=num_images)
        self.near = self.pairs[self.pairs.iou >= 0.5]
        self.coco = Coco(predicted, truth, self.near, len(categories))
        self._columns = self.coco.per_class(np.ones((num_images, 1), np.float32))
        self.result = outcome(predicted, truth, self.near)
        places = (
            predicted.image[self.result.hit & predicted.shown],
            predicted.image[self.result.counted & predicted.shown],
            truth.image[~truth.ignored],
        )
        self._counts = np.stack([np.bincount(p, minlength=num_images) for p in places]).astype(np.float64)

    def score(self, weights: Weights) -> Scores:
        """See ``Verdict``."""
        columns = self._columns if (weights == 1).all() else self.coco.per_class(weights)
        means = {OWN_NAMES.get(n, n): mean_where(c, np.isfinite(c), empty=np.nan) for n, c in columns.items()}
        voc = {name: means.pop(name) for name in VOC_NAMES}
        return {**means, **_rates(*(self._counts @ weights.astype(np.float64))), **voc}

    def evidence(self, units: IntArray) -> Mapping[str, FloatArray]:
        """Means over classes rest on the objects of each class and size, rates on all objects."""
        truth, of = self.truth, units[self.truth.image]
        sizes = {size: effective_units(of, self.coco.counts(size).astype(np.float64), truth.label) for size in AREAS}
        means = {name: sizes[name.partition("_")[2]] for name in (*NAMES, *NAMES_AR) if "_" in name}
        return {
            **dict.fromkeys(self.scales, sizes["all"]),
            **means,
            **dict.fromkeys(RATES, effective_units(of, (~truth.ignored).astype(np.float64))),
        }

    def by_image(self) -> FloatArray:
        """(N,) the F1 of each image's objects, at the threshold; 1 where there are none and none is shown."""
        hits, predicted, true = self._counts
        f1: FloatArray = ratio(2 * hits, predicted + true, empty=1.0)
        return f1

    def most_resamples(self) -> int:
        """As many as take about five seconds."""
        return max(LEAST_RESAMPLES, MAX_DRAWS // max(1, len(self.predicted)))

    def results(self, *, num_resamples: int = 1000, seed: int = 0, groups: IntArray | None = None) -> Results:
        """See ``Verdict``.

        Fewer resamples are drawn, with a note in the first panel, where more than 100 million detections would be
        resampled.
        """
        drawn = min(num_resamples, self.most_resamples())
        metrics = bootstrap(self, num_resamples=drawn, seed=seed, groups=groups)
        drawn_from = f"{self.num_images} images" if groups is None else f"{len(np.unique(groups))} groups"
        note = f"At IoU 0.5. Intervals are from {drawn} resamples of {drawn_from}."
        if drawn < num_resamples:
            note += f" {num_resamples} were requested; {len(self.predicted)} detections would take too long."
        panels: list[Panel] = [
            *precision_recall(self.coco, self.categories, note),
            *f1_by_threshold(ByScore.of(self.predicted, self.truth, self.result), self.thresholds),
            *f1_by_class(self.predicted, self.truth, self.result, self.categories, self.thresholds),
            confusion(self.predicted, self.truth, self.near, self.result, self.categories),
            *overlap_histogram(self.predicted, self.truth, self.pairs, self.noun),
            *recall_by_size(self.truth, self.result.missed(self.truth, self.predicted.shown)),
            *objects_per_image(self.predicted, self.truth, self.num_images),
            Errors(self.predicted, self.truth, self.pairs, self.result, len(self.categories)).table(),
        ]
        found = self.predicted, self.truth, self.result, self.categories
        return results_of(
            self,
            metrics,
            self._per_class(),
            panels=tuple(panels),
            worst=worst_images(*found),
            uncertain=uncertain_images(*found),
            sizes=median_sides(self.truth, self.categories),
            groups=groups,
        )

    def _per_class(self) -> dict[str, dict[str, float]]:
        """By class: AP, AP50, AR100, precision, recall, f1 and objects."""
        num_classes, shown, result = len(self.categories), self.predicted.shown, self.result
        hits, predicted, true = (
            np.bincount(labels, minlength=num_classes).astype(np.float64)
            for labels in (
                self.predicted.label[result.hit & shown],
                self.predicted.label[result.counted & shown],
                self.truth.label[~self.truth.ignored],
            )
        )
        table = {
            **{name: self._columns[name][:, 0] for name in (NAMES[0], NAMES[1], NAMES_AR[2])},
            **_rates(hits, predicted, true),
            "objects": true,
        }
        for name in RATES:
            table[name] = np.where(true > 0, table[name], np.nan)
        return {
            name: {column: float(values[k]) for column, values in table.items()}
            for k, name in enumerate(self.categories.names)
        }


def _rates(hits: FloatArray, predicted: FloatArray, true: FloatArray) -> dict[str, FloatArray]:
    """Precision, recall and F1 from counts of any shape."""
    return {
        "precision": ratio(hits, predicted, empty=np.nan),
        "recall": ratio(hits, true, empty=np.nan),
        "f1": ratio(2 * hits, predicted + true, empty=np.nan),
    }
