"""The half of detection that needs no torch: from boxes and scores to evaluated, drawn objects.

Shapes: B images, k candidates an image, N objects. Boxes are xyxy pixels.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from foveal.data.catalog.catalog import Annotation, Catalog
from foveal.errors import ConfigError, DataError
from foveal.imaging import draw
from foveal.metrics.contract import Metric
from foveal.metrics.detection.metric import DetectionMetric
from foveal.metrics.detection.threshold import best_f1_threshold
from foveal.ops.boxes import clip, iou
from foveal.ops.nms import nms
from foveal.tasks.contract import Goal
from foveal.types.arrays import RGB, Array, FloatArray, IntArray
from foveal.types.categories import Categories
from foveal.types.detections import BoxTruth, Detections
from foveal.types.flags import NOT_EVALUATED
from foveal.types.geometry import Geometry
from foveal.types.settings import Settings
from foveal.types.view import View

SAME_OBJECT = 0.9
"""IoU from which two paths' boxes are taken for the same object when an export is compared."""
PUSHED_OFF = 1e-3
"""How near an object's score is to the last one's, as a part of it, if two paths may list the one or the other."""


class DetectDecode(Settings):
    """How a network's boxes become objects."""

    nms: Literal["hard", "soft_linear", "soft_gaussian", "diou"] = "hard"
    """Kind of non-maximum suppression, within each class."""
    nms_iou: Annotated[float, Field(gt=0, le=1)] = 0.6
    """IoU above which the lower-scored of two boxes is dropped or its score lowered."""
    candidates: Annotated[int, Field(ge=1)] = 500
    """Best boxes of an image that go into non-maximum suppression."""
    max_objects: Annotated[int, Field(ge=1)] = 100
    """Most objects of an image."""
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Score below which a box is no candidate, not even for evaluation."""
    softmax: bool = False
    """Whether the last class score stands for background."""
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Score from which an object is shown; fitted to the best F1 on the validation images."""


