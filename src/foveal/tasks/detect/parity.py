"""Differences between the objects of an exported model and of its network.

Shapes: N objects of one path, M of the other.
"""

import numpy as np

from foveal.ops.boxes import iou
from foveal.types.predictions.detections import Detections

TOLERANCES = {"box_px": 0.5, "score": 1e-3}
SAME_OBJECT = 0.9
"""IoU from which two boxes are the same object."""
PUSHED_OFF = 1e-3
"""Relative score difference within which two objects may swap places at the end of the list."""


def box_differences(ours: Detections, theirs: Detections) -> dict[str, float]:
    """Largest distance of two paths' boxes in pixels, and of their scores; an object that one lacks counts as 1."""
    pairs = same_objects(ours, theirs)
    worst = {"box_px": 0.0, "score": 0.0}
    for i, j in pairs:
        worst["score"] = max(worst["score"], float(abs(theirs.scores[j] - ours.scores[i])))
        worst["box_px"] = max(worst["box_px"], float(np.abs(ours.boxes[i] - theirs.boxes[j]).max()))
    if _lost(ours, {i for i, _ in pairs}, theirs) or _lost(theirs, {j for _, j in pairs}, ours):
        worst["score"] = 1.0
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


def _lost(objects: Detections, paired: set[int], other: Detections) -> bool:
    """Whether the other path lacks one of these objects that was not just pushed off the end of its list."""
    missing = [i for i in range(len(objects)) if i not in paired]
    ends_alike = len(objects) == len(other) and 2 * len(paired) >= len(objects)
    return any(not ends_alike or objects.scores[i] > other.scores.min() * (1 + PUSHED_OFF) for i in missing)
