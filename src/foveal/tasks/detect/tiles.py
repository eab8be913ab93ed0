"""One list of objects from the answers for overlapping tiles.

A tile's border cuts objects, and the piece found there is not the object. So whole finds are settled first, by ordinary
suppression; then a piece, which touches a border inside the picture, goes where most of it lies in a find of its class;
and of pieces that are left those that mostly overlap become one.

Shapes: N objects. Boxes are xyxy pixels.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.ops.boxes import area
from foveal.ops.nms import nms
from foveal.tasks.detect.output import DetectDecode
from foveal.types.arrays import FloatArray
from foveal.types.detections import Detections

BORDER_PX = 3.0
"""A box this close to a tile's border inside the picture may go on beyond it."""
INSIDE = 0.6
"""Part of a piece inside a find from which on the two are one object."""


def merge(
    answers: Sequence[Detections],
    tiles: Sequence[tuple[int, int, int, int]],
    size: tuple[int, int],
    options: DetectDecode,
) -> Detections:
    """The objects of a picture from those of its tiles.

    Args:
        answers: One for each tile, in the tile's own pixels.
        tiles: Where the tiles are in the picture.
        size: (width, height) of the picture.
        options: How overlapping objects are suppressed.
    """
    if len(answers) == 1:  # a picture no larger than a tile
        return answers[0]
    boxes = np.concatenate([a.boxes + np.array([t[0], t[1]] * 2) for a, t in zip(answers, tiles, strict=True)])
    scores = np.concatenate([a.scores for a in answers])
    labels = np.concatenate([a.labels for a in answers])
    owner = np.repeat(np.arange(len(answers)), [len(a) for a in answers])
    pieces = touches_inner_border(boxes, np.asarray(tiles, np.float64)[owner], size)
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
    for i in np.flatnonzero(pieces)[np.argsort(-scores[pieces], kind="stable")]:
        same = np.flatnonzero(find_labels == labels[i])
        part = shared_part(boxes[i], finds[same])
        if len(same) and part.max() >= INSIDE:
            j = same[int(part.argmax())]
            if area(boxes[i : i + 1])[0] > area(finds[j : j + 1])[0]:  # the find was a piece itself
                finds[j] = [*np.minimum(finds[j, :2], boxes[i, :2]), *np.maximum(finds[j, 2:], boxes[i, 2:])]
            continue
        finds = np.concatenate([finds, boxes[i : i + 1]])
        find_scores = np.append(find_scores, scores[i])
        find_labels = np.append(find_labels, labels[i])
    order = np.argsort(-find_scores, kind="stable")[: options.max_objects]
    return Detections(
        finds[order], find_scores[order], find_labels[order], answers[0].categories, size, answers[0].threshold
    )


def touches_inner_border(boxes: FloatArray, tiles: FloatArray, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(N,) whether a box reaches a border of its own tile (N, 4) that is not the picture's."""
    ends = np.array([0, 0, size[0], size[1]], np.float64)
    close = (np.abs(boxes - tiles) <= BORDER_PX) & (tiles != ends)
    touching: NDArray[np.bool_] = close.any(1)
    return touching


def shared_part(box: FloatArray, others: FloatArray) -> FloatArray:
    """(N,) intersection of a box with each other one, over the smaller of the two areas."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    common = np.clip(high - low, 0, None).prod(1)
    smaller = np.minimum(area(box[None])[0], area(others))
    part: FloatArray = common / np.maximum(smaller, 1e-9)
    return part
