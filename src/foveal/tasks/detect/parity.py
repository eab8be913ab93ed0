"""Differences between the objects of an exported model and of its network.

Shapes: N objects of one path, M of the other.
"""

import numpy as np

from foveal.ops.boxes import iou
from foveal.types.predictions.detections import Detections

TOLERANCES = {"box_px": 0.5, "score": 1e-3}
SAME_OBJECT = 0.9
"""IoU from which two boxes are the same object."""


def box_differences(ours: Detections, theirs: Detections) -> dict[str, float]:
    """Largest distance of two paths' boxes in pixels, and of their scores.

    An object that one lacks counts as a score difference of 1. At the end of two lists that are equally long it may
    have been pushed off: its score then differs by as much as it is above the end of the other list, at least.
    """
    pairs = same_objects(ours, theirs)
    worst = {"box_px": 0.0, "score": 0.0}
    for i, j in pairs:
        worst["score"] = max(worst["score"], float(abs(theirs.scores[j] - ours.scores[i])))
        worst["box_px"] = max(worst["box_px"], float(np.abs(ours.boxes[i] - theirs.boxes[j]).max()))
    lost = _lost(ours, {i for i, _ in pairs}, theirs), _lost(theirs, {j for _, j in pairs}, ours)
    worst["score"] = max(worst["score"], *lost)
    return worst


def same_objects(ours: Detections, theirs: Detections) -> list[tuple[int, int]]:
    """Index pairs of the objects that both have; of several the nearest by box and score."""
    apart = np.abs(ours.boxes[:, None] - theirs.boxes[None]).max(-1, initial=0.0)
    same = (iou(ours.boxes, theirs.boxes) >= SAME_OBJECT) | (apart <= TOLERANCES["box_px"])
    same &= ours.labels[:, None] == theirs.labels[None]
    cost = apart / TOLERANCES["box_px"] + np.abs(ours.scores[:, None] - theirs.scores[None]) / TOLERANCES["score"]
    cost[~same] = np.inf
    pairs: list[tuple[int, int]] = []
    for i in range(len(ours)):
        if np.isfinite(cost[i]).any():
            j = int(cost[i].argmin())
            cost[:, j] = np.inf
            pairs.append((i, j))
    return pairs


def _lost(objects: Detections, paired: set[int], other: Detections) -> float:
    """The score difference that the objects stand for which the other path lacks."""
    missing = [i for i in range(len(objects)) if i not in paired]
    if not missing:
        return 0.0
    ends_alike = len(objects) == len(other) and 2 * len(paired) >= len(objects)
    return max(0.0, float(objects.scores[missing].max() - other.scores.min())) if ends_alike else 1.0
