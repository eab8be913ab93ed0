"""Non-maximum suppression in NumPy, shared by every backend.

Shapes: N boxes in, M kept. Boxes are xyxy pixels.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ShapeError
from foveal.ops.boxes import diou
from foveal.ops.boxes import iou as box_iou
from foveal.types.arrays import FloatArray, IntArray

Method = Literal["hard", "soft_linear", "soft_gaussian", "diou"]

BLOCK = 96
"""Boxes processed at once: few enough for a block's overlaps to stay in the cache."""
VOTING_SIGMA = 0.05
"""How fast a box's vote falls with its distance, 1 - IoU: at an IoU of 0.8 it has 0.45 of its weight (docs/LOG.md)."""


def nms(
    boxes: FloatArray,
    scores: FloatArray,
    labels: IntArray,
    *,
    iou: float,
    method: Method = "hard",
    sigma: float = 0.5,
    min_score: float = 0.0,
    max_objects: int = 100,
) -> tuple[NDArray[np.intp], FloatArray]:
    """Keep the best box of each overlapping group; boxes of different classes do not suppress each other.

    Args:
        boxes: (N, 4).
        scores: (N,) in [0, 1]. Equal scores keep the earlier box, so every backend gives the same result.
        labels: (N,) class ids.
        iou: Overlap above which the lower box is dropped (hard, diou) or lowered (soft_linear), in [0, 1].
        method: ``hard``: drop. ``diou``: drop where the IoU minus the normalised distance of the centres is above
            ``iou`` (Zheng et al. 2020), which spares neighbours in a crowd. ``soft_linear`` multiplies the lower score
            by 1 - IoU, ``soft_gaussian`` by exp(-IoU^2 / sigma) (Bodla et al. 2017, equations 2 and 3).
        sigma: Width of ``soft_gaussian``.
        min_score: Boxes whose score is lower, or becomes so, are dropped.
        max_objects: Maximum number of boxes, the best ones.

    Returns:
        (M,) indices into ``boxes`` by falling score, and their (M,) scores, which only the soft methods change.

    Raises:
        ShapeError: The three differ in length.
    """
    boxes, scores, labels = np.asarray(boxes).reshape(-1, 4), np.asarray(scores), np.asarray(labels)
    if not len(boxes) == len(scores) == len(labels):
        raise ShapeError(
            f"nms got {len(boxes)} boxes, {len(scores)} scores and {len(labels)} labels; pass one of each for every"
            " object."
        )
    likely = np.flatnonzero(scores >= min_score)
    boxes, scores, labels = boxes[likely], scores[likely], labels[likely]
    match method:
        case "hard":
            kept = _suppress(boxes, scores, labels, box_iou, iou)[:max_objects]
        case "diou":
            kept = _suppress(boxes, scores, labels, diou, iou)[:max_objects]
        case "soft_linear":
            kept, scores = _soften(boxes, scores, labels, _linear(iou), min_score, max_objects)
            return likely[kept], scores
        case "soft_gaussian":
            kept, scores = _soften(boxes, scores, labels, _gaussian(sigma), min_score, max_objects)
            return likely[kept], scores
    return likely[kept], scores[kept]


def vote(
    kept: NDArray[np.intp], boxes: FloatArray, scores: FloatArray, labels: IntArray, *, sigma: float = VOTING_SIGMA
) -> FloatArray:
    """(M, 4) each kept box as the mean of all boxes of its class, weighted by score x exp(-(1 - IoU)^2 / sigma).

    Neighbours that found the same object place it a little differently, and their mean lies better than the best one
    (Gidaris and Komodakis 2015, section 4; the weights are those of He et al. 2019, "Bounding box regression with
    uncertainty", section 3.4, without the variances, which these networks do not predict).

    Args:
        kept: (M,) indices of the boxes that NMS keeps.
        boxes: (N, 4) all that went into it.
        scores: (N,) in [0, 1], as they went into it.
        labels: (N,) class ids.
        sigma: Width.
    """
    voted = boxes[kept]
    for label in np.unique(labels[kept]):
        voters = np.flatnonzero(labels == label)
        mine = np.flatnonzero(labels[kept] == label)
        for rows in np.split(mine, range(BLOCK, len(mine), BLOCK)):
            apart = 1 - box_iou(boxes[kept[rows]], boxes[voters])
            weights = np.exp(-(apart**2) / sigma) * scores[voters]
            total = weights.sum(1, keepdims=True)
            voted[rows] = np.where(total > 0, weights @ boxes[voters] / np.maximum(total, 1e-12), voted[rows])
    return voted


