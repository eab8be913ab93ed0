"""The half of detection that needs no torch: from boxes and scores to judged, drawn objects.

Shapes: B pictures, k candidates a picture, N objects. Boxes are xyxy pixels.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from foveal.data.catalog import Catalog
from foveal.errors import DataError
from foveal.imaging import draw
from foveal.metrics.contract import Metric
from foveal.metrics.detection import DetectionMetric
from foveal.metrics.threshold import best_f1_threshold
from foveal.ops.boxes import clip, iou
from foveal.ops.nms import nms
from foveal.tasks.contract import Goal
from foveal.types.arrays import RGB, Array, FloatArray
from foveal.types.categories import Categories
from foveal.types.detections import BoxTruth, Detections
from foveal.types.flags import NOT_JUDGED
from foveal.types.geometry import Geometry
from foveal.types.settings import Settings

SAME_OBJECT = 0.9
"""IoU from which two paths' boxes are taken for the same object when an export is compared."""


class DetectDecode(Settings):
    """How a network's boxes become objects."""

    nms: Literal["hard", "soft_linear", "soft_gaussian", "diou"] = "hard"
    """Kind of non-maximum suppression, within each class."""
    nms_iou: Annotated[float, Field(gt=0, le=1)] = 0.6
    """IoU above which the lower-scored of two boxes is dropped or its score lowered."""
    candidates: Annotated[int, Field(ge=1)] = 500
    """Best boxes of a picture that go into non-maximum suppression."""
    max_objects: Annotated[int, Field(ge=1)] = 100
    """Most objects of a picture."""
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Score below which a box is no candidate, not even for judging."""
    softmax: bool = False
    """Whether the last class score stands for background."""
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Score from which an object is shown; fitted to the best F1 on the validation pictures."""


class DetectOutput:
    """``tasks.contract.Output`` for detection."""

    name = "detect"
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
    ) -> list[Detections]:
        """One ``Detections`` a picture from ``boxes`` (B, k, 4) in input pixels, ``scores`` and ``labels`` (B, k)."""
        rows = zip(arrays["boxes"], arrays["scores"], arrays["labels"], geometries, strict=True)
        return [assemble_one(*row, categories, _decode(options)) for row in rows]

    def accept(self, catalog: Catalog, options: Settings) -> None:
        """There must be boxes.

        Raises:
            DataError: The data set says nothing of objects.
        """
        if catalog.objects is None:
            raise DataError(f"{catalog.root}: this data set has no boxes.", "Give a COCO, Pascal VOC or YOLO data set.")

    def truths(self, catalog: Catalog, indices: Sequence[int]) -> list[BoxTruth]:
        """The objects of some pictures."""
        objects = catalog.objects
        assert objects is not None, "accept saw to it"
        spans = [objects.span(int(i)) for i in indices]
        return [BoxTruth(objects.boxes[s], objects.labels[s], objects.flags[s], objects.areas[s]) for s in spans]

    def metric(self, categories: Categories, options: Settings) -> Metric:
        """The judge."""
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
        """The picture with the objects from the threshold on."""
        shown = prediction.shown()
        captions = [f"{d.name} {d.score:.0%}" for d in shown]
        return draw.boxes(image, _scaled(shown.boxes, prediction.size, image), captions, _colors(shown))

    def draw_judged(self, image: RGB, truth: BoxTruth, prediction: Detections, categories: Categories) -> RGB:
        """What is there beside what was found; objects that are not judged are dashed."""
        names = [categories.names[i] for i in truth.labels]
        colors = [categories.color(int(i)) for i in truth.labels]
        dashed = [bool(flag) for flag in truth.flags & NOT_JUDGED]
        there = draw.boxes(image, _scaled(truth.boxes, prediction.size, image), names, colors, dashed=dashed)
        return draw.side_by_side(there, self.draw(image, prediction), titles=("truth", "found"))

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

    def differences(self, ours: Detections, theirs: Detections) -> dict[str, float]:
        """Largest distance of two paths' boxes in pixels, and of their scores; an object that one lacks counts whole.

        Objects near the threshold may be shown by one and not by the other, so all are compared, best first.
        """
        worst = {"box_px": 0.0, "score": 0.0}
        overlap = iou(ours.boxes, theirs.boxes) * (ours.labels[:, None] == theirs.labels[None])
        taken = np.zeros(len(theirs), bool)
        for i in range(len(ours)):
            close = np.where(taken, 0.0, overlap[i]) >= SAME_OBJECT
            if not close.any():
                worst["score"] = max(worst["score"], _lost(ours, i))
                continue
            apart = np.where(close, np.abs(theirs.scores - ours.scores[i]), np.inf)
            j = int(apart.argmin())
            taken[j] = True
            worst["score"] = max(worst["score"], float(apart[j]))
            worst["box_px"] = max(worst["box_px"], float(np.abs(ours.boxes[i] - theirs.boxes[j]).max()))
        for left in np.flatnonzero(~taken).tolist():
            worst["score"] = max(worst["score"], _lost(theirs, left))
        return worst

    def merge(
        self,
        answers: Sequence[Detections],
        tiles: Sequence[tuple[int, int, int, int]],
        size: tuple[int, int],
        options: Settings,
    ) -> Detections:
        """The objects of a large picture from those of its tiles."""
        from foveal.tasks.detect.tiles import merge

        return merge(answers, tiles, size, _decode(options))

    def first_answer(self, prediction: Detections) -> str:
        """The best object's class."""
        return prediction.categories.names[int(prediction.labels[0])] if len(prediction) else ""


def assemble_one(
    boxes: Array, scores: Array, labels: Array, geometry: Geometry, categories: Categories, options: DetectDecode
) -> Detections:
    """Candidates (k, ...) of one picture in input pixels to suppressed objects in source pixels."""
    keep = scores >= options.min_score
    ids = labels[keep].astype(np.int64)
    source = geometry.to_source(boxes[keep].reshape(-1, 2)).reshape(-1, 4)
    cut = clip(source, geometry.source_size)
    there = (cut[:, 2] > cut[:, 0]) & (cut[:, 3] > cut[:, 1])
    cut, ids, kept_scores = cut[there], ids[there], scores[keep][there].astype(np.float64)
    places, final = nms(
        cut,
        kept_scores,
        ids,
        iou=options.nms_iou,
        method=options.nms,
        min_score=options.min_score,
        max_objects=options.max_objects,
    )
    return Detections(cut[places], final, ids[places], categories, geometry.source_size, options.threshold)


def _scaled(boxes: FloatArray, size: tuple[int, int], image: RGB) -> FloatArray:
    """Boxes of a picture of ``size`` on a copy of it in another size."""
    scaled: FloatArray = boxes * np.array([image.shape[1] / size[0], image.shape[0] / size[1]] * 2)
    return scaled


def _colors(found: Detections) -> list[tuple[int, int, int]]:
    return [found.categories.color(int(label)) for label in found.labels]


def _lost(found: Detections, index: int) -> float:
    """How much it matters that the other path lacks an object: nothing if it could have been pushed off a full list."""
    full = len(found) > 1 and found.scores[index] - found.scores.min() < 1e-3
    return 0.0 if full else float(found.scores[index])


def _decode(options: Settings) -> DetectDecode:
    assert isinstance(options, DetectDecode), "options of another task"
    return options
