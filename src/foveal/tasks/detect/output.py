"""Detection without torch: objects from boxes and scores, their evaluation and drawing.

Shapes: B images per batch, k candidates per image, N objects. Boxes are xyxy pixels.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from foveal.data.catalog.catalog import Catalog
from foveal.data.notes import listed, plural
from foveal.errors import ConfigError, DataError
from foveal.metrics.contract import Metric
from foveal.metrics.detection.matching import LIMIT
from foveal.metrics.detection.metric import DetectionMetric
from foveal.metrics.detection.threshold import best_f1_threshold
from foveal.tasks.detect import decode, explained, kept, tiles
from foveal.tasks.detect.decode import DetectOptions
from foveal.tasks.detect.outcomes import KEY, outcome_in_words
from foveal.tasks.detect.parity import TOLERANCES, box_differences
from foveal.tasks.detect.show import detection_row, draw_detections, draw_truth_and_detections
from foveal.tasks.output import Output, best_of
from foveal.types.arrays import RGB, Array, FloatArray
from foveal.types.flags import IGNORED_FLAGS
from foveal.types.geometry import Geometry
from foveal.types.goal import Goal
from foveal.types.predictions.columns import Columns, ListOf
from foveal.types.predictions.detections import BoxTruth, Detections
from foveal.types.predictions.subject import Asked, Subject
from foveal.types.selection import Selection
from foveal.types.view import View

T = TypeVar("T", bound=BoxTruth)
D = TypeVar("D", bound=Detections)


OBJECT_COLUMNS: Columns = {"label": "text", "score": "number", "num_objects": "whole", "full": "flag"}
"""What a table says of an image's objects together."""