def _suppress(
    boxes: FloatArray,
    scores: FloatArray,
    labels: IntArray,
    overlap: Callable[[FloatArray, FloatArray], FloatArray],
    limit: float,
) -> NDArray[np.intp]:
    """Indices kept, by falling score.

    Boxes are sorted by class and processed in blocks: a block's rows are compared with the columns from its start to
    the end of its last class, so that many small classes share a step and a large one takes several.
    """
    order = np.lexsort((-scores, labels))
    boxes, labels = boxes[order], labels[order]
    ends = np.searchsorted(labels, labels, side="right")
    alive = np.ones(len(order), bool)
    for start in range(0, len(order), BLOCK):
        stop = min(start + BLOCK, len(order))
        rows = start + np.flatnonzero(alive[start:stop])
        if not len(rows):
            continue
        columns = np.concatenate([rows, stop + np.flatnonzero(alive[stop : ends[stop - 1]])])
        over = overlap(boxes[rows], boxes[columns]) > limit
        if labels[rows[0]] != labels[columns[-1]]:
            over &= labels[rows, None] == labels[columns]
        within, beyond = over[:, : len(rows)], over[:, len(rows) :]
        place = np.arange(len(rows))
        keep = _settle(within & (place[:, None] < place))
        alive[rows[~keep]] = False
        alive[columns[len(rows) :][np.logical_or.reduce(beyond[keep], axis=0)]] = False
    kept = order[alive]
    return kept[np.lexsort((kept, -scores[kept]))]


def _settle(over: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(B,) boxes kept of B sorted ones, given which box (row) suppresses which later box (column) if it is kept itself.

    The greedy result is the one fixed point of "kept if no kept box suppresses me"; each round settles at least the
    next link of every chain (Zheng et al. 2021, "Cluster-NMS").
    """
    keep = np.ones(len(over), bool)
    while True:
        new: NDArray[np.bool_] = ~np.logical_or.reduce(over[keep], axis=0)
        if np.array_equal(new, keep):
            return keep
        keep = new


def _soften(
    boxes: FloatArray,
    scores: FloatArray,
    labels: IntArray,
    decay: Callable[[FloatArray], FloatArray],
    min_score: float,
    max_objects: int,
) -> tuple[NDArray[np.intp], FloatArray]:
    """Indices and lowered scores. Scores only fall, so taking the best remaining box repeatedly sorts them."""
    left = scores.copy()
    members = {label: np.flatnonzero(labels == label) for label in np.unique(labels)}
    taken: list[int] = []
    final: list[float] = []
    for _ in range(min(max_objects, len(left))):
        best = int(left.argmax())
        if left[best] < min_score:
            break
        taken.append(best)
        final.append(left[best])
        left[best] = -np.inf
        others = members[labels[best]]
        others = members[labels[best]] = others[others != best]
        left[others] *= decay(box_iou(boxes[best : best + 1], boxes[others])[0])
    return np.array(taken, np.intp), np.array(final, scores.dtype)


def _linear(limit: float) -> Callable[[FloatArray], FloatArray]:
    return lambda iou: np.where(iou > limit, 1 - iou, 1)


def _gaussian(sigma: float) -> Callable[[FloatArray], FloatArray]:
    return lambda iou: np.exp(-(iou**2) / sigma)