class DetectOutput:
    """``tasks.contract.Output`` for detection."""

    name = "detect"
    preview_side = 416
    inference_scale = 1.0
    annotations: Sequence[Annotation] = ("boxes",)
    whole_too = True
    tolerances: Mapping[str, float] = {"box_px": 0.5, "score": 1e-3}

    def goal(self, options: Settings) -> Goal:
        """Mean average precision over IoU 0.5 to 0.95."""
        return Goal("mAP")

    def decode(self, values: Mapping[str, object]) -> DetectDecode:
        """Check options read from a card."""
        return DetectDecode.model_validate(dict(values))

    def assemble(
        self,
        arrays: Mapping[str, Array],
        geometries: Sequence[Geometry],
        categories: Categories,
        options: Settings,
    ) -> Sequence[Detections]:
        """One ``Detections`` an image from ``boxes`` (B, k, 4) in input pixels, ``scores`` and ``labels`` (B, k)."""
        rows = zip(arrays["boxes"], arrays["scores"], arrays["labels"], geometries, strict=True)
        return [assemble_one(*row, categories, _decode(options)) for row in rows]

    def accept(self, catalog: Catalog, options: Settings) -> None:
        """There must be boxes, one at least that is evaluated.

        Raises:
            DataError: The data set says nothing of objects, or has none.
        """
        if catalog.objects is None:
            raise DataError(f"{catalog.root}: this data set has no boxes.", "Give a COCO, Pascal VOC or YOLO data set.")
        if not ((catalog.objects.flags & NOT_EVALUATED) == 0).any():
            raise DataError(
                f"{catalog.root}: there is no object to learn from or to evaluate by in {len(catalog)} images"
                f" ({catalog.names[0]} ...).",
                "Objects marked crowd, difficult or ignored do not count; add others, or split the images otherwise.",
            )

    def truths(self, catalog: Catalog, indices: Sequence[int]) -> Sequence[BoxTruth]:
        """The objects of some images."""
        objects = catalog.objects
        assert objects is not None, "accept saw to it"
        spans = [objects.span(int(i)) for i in indices]
        return [BoxTruth(objects.boxes[s], objects.labels[s], objects.flags[s], objects.areas[s]) for s in spans]

    def metric(self, categories: Categories, options: Settings) -> Metric:
        """The metric."""
        return DetectionMetric(categories)

    def calibrate(
        self,
        arrays: Mapping[str, Array],
        geometries: Sequence[Geometry],
        truths: Sequence[BoxTruth],
        categories: Categories,
        options: Settings,
    ) -> DetectDecode:
        """The threshold with the best F1 at IoU 0.5, from ``arrays`` as ``assemble`` takes them."""
        own = _decode(options)
        found = self.assemble(arrays, geometries, categories, own)
        return own.model_copy(update={"threshold": round(float(best_f1_threshold(truths, found)), 4)})

    def draw(self, image: RGB, prediction: Detections) -> RGB:
        """The image with the objects from the threshold on."""
        shown = prediction.shown()
        captions = [f"{d.name} {d.score:.0%}" for d in shown]
        return draw.boxes(image, scaled(shown.boxes, prediction.size, image), captions, class_colors(shown))

    def draw_evaluated(self, image: RGB, truth: BoxTruth, prediction: Detections, categories: Categories) -> RGB:
        """What is there beside what was found; objects that are not evaluated are dashed."""
        names = [categories.names[i] for i in truth.labels]
        colors = [categories.color(int(i)) for i in truth.labels]
        dashed = [bool(flag) for flag in truth.flags & NOT_EVALUATED]
        there = draw.boxes(image, scaled(truth.boxes, prediction.size, image), names, colors, dashed=dashed)
        return draw.side_by_side(there, self.draw(image, prediction), titles=("truth", "found"))

    def mask_png(self, prediction: Detections) -> Mapping[str, bytes]:
        """Boxes are no masks."""
        raise ConfigError("This model has no masks.", "Leave out --masks.")

    def rows(self, prediction: Detections) -> list[dict[str, str | float]]:
        """Name, score and box of each object from the threshold on, best first."""
        keys = ("x1", "y1", "x2", "y2")
        return [
            {"name": d.name, "score": d.score, **{k: round(v, 2) for k, v in zip(keys, d.box, strict=True)}}
            for d in prediction.shown()
        ]

    def record(self, truth: BoxTruth, prediction: Detections) -> dict[str, str | float]:
        """Numbers of objects that are there and that were found, and what was found."""
        shown = prediction.shown()
        return {
            "objects": len(truth),
            "found": len(shown),
            "prediction": "; ".join(f"{d.name} {d.score:.3f} {' '.join(f'{v:.1f}' for v in d.box)}" for d in shown),
        }

    def compared(self, options: Settings) -> Settings:
        """No box is too unlikely and none is suppressed, so that a network that finds nothing yet has much to show."""
        return _decode(options).model_copy(update={"min_score": 0.0, "nms": "hard", "nms_iou": 1.0})

    def differences(self, ours: Detections, theirs: Detections) -> dict[str, float]:
        """Largest distance of two paths' boxes in pixels, and of their scores; an object that one lacks counts as 1."""
        pairs = same_objects(ours, theirs)
        worst = {"box_px": 0.0, "score": 0.0}
        for i, j in pairs:
            worst["score"] = max(worst["score"], float(abs(theirs.scores[j] - ours.scores[i])))
            worst["box_px"] = max(worst["box_px"], float(np.abs(ours.boxes[i] - theirs.boxes[j]).max()))
        if _lost(ours, {i for i, _ in pairs}, theirs) or _lost(theirs, {j for _, j in pairs}, ours):
            worst["score"] = 1.0
        return worst

    def merge(
        self,
        arrays: Sequence[Mapping[str, Array]],
        geometries: Sequence[Geometry],
        views: Sequence[View],
        size: tuple[int, int],
        categories: Categories,
        options: Settings,
    ) -> Detections:
        """Candidates are suppressed together where all views show the whole image; else view by view, then joined."""
        from foveal.tasks.detect.tiles import merge, to_image

        own = _decode(options)
        rows = [(a["boxes"], a["scores"], a["labels"], g) for a, g in zip(arrays, geometries, strict=True)]
        if not all(view.shows_all(size) for view in views):
            return merge([assemble_one(*row, categories, own) for row in rows], views, size, own)
        found = [candidates(*row, own) for row in rows]
        boxes = np.concatenate([to_image(one[0], view) for one, view in zip(found, views, strict=True)])
        scores, labels = (np.concatenate([one[i] for one in found]) for i in (1, 2))
        return suppress(boxes, scores, labels, categories, size, own)

    def first_answer(self, prediction: Detections) -> str:
        """The best object's class."""
        return prediction.categories.names[int(prediction.labels[0])] if len(prediction) else ""