class BoxOutput(Output[T, D], Generic[T, D]):
    """Base of all tasks that predict objects."""

    options: DetectOptions
    include_full_image = True
    cuts_objects = True
    tolerances: ClassVar[Mapping[str, float]] = TOLERANCES
    meanings: ClassVar[Mapping[str, str]] = {
        "boxes": "(B, k, 4) float32: x1, y1, x2, y2 in pixels of the input, before NMS",
        "scores": "(B, k) float32 in [0, 1], of the candidates",
        "labels": "(B, k) int64, their class ids",
        "masks": "(B, k, m, m) float32 in [0, 1], each over its box",
        "prototypes": "(B, P, h, w) float32 over the input, its sides rounded up to a multiple of 8",
        "coefficients": "(B, k, P) float32: a mask is the sigmoid of their product with the prototypes, in its box",
    }
    table_columns: ClassVar[Columns] = {
        **OBJECT_COLUMNS,
        "objects": ListOf({"name": "text", "score": "number", "box": ListOf("number")}),
    }
    key = KEY
    only: tuple[int, ...] = ()
    """Ids of the classes that are given; empty: all."""

    def select(self, selection: Selection) -> Self:
        """Another threshold or limit, or the objects of some classes.

        Raises:
            ConfigError: More objects than the network gives candidates.
            CategoryError: An unknown class.
        """
        selection.refuse("top")
        changes: dict[str, object] = {}
        if selection.threshold is not None:
            threshold = float(selection.threshold)
            changes = {"threshold": threshold, "min_score": min(self.options.min_score, threshold)}
        if selection.max_objects is not None:
            if selection.max_objects > self.options.candidates:
                most = self.options.candidates
                raise ConfigError(
                    f"--max-objects {selection.max_objects:,} is above the {most:,} candidates that this model gives.",
                    f"Use --max-objects {most} or less; `candidates` sets it in training.",
                )
            changes["max_objects"] = int(selection.max_objects)
        selected = self.with_options(**changes)
        ids = dict.fromkeys(self.categories.index(name, where="--only") for name in selection.only)
        selected.only = tuple(ids) or self.only
        return selected

    def limit_reached(self, prediction: D) -> int:
        """``max_objects``, or the number of objects where the candidates ran out."""
        return len(prediction.shown()) if prediction.full else 0

    def wanted(self, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """The arrays with a score of -1 for candidates of classes that are not given."""
        if not self.only:
            return arrays
        scores = np.where(np.isin(arrays["labels"], self.only), arrays["scores"], np.float32(-1))
        return {**arrays, "scores": scores}

    def remarks(self, truths: Sequence[T], predictions: Sequence[D], *, before: Self) -> list[str]:
        """What a selection changed, lists that are full, and images beyond the limit of COCO's metrics."""
        own, now, lines = before.options, self.options, list[str]()
        if now.threshold != own.threshold:
            lines.append(
                f"Threshold {now.threshold:g} in place of the model's {own.threshold:g}: it changes precision, recall,"
                " F1 and confusions; mAP, AP and AR count all scores."
            )
        if now.max_objects != own.max_objects:
            lines.append(f"At most {now.max_objects:,} objects per image in place of {own.max_objects:,}.")
        if self.only:
            names = [self.categories.names[i] for i in self.only]
            lines.append(f"Only objects of these classes are evaluated: {listed(names)}.")
        full = sum(prediction.full for prediction in predictions)
        if full:
            lines.append(
                f"{plural(full, 'image')} reached the limit of {now.max_objects:,} objects; --max-objects raises it."
            )
        counts = [int((truth.flags & IGNORED_FLAGS == 0).sum()) for truth in truths]
        crowded = sum(count > LIMIT for count in counts)
        if crowded:
            lines.append(
                f"Images with more than {LIMIT} objects: {crowded:,} of {len(counts):,} (up to {max(counts):,} in one);"
                f" mAP, AP and AR count the best {LIMIT} detections per image, as COCO does."
            )
        return lines

    def cutouts(self, image: Callable[[], RGB], prediction: D) -> Iterator[tuple[int, Array]]:
        """The pixels within the box of each shown object."""
        shown = prediction.shown()
        pixels = image() if len(shown) else None
        for label, box in zip(shown.labels.tolist(), shown.boxes, strict=True):
            assert pixels is not None, "there are objects"
            x1, y1, x2, y2 = whole_pixels(box, prediction.size)
            yield label, np.ascontiguousarray(pixels[y1:y2, x1:x2])

    def accept(self, catalog: Catalog) -> None:
        """Check for boxes, at least one of them not ignored.

        Raises:
            DataError: The data set has no boxes, or all of them are ignored.
        """
        if catalog.objects is None:
            raise DataError(f"{catalog.root}: this data set has no boxes.", "Use a COCO, Pascal VOC or YOLO data set.")
        if not len(catalog.objects.flags):
            raise DataError(
                f"{catalog.root}: there is no object in any of {len(catalog):,} images ({catalog.names[0]} ...).",
                "Add annotations of objects, or change the split.",
            )
        if not ((catalog.objects.flags & IGNORED_FLAGS) == 0).any():
            raise DataError(
                f"{catalog.root}: all objects in {len(catalog)} images are ignored ({catalog.names[0]} ...).",
                "Objects marked crowd, difficult or ignored do not count; add others, or change the split.",
            )

    def calibrate(self, arrays: Mapping[str, Array], geometries: Sequence[Geometry], truths: Sequence[T]) -> Self:
        """The threshold with the best F1 of the boxes at IoU 0.5, from ``arrays`` as detection's ``assemble`` takes."""
        predictions = detections_of(self, arrays, geometries)
        return self.with_options(threshold=round(float(best_f1_threshold(truths, predictions)), 4))

    def table_row(self, prediction: D) -> dict[str, object]:
        """The best object, how many there are, whether a limit left out some, and each of them."""
        document = prediction.to_dict()
        objects = document["objects"]
        assert isinstance(objects, list), "one of each object"
        together = {"num_objects": len(objects), "full": bool(document.get("full"))}
        return {**best_of(prediction), **together, "objects": objects}

    def prediction_row(self, truth: T, prediction: D) -> dict[str, str | float]:
        """Numbers of ground-truth and predicted objects, and the predictions."""
        return detection_row(truth, prediction)

    def in_words(self, truth: T, prediction: D) -> str:
        """How many objects are found, missed and false."""
        return outcome_in_words(truth, prediction)

    def for_parity(self) -> Self:
        """Without score threshold, NMS and voting, so that there are boxes to compare even for an untrained network."""
        return self.with_options(min_score=0.0, nms="hard", nms_iou=1.0, box_voting=False)

    def differences(self, ours: D, theirs: D) -> dict[str, float]:
        """Largest distance of boxes in pixels, and of scores."""
        return box_differences(ours, theirs)

    def top_label(self, prediction: D) -> str:
        """The best object's class."""
        return prediction.categories.names[int(prediction.labels[0])] if len(prediction) else ""

    def subjects(self, prediction: D, asked: Asked) -> list[Subject]:
        """The shown objects, or some of them.

        Raises:
            ConfigError: An object that is not there.
            CategoryError: An unknown class.
        """
        return explained.subjects(prediction, asked)

    def support(self, arrays: Mapping[str, Array], subject: Subject, geometry: Geometry) -> FloatArray:
        """The best overlap times score among the candidates of its class, less that of the rival's (D-RISE)."""
        return explained.support(arrays, subject, geometry)

    def region(self, truth: T, subject: Subject, size: tuple[int, int]) -> NDArray[np.bool_] | None:
        """The annotated boxes of a class, or the one that an object overlaps most; ignored ones do not count."""
        return explained.region(truth, subject, size)


class DetectOutput(BoxOutput[BoxTruth, Detections]):
    """``tasks.output.Output`` for detection."""

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
        given = [self.wanted(one) for one in arrays]
        rows = [(a["boxes"], a["scores"], a["labels"], g) for a, g in zip(given, geometries, strict=True)]
        if not all(view.shows_all(size) for view in views):
            parts = [decode.detections(*row, self.categories, self.options) for row in rows]
            return tiles.join(parts, views, size, self.options)[0]
        each = [decode.candidates(*row, self.options) for row in rows]
        boxes = np.concatenate([tiles.to_image(one[0], view) for one, view in zip(each, views, strict=True)])
        scores, labels = (np.concatenate([one[i] for one in each]) for i in (1, 2))
        found = decode.after_nms(boxes, scores, labels, self.categories, size, self.options)
        return replace(found, full=found.full or any(decode.exhausted(a["scores"], self.options) for a in arrays))

    def truths(self, catalog: Catalog, indices: Sequence[int]) -> list[BoxTruth]:
        """The objects of some images."""
        return [of_classes(truth, self.only) for truth in box_truths(catalog, indices)]

    def metric(self) -> Metric[BoxTruth, Detections]:
        """COCO's and Pascal VOC's metrics."""
        return DetectionMetric(self.categories)

    def to_kept(self, truth: BoxTruth, prediction: Detections) -> dict[str, Any]:
        """All detections, those below the threshold too."""
        return kept.to_kept(truth, prediction)

    def from_kept(self, values: Mapping[str, Any]) -> tuple[BoxTruth, Detections]:
        """See ``Keeps``."""
        return kept.from_kept(values, self.categories)

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
    arrays = output.wanted(arrays)
    rows = zip(arrays["boxes"], arrays["scores"], arrays["labels"], geometries, strict=True)
    return [decode.detections(*row, output.categories, output.options) for row in rows]


def box_truths(catalog: Catalog, indices: Sequence[int]) -> list[BoxTruth]:
    """The annotated objects of some images."""
    objects = catalog.objects
    assert objects is not None, "checked by accept"
    spans = [objects.span(int(i)) for i in indices]
    return [BoxTruth(objects.boxes[s], objects.labels[s], objects.flags[s], objects.areas[s]) for s in spans]


def of_classes(truth: BoxTruth, only: Sequence[int]) -> BoxTruth:
    """The objects of some classes; empty: of all."""
    if not only:
        return truth
    keep = np.isin(truth.labels, only)
    return BoxTruth(truth.boxes[keep], truth.labels[keep], truth.flags[keep], truth.areas[keep])


def whole_pixels(box: FloatArray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The pixels that a box (4,) touches, at least one, within an image of ``size`` (width, height)."""
    x1, y1 = (min(max(0, math.floor(v)), side - 1) for v, side in zip(box[:2], size, strict=True))
    x2, y2 = (min(math.ceil(v), side) for v, side in zip(box[2:], size, strict=True))
    return x1, y1, max(x2, x1 + 1), max(y2, y1 + 1)
