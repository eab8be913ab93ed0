"""Geometry of boxes.

Shapes: N and M boxes, P pairs. Boxes are xyxy pixels; one without positive width and height has no area and overlaps
nothing. float32 stays float32, everything else is computed in float64.
"""

import numpy as np
from numpy.typing import NDArray

from foveal.types.arrays import FloatArray


def clip(boxes: FloatArray, size: tuple[int, int]) -> FloatArray:
    """(N, 4) boxes clipped to an image.

    Args:
        boxes: (N, 4).
        size: (width, height) in pixels.
    """
    width, height = size
    boxes = _floats(boxes)
    return np.clip(boxes, 0, np.array([width, height, width, height], boxes.dtype))


def area(boxes: FloatArray) -> FloatArray:
    """(N,) square pixels."""
    x1, y1, x2, y2 = _floats(boxes).T
    sides: FloatArray = np.maximum(x2 - x1, 0) * np.maximum(y2 - y1, 0)
    return sides


def iou(a: FloatArray, b: FloatArray, *, crowd: NDArray[np.bool_] | None = None) -> FloatArray:
    """Intersection over union of each box of ``a`` with each of ``b``.

    Args:
        a: (N, 4).
        b: (M, 4).
        crowd: (M,) boxes of ``b`` that cover a group; for these the intersection is divided by the area of ``a``'s box
            alone (COCO's rule), so that one member counts as inside.

    Returns:
        (N, M) in [0, 1]; 0 where both are without area.
    """
    common, union = _overlap(_rows(a), _columns(b), crowd)
    return _divide(common, union)


def paired_iou(a: FloatArray, b: FloatArray, *, crowd: NDArray[np.bool_] | None = None) -> FloatArray:
    """(P,) intersection over union of the i-th box of ``a`` with the i-th of ``b``, each (P, 4); see ``iou``."""
    common, union = _overlap(_columns(a), _columns(b), crowd)
    return _divide(common, union)


def giou(a: FloatArray, b: FloatArray) -> FloatArray:
    """(N, M) IoU minus the fraction of the enclosing box that neither covers, in [-1, 1] (Rezatofighi et al. 2019)."""
    rows, columns = _rows(a), _columns(b)
    common, union = _overlap(rows, columns, None)
    width, height = _enclosing(rows, columns)
    hull = width * height
    return _divide(common, union) - _divide(hull - union, hull)


def diou(a: FloatArray, b: FloatArray) -> FloatArray:
    """(N, M) IoU minus the squared distance of the centres over the squared diagonal of the enclosing box, in [-1, 1].

    Zheng et al. 2020, "Distance-IoU Loss", equation 6.
    """
    rows, columns = _rows(a), _columns(b)
    common, union = _overlap(rows, columns, None)
    width, height = _enclosing(rows, columns)
    across = (columns[0] + columns[2] - rows[0] - rows[2]) / 2
    down = (columns[1] + columns[3] - rows[1] - rows[3]) / 2
    return _divide(common, union) - _divide(across**2 + down**2, width**2 + height**2)


def _floats(boxes: FloatArray) -> FloatArray:
    boxes = np.asarray(boxes)
    return boxes.reshape(-1, 4) if boxes.dtype == np.float32 else boxes.astype(np.float64).reshape(-1, 4)


def _columns(boxes: FloatArray) -> FloatArray:
    """(4, M), each coordinate contiguous, for vector instructions."""
    return np.ascontiguousarray(_floats(boxes).T)


def _rows(boxes: FloatArray) -> FloatArray:
    """(4, N, 1), to broadcast against columns."""
    return _columns(boxes)[:, :, None]


def _overlap(a: FloatArray, b: FloatArray, crowd: NDArray[np.bool_] | None) -> tuple[FloatArray, FloatArray]:
    """Intersection and union, both in square pixels; computed in place, since memory bandwidth is the limit."""
    common = np.minimum(a[2], b[2])
    common -= np.maximum(a[0], b[0])
    height = np.minimum(a[3], b[3])
    height -= np.maximum(a[1], b[1])
    np.maximum(common, 0, out=common)
    np.maximum(height, 0, out=height)
    common *= height
    own = np.maximum(a[2] - a[0], 0) * np.maximum(a[3] - a[1], 0)
    other = np.maximum(b[2] - b[0], 0) * np.maximum(b[3] - b[1], 0)
    union = np.add(own, other, out=height)
    union -= common
    if crowd is not None:
        union = np.where(crowd, own, union)
    return common, union


def _enclosing(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Width and height of the smallest box around both."""
    return np.maximum(a[2], b[2]) - np.minimum(a[0], b[0]), np.maximum(a[3], b[3]) - np.minimum(a[1], b[1])


def _divide(part: FloatArray, whole: FloatArray) -> FloatArray:
    """0 where the whole is 0."""
    if whole.all():
        return np.divide(part, whole, out=part)
    return np.divide(part, whole, out=np.zeros_like(part), where=whole != 0)