def assemble_one(
    boxes: Array, scores: Array, labels: Array, geometry: Geometry, categories: Categories, options: DetectDecode
) -> Detections:
    """Candidates (k, ...) of one image in input pixels to suppressed objects in source pixels."""
    return suppress(*candidates(boxes, scores, labels, geometry, options), categories, geometry.source_size, options)


def candidates(
    boxes: Array, scores: Array, labels: Array, geometry: Geometry, options: DetectDecode
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Boxes in source pixels, scores and labels of those of k candidates that are likely enough."""
    keep = scores >= options.min_score
    source = geometry.to_source(boxes[keep].reshape(-1, 2)).reshape(-1, 4)
    return source, scores[keep].astype(np.float64), labels[keep].astype(np.int64)


def suppress(
    boxes: FloatArray,
    scores: FloatArray,
    labels: IntArray,
    categories: Categories,
    size: tuple[int, int],
    options: DetectDecode,
) -> Detections:
    """Candidates in pixels of an image of ``size`` to objects: cut off at its borders, overlapping ones suppressed."""
    places, cut, final = survivors(boxes, scores, labels, size, options)
    return Detections(cut, final, labels[places], categories, size, options.threshold)


def survivors(
    boxes: FloatArray, scores: FloatArray, labels: IntArray, size: tuple[int, int], options: DetectDecode
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Which candidates become objects, as places among them, with their boxes cut off and their final scores."""
    cut = clip(boxes, size)
    there = np.flatnonzero((cut[:, 2] > cut[:, 0]) & (cut[:, 3] > cut[:, 1]))
    places, final = nms(
        cut[there],
        scores[there],
        labels[there],
        iou=options.nms_iou,
        method=options.nms,
        min_score=options.min_score,
        max_objects=options.max_objects,
    )
    places = there[places]
    return places, cut[places], final


def same_objects(ours: Detections, theirs: Detections) -> list[tuple[int, int]]:
    """Places of the objects that two paths both found, in each one's list; of several the nearest by box and score."""
    allowed = DetectOutput.tolerances
    apart = np.abs(ours.boxes[:, None] - theirs.boxes[None]).max(-1, initial=0.0)
    same = (iou(ours.boxes, theirs.boxes) >= SAME_OBJECT) | (apart <= allowed["box_px"])
    same &= ours.labels[:, None] == theirs.labels[None]
    cost = apart / allowed["box_px"] + np.abs(ours.scores[:, None] - theirs.scores[None]) / allowed["score"]
    cost[~same] = np.inf
    pairs: list[tuple[int, int]] = []
    for i in range(len(ours)):
        if np.isfinite(cost[i]).any():
            j = int(cost[i].argmin())
            cost[:, j] = np.inf
            pairs.append((i, j))
    return pairs


def scaled(boxes: FloatArray, size: tuple[int, int], image: RGB) -> FloatArray:
    """Boxes of an image of ``size`` on a copy of it in another size."""
    moved: FloatArray = boxes * np.array([image.shape[1] / size[0], image.shape[0] / size[1]] * 2)
    return moved


def class_colors(found: Detections) -> list[tuple[int, int, int]]:
    """Of each object's class."""
    return [found.categories.color(int(label)) for label in found.labels]


def _lost(found: Detections, paired: set[int], other: Detections) -> bool:
    """Whether the other path lacks one of these objects that was not just pushed off the end of its list."""
    missing = [i for i in range(len(found)) if i not in paired]
    ends_alike = len(found) == len(other) and 2 * len(paired) >= len(found)
    return any(not ends_alike or found.scores[i] > other.scores.min() * (1 + PUSHED_OFF) for i in missing)


def _decode(options: Settings) -> DetectDecode:
    assert isinstance(options, DetectDecode), "options of another task"
    return options
