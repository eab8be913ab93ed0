"""One list of objects from the answers for views that show parts of an image.

A view's border cuts objects, and the piece found there is not the object. So whole finds are settled first, by ordinary
suppression; then a piece, which touches a border inside the image, goes where most of it lies in a find of its class;
and of pieces that are left those that mostly overlap become one.

Shapes: N objects. Boxes are xyxy pixels.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.ops.boxes import area, clip
from foveal.ops.nms import nms
from foveal.tasks.detect.output import DetectDecode
from foveal.types.arrays import FloatArray
from foveal.types.detections import Detections
from foveal.types.view import View

BORDER_PX = 3.0
"""A box this close to a view's border inside the image may go on beyond it."""
INSIDE = 0.6
"""Part of a piece inside a find from which on the two are one object."""


def merge(
    answers: Sequence[Detections],
    views: Sequence[View],
    size: tuple[int, int],
    options: DetectDecode,
) -> Detections:
    """The objects of an image from those of its views.

    Args:
        answers: One for each view, in the view's own pixels.
        views: What each saw.
        size: (width, height) of the image.
        options: How overlapping objects are suppressed.
    """
    return join(answers, views, size, options)[0]


def join(
    answers: Sequence[Detections], views: Sequence[View], size: tuple[int, int], options: DetectDecode
) -> tuple[Detections, list[list[int]]]:
    """As ``merge``, and for each object what it was made of: places among all answers' objects, one after another."""
    boxes = clip(np.concatenate([to_image(a.boxes, v) for a, v in zip(answers, views, strict=True)]), size)
    scores = np.concatenate([a.scores for a in answers])
    labels = np.concatenate([a.labels for a in answers])
    owner = np.repeat(np.arange(len(answers)), [len(a) for a in answers])
    inside = area(boxes) > 0  # what a view that reaches beyond the image saw there is nothing
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
    finds, find_scores, find_labels = boxes[whole], kept_scores, labels[whole]
    made_of = [[places[i]] for i in whole]
    for i in np.flatnonzero(pieces)[np.argsort(-scores[pieces], kind="stable")]:
        same = np.flatnonzero(find_labels == labels[i])
        part = shared_part(boxes[i], finds[same])
        if len(same) and part.max() >= INSIDE:
            j = same[int(part.argmax())]
            if area(boxes[i : i + 1])[0] > area(finds[j : j + 1])[0]:  # the find was a piece itself
                finds[j] = [*np.minimum(finds[j, :2], boxes[i, :2]), *np.maximum(finds[j, 2:], boxes[i, 2:])]
                made_of[j].append(places[i])
            continue
        finds = np.concatenate([finds, boxes[i : i + 1]])
        find_scores = np.append(find_scores, scores[i])
        find_labels = np.append(find_labels, labels[i])
        made_of.append([places[i]])
    order = np.argsort(-find_scores, kind="stable")  # each view has its own limit, the large image none
    joined = Detections(
        finds[order], find_scores[order], find_labels[order], answers[0].categories, size, answers[0].threshold
    )
    return joined, [made_of[i] for i in order]


def to_image(boxes: FloatArray, view: View) -> FloatArray:
    """Boxes in a view's own pixels, as mirrored, in those of the image."""
    x1, y1, x2, _ = view.box
    if view.flipped:
        return np.stack([x2 - boxes[:, 2], boxes[:, 1] + y1, x2 - boxes[:, 0], boxes[:, 3] + y1], axis=1)
    return boxes + np.array([x1, y1, x1, y1], np.float64)


def touches_inner_border(boxes: FloatArray, parts: FloatArray, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(N,) whether a box reaches a border of its own part (N, 4) of the image that is not the image's."""
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
