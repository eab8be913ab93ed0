"""One list of objects from the detections in views that show parts of an image.

A view's border cuts objects, and the piece detected there is not the object. So complete objects are selected first, by
ordinary NMS; then a piece, which touches a border inside the image, is merged into the object of its class that
contains most of it; and remaining pieces that mostly overlap are merged.

Shapes: N objects. Boxes are xyxy pixels.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.ops.boxes import area, clip
from foveal.ops.nms import nms
from foveal.tasks.detect.decode import DetectOptions
from foveal.types.arrays import FloatArray
from foveal.types.predictions.detections import Detections
from foveal.types.view import View

BORDER_PX = 3.0
"""A box this close in pixels to a view's border inside the image may continue beyond it."""
INSIDE = 0.6
"""Fraction of a piece inside an object from which the two are merged."""


def join(
    parts: Sequence[Detections], views: Sequence[View], size: tuple[int, int], options: DetectOptions
) -> tuple[Detections, list[list[int]]]:
    """The objects of an image from those of its views.

    Args:
        parts: The detections in each view, in the view's own pixels.
        views: The views.
        size: (width, height) of the image.
        options: Settings of NMS.

    Returns:
        The objects, and for each its parts: indices among the detections of all views, concatenated.
    """
    boxes = clip(np.concatenate([to_image(a.boxes, v) for a, v in zip(parts, views, strict=True)]), size)
    scores = np.concatenate([a.scores for a in parts])
    labels = np.concatenate([a.labels for a in parts])
    owner = np.repeat(np.arange(len(parts)), [len(a) for a in parts])
    inside = area(boxes) > 0  # a view may reach beyond the image
    boxes, scores, labels, owner = boxes[inside], scores[inside], labels[inside], owner[inside]
    places = np.flatnonzero(inside).tolist()
    pieces = touches_inner_border(boxes, np.array([v.box for v in views], np.float64)[owner], size)
    own = {"iou": options.nms_iou, "method": options.nms, "min_score": options.min_score}
    kept, kept_scores = nms(
        boxes[~pieces],
        scores[~pieces],
        labels[~pieces],
        max_objects=max(1, len(boxes)),
        **own,  # type: ignore[arg-type]
    )
    whole = np.flatnonzero(~pieces)[kept]
    objects, object_scores, object_labels = boxes[whole], kept_scores, labels[whole]
    made_of = [[places[i]] for i in whole]
    for i in np.flatnonzero(pieces)[np.argsort(-scores[pieces], kind="stable")]:
        same = np.flatnonzero(object_labels == labels[i])
        share = shared_part(boxes[i], objects[same])
        if len(same) and share.max() >= INSIDE:
            j = same[int(share.argmax())]
            if area(boxes[i : i + 1])[0] > area(objects[j : j + 1])[0]:  # the object was a piece itself
                objects[j] = [*np.minimum(objects[j, :2], boxes[i, :2]), *np.maximum(objects[j, 2:], boxes[i, 2:])]
                made_of[j].append(places[i])
            continue
        objects = np.concatenate([objects, boxes[i : i + 1]])
        object_scores = np.append(object_scores, scores[i])
        object_labels = np.append(object_labels, labels[i])
        made_of.append([places[i]])
    order = np.argsort(-object_scores, kind="stable")  # the limit holds per view, not for the full image
    joined = Detections(
        objects[order],
        object_scores[order],
        object_labels[order],
        parts[0].categories,
        size,
        parts[0].threshold,
        full=any(part.full for part in parts),
    )
    return joined, [made_of[i] for i in order]


def to_image(boxes: FloatArray, view: View) -> FloatArray:
    """Boxes in a view's own pixels, as mirrored, in those of the image."""
    x1, y1, x2, _ = view.box
    if view.flipped:
        return np.stack([x2 - boxes[:, 2], boxes[:, 1] + y1, x2 - boxes[:, 0], boxes[:, 3] + y1], axis=1)
    return boxes + np.array([x1, y1, x1, y1], np.float64)


def touches_inner_border(boxes: FloatArray, parts: FloatArray, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(N,) whether a box touches a border of its own part (N, 4) that is not the image's border."""
    inner = np.concatenate([parts[:, :2] > 0, parts[:, 2:] < np.asarray(size)], axis=1)
    touching: NDArray[np.bool_] = ((np.abs(boxes - parts) <= BORDER_PX) & inner).any(1)
    return touching


def shared_part(box: FloatArray, others: FloatArray) -> FloatArray:
    """(N,) intersection of a box with each other one, over the smaller of the two areas."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    common = np.clip(high - low, 0, None).prod(1)
    smaller = np.minimum(area(box[None])[0], area(others))
    part: FloatArray = common / np.maximum(smaller, 1e-9)
    return part
