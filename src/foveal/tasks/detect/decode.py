"""From a network's boxes and scores to objects in source pixels.

Shapes: k candidates per image, N objects. Boxes are xyxy pixels.
"""

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from foveal.ops.boxes import clip
from foveal.ops.nms import nms, vote
from foveal.tasks.detect.config import MAX_CANDIDATES, MAX_OBJECTS, USUAL_CANDIDATES, USUAL_OBJECTS, BoxPicking
from foveal.types.arrays import Array, FloatArray, IntArray
from foveal.types.categories import Categories
from foveal.types.geometry import Geometry
from foveal.types.predictions.detections import Detections


class DetectOptions(BoxPicking):
    """Postprocessing of a network's boxes."""

    candidates: Annotated[int, Field(ge=1, le=MAX_CANDIDATES)] = USUAL_CANDIDATES
    """Boxes per image that the network gives, those with the highest scores."""
    max_objects: Annotated[int, Field(ge=1, le=MAX_OBJECTS)] = USUAL_OBJECTS
    """Maximum number of detections per image."""
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Score below which a box is dropped, even for evaluation."""
    softmax: bool = False
    """Whether the last class score is background."""
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Score from which an object is shown; fitted to the best F1 on the validation images."""


def detections(
    boxes: Array, scores: Array, labels: Array, geometry: Geometry, categories: Categories, options: DetectOptions
) -> Detections:
    """Candidates (k, ...) of one image in input pixels to its objects, after NMS, in source pixels."""
    found = after_nms(*candidates(boxes, scores, labels, geometry, options), categories, geometry.source_size, options)
    return replace(found, full=found.full or exhausted(scores, options))


def candidates(
    boxes: Array, scores: Array, labels: Array, geometry: Geometry, options: DetectOptions
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Boxes in source pixels, scores and labels of the candidates above the minimum score."""
    keep = scores >= options.min_score
    source = geometry.to_source(boxes[keep].reshape(-1, 2)).reshape(-1, 4)
    return source, scores[keep].astype(np.float64), labels[keep].astype(np.int64)


def after_nms(
    boxes: FloatArray,
    scores: FloatArray,
    labels: IntArray,
    categories: Categories,
    size: tuple[int, int],
    options: DetectOptions,
) -> Detections:
    """Candidates in pixels of an image of ``size`` to objects, clipped to its borders."""
    places, clipped, final = survivors(boxes, scores, labels, size, options)
    return Detections(clipped, final, labels[places], categories, size, options.threshold, full=is_cut(final, options))


def is_cut(final: FloatArray, options: DetectOptions) -> bool:
    """Whether the limit on objects was reached by objects that are shown; final scores (N,) fall."""
    return len(final) >= options.max_objects and bool(final[-1] >= options.threshold)


def exhausted(scores: Array, options: DetectOptions) -> bool:
    """Whether all candidates (k,) that the network gives are above the threshold, so that there may be more."""
    return len(scores) >= options.candidates and bool(scores.min() >= options.threshold)


def survivors(
    boxes: FloatArray, scores: FloatArray, labels: IntArray, size: tuple[int, int], options: DetectOptions
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Indices of the candidates that NMS keeps, with their clipped boxes, as voted, and final scores."""
    clipped = clip(boxes, size)
    there = np.flatnonzero((clipped[:, 2] > clipped[:, 0]) & (clipped[:, 3] > clipped[:, 1]))
    given = clipped[there], scores[there], labels[there]
    kept, final = nms(
        *given,
        iou=options.nms_iou,
        method=options.nms,
        min_score=options.min_score,
        max_objects=options.max_objects,
    )
    boxes = vote(kept, *given) if options.box_voting else given[0][kept]
    return there[kept], boxes, final
