"""The metric of semantic segmentation.

Pixels are counted over the whole set before anything is divided, as Pascal VOC does it; those whose truth is unknown
are ignored, whatever was predicted. ``mIoU``, ``dice`` and ``mean_accuracy``, the mean recall, are means over the
classes that occur in the truth: a class without pixels has no IoU, and pixels predicted as it count against the class
that is there.
``fw_iou`` weights each class's IoU by its share of the truth. ``boundary_f1`` is taken image by image, since the
tolerance is the image's own: the mean over the classes that have a boundary in the truth or the prediction, then over
the images that have such a class. Undefined values are NaN.

Per image only one row for each class that occurs in it is kept, whatever its size and K.

Shapes: N images, K classes, R resamples, E rows: classes that occur, image by image.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ShapeError
from foveal.metrics.bootstrap import bootstrap, results_of
from foveal.metrics.classification.panels import confused_pairs
from foveal.metrics.contract import Metric, Panel, Results, Scale, Scores, Verdict, Weights, require_images
from foveal.metrics.counts import Counts, mean_where, ratio
from foveal.metrics.intervals import effective_units
from foveal.metrics.segmentation.boundary_f1 import boundary_f1
from foveal.metrics.segmentation.panels import confusion_shares, iou_by_image, worst_images
from foveal.types.arrays import FloatArray, IntArray
from foveal.types.categories import Categories
from foveal.types.predictions.masks import IGNORE, ClassMap, MapTruth

ROW = np.dtype([("label", "u1"), ("hits", "i8"), ("predicted", "i8"), ("true", "i8"), ("boundary_f1", "f8")])
"""A class in an image: its id; its correctly predicted, predicted and true pixels; its boundary F1 or NaN."""

SCALES = dict.fromkeys(("mIoU", "pixel_accuracy", "mean_accuracy", "dice", "fw_iou", "boundary_f1"), Scale())


class SegmentationMetric(Metric[MapTruth, ClassMap]):
    """Evaluates the predicted class of every pixel against the true one.

    Args:
        categories: The class map, K names.
    """

    def __init__(self, categories: Categories) -> None:
        self.categories = categories
        self._confusion = np.zeros((len(categories), len(categories)), np.int64)
        self._images: list[NDArray[np.void]] = []

    def update(self, truth: MapTruth, prediction: ClassMap) -> None:
        """Add one image.

        Args:
            truth: The class of every pixel, ``IGNORE`` where it is unknown.
            prediction: The class predicted for every pixel of the same image.

        Raises:
            ShapeError: The sizes differ, or a class id or the prediction's class map does not fit this one.
        """
        num_classes = len(self.categories)
        if prediction.categories.names != self.categories.names:
            raise ShapeError(
                f"The metric got a map of {len(prediction.categories)} classes that are not its own {num_classes};"
                " evaluate with the model's classes."
            )
        if truth.ids.shape != prediction.runs.shape:
            raise ShapeError(
                f"The metric got a truth of shape {truth.ids.shape} and a prediction of {prediction.runs.shape}; pass"
                " maps of one image, (rows, columns)."
            )
        predicted = prediction.ids
        confusion = confusion_matrix(truth.ids, predicted, num_classes)
        self._confusion += confusion
        hits, all_predicted, true = confusion.diagonal(), confusion.sum(0), confusion.sum(1)
        labels = np.flatnonzero(all_predicted + true)
        rows = np.empty(len(labels), ROW)
        rows["label"], rows["hits"], rows["predicted"], rows["true"] = (
            labels,
            hits[labels],
            all_predicted[labels],
            true[labels],
        )
        rows["boundary_f1"] = boundary_f1(truth.ids, predicted, labels)
        self._images.append(rows)

    def verdict(self) -> "SegmentationVerdict":
        """See ``Metric``."""
        require_images(len(self._images))
        return SegmentationVerdict(self._images, self._confusion.copy(), self.categories)


class SegmentationVerdict(Verdict):
    """All that does not depend on the weights.

    Args:
        images: N arrays of ``ROW``.
        confusion: (K, K) pixels of class row predicted as class column.
        categories: The class map, K names.
    """

    scales = SCALES

    def __init__(self, images: list[NDArray[np.void]], confusion: NDArray[np.int64], categories: Categories) -> None:
        self.confusion, self.categories, self.num_images = confusion, categories, len(images)
        rows = np.concatenate(images)
        self.label, self.boundary_f1 = rows["label"], rows["boundary_f1"]
        self.image = np.repeat(np.arange(len(images)), [len(p) for p in images])
        self._amounts = np.stack([rows[name] for name in ("hits", "predicted", "true")]).astype(np.float64)
        self.iou = iou(Counts(*self._amounts))
        order = np.argsort(self.label, kind="stable")
        cuts = np.searchsorted(self.label[order], np.arange(len(confusion) + 1))
        self._of_class = [order[start:stop] for start, stop in pairwise(cuts)]
        boundary = self._by_image(self.boundary_f1)
        self._has_boundary = np.isfinite(boundary).astype(np.float64)
        self._boundary_f1 = np.nan_to_num(boundary)

    def counts(self, weights: Weights) -> Counts:
        """(K, R) weighted pixels."""
        sums = np.zeros((3, len(self._of_class), weights.shape[1]))
        for k, rows in enumerate(self._of_class):
            if len(rows):
                sums[:, k] = self._amounts[:, rows] @ weights[self.image[rows]].astype(np.float64)
        return Counts(*sums)

    def score(self, weights: Weights) -> Scores:
        """See ``Verdict``."""
        counts, wide = self.counts(weights), weights.astype(np.float64)
        overlap, occurs, total = iou(counts), counts.true > 0, counts.true.sum(0)
        return {
            "mIoU": mean_where(overlap, occurs, empty=np.nan),
            "pixel_accuracy": ratio(counts.hits.sum(0), total, empty=np.nan),
            "mean_accuracy": mean_where(counts.recall, occurs, empty=np.nan),
            "dice": mean_where(counts.f1, occurs, empty=np.nan),
            "fw_iou": ratio((np.nan_to_num(overlap) * counts.true).sum(0), total, empty=np.nan),
            "boundary_f1": ratio(self._boundary_f1 @ wide, self._has_boundary @ wide, empty=np.nan),
        }

    def evidence(self, units: IntArray) -> Mapping[str, FloatArray]:
        """Means over classes rest on the pixels of each class, boundaries on the images that have some."""
        true, of = self._amounts[2], units[self.image]
        by_class, at_once = effective_units(of, true, self.label), effective_units(of, true)
        return {
            **dict.fromkeys(("mIoU", "dice", "mean_accuracy"), by_class),
            **dict.fromkeys(("pixel_accuracy", "fw_iou"), at_once),
            "boundary_f1": effective_units(units, self._has_boundary),
        }

    def by_image(self) -> FloatArray:
        """(N,) the mean IoU of each image over the classes that are there or were predicted."""
        return self._by_image(self.iou)

    def results(self, *, num_resamples: int = 1000, seed: int = 0, groups: IntArray | None = None) -> Results:
        """See ``Verdict``."""
        categories = self.categories
        metrics = bootstrap(self, num_resamples=num_resamples, seed=seed, groups=groups)
        by_image = self._by_image(self.iou)
        panels: tuple[Panel, ...] = (
            *confusion_shares(self.confusion, categories),
            confused_pairs(self.confusion, categories, of="pixels"),
            *iou_by_image(by_image),
        )
        worst = worst_images(by_image, self.image, self.label, self.iou, categories)
        return results_of(self, metrics, self._per_class(), panels=panels, worst=worst, groups=groups)

    def _per_class(self) -> dict[str, dict[str, float]]:
        """By class: iou, dice, accuracy (recall), precision, boundary_f1 and pixels, the share of the truth."""
        counts = self.counts(np.ones((self.num_images, 1), np.float32))
        boundaries = [self.boundary_f1[rows][np.isfinite(self.boundary_f1[rows])] for rows in self._of_class]
        there = counts.true[:, 0] > 0
        columns = {
            "iou": np.where(there, iou(counts)[:, 0], np.nan),
            "dice": counts.f1[:, 0],
            "accuracy": counts.recall[:, 0],
            "precision": np.where(there, ratio(counts.hits, counts.predicted, empty=np.nan)[:, 0], np.nan),
            "boundary_f1": np.where(there, [f1.mean() if len(f1) else np.nan for f1 in boundaries], np.nan),
            "pixels": ratio(counts.true, counts.true.sum(0), empty=np.nan)[:, 0],
        }
        return {
            name: {column: float(values[k]) for column, values in columns.items()}
            for k, name in enumerate(self.categories)
        }

    def _by_image(self, values: FloatArray) -> FloatArray:
        """(N,) mean of (E,) values over the classes of each image for which they are defined; NaN without any."""
        known = np.isfinite(values)
        sums, counts = (
            np.bincount(self.image[known], weights=w[known], minlength=self.num_images).astype(np.float64)
            for w in (values, np.ones(len(values)))
        )
        return ratio(sums, counts, empty=np.nan)


def iou(counts: Counts) -> FloatArray:
    """Intersection over union of each class, in the shape of the counts; NaN where a class occurs in neither map."""
    return ratio(counts.hits, counts.predicted + counts.true - counts.hits, empty=np.nan)


def confusion_matrix(truth: NDArray[np.uint8], predicted: NDArray[np.uint8], num_classes: int) -> NDArray[np.int64]:
    """(K, K) pixels of class row predicted as class column, without those of unknown truth.

    Raises:
        ShapeError: The truth holds an id that is neither a class nor ``IGNORE``.
    """
    cells = truth.ravel().astype(np.int64) * num_classes + predicted.ravel()
    counts = np.bincount(cells, minlength=(IGNORE + 1) * num_classes).reshape(-1, num_classes)
    foreign = np.flatnonzero(counts[num_classes:IGNORE].any(1))
    if len(foreign):
        raise ShapeError(
            f"The metric got class id {int(foreign[0]) + num_classes} for {num_classes} classes;"
            f" pass 0 to {num_classes - 1}, or {IGNORE} where it is unknown."
        )
    return counts[:num_classes].astype(np.int64, copy=False)
