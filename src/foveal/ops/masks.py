"""Geometry of RLE masks: overlap, area, bounding box, and masks from a network's soft masks.

Shapes: N and M masks, P pairs, Q prototypes of h rows and w columns. Sizes are (H, W); boxes are xyxy pixels.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ShapeError
from foveal.ops.polygons import polygons_of, rle_of_polygons
from foveal.ops.spans import Places, Spans, joined, of_edges
from foveal.types.arrays import FloatArray, IntArray
from foveal.types.geometry import Geometry
from foveal.types.rle import Rle

__all__ = [
    "areas",
    "box_of",
    "iou",
    "mixed",
    "paired_iou",
    "paste",
    "polygons_of",
    "rle_of_polygons",
    "rle_of_segmentation",
    "union",
]

PAIRS_AT_ONCE = 1 << 10
"""Pairs of masks that are compared in one step, so that their spans stay in the cache."""


def rle_of_segmentation(segmentation: Any, box: Sequence[float], size: tuple[int, int]) -> Rle:
    """The mask of one object of a data set.

    Args:
        segmentation: Polygons, COCO's run-length mask, or None: the filled box, as in COCO.
        box: Of the object.
        size: (height, width) of the image in pixels.

    Raises:
        ValueError: A run-length mask of another size, or whose runs do not fill it.
    """
    if isinstance(segmentation, dict):
        rle = Rle.from_coco(segmentation)
        if rle.size != size:
            raise ValueError(f"a mask of {rle.size[1]} x {rle.size[0]} for an image of {size[1]} x {size[0]}")
        return rle
    if segmentation is None:
        x1, y1, x2, y2 = box
        segmentation = [[x1, y1, x1, y2, x2, y2, x2, y1]]
    return rle_of_polygons(segmentation, size)


def areas(rles: Sequence[Rle]) -> NDArray[np.float64]:
    """(N,) pixels of each mask."""
    return np.array([rle.area for rle in rles], np.float64)


def box_of(rle: Rle) -> NDArray[np.float64]:
    """(4,) bounding box in xyxy pixels; zeros for an empty mask."""
    box: NDArray[np.float64] = Spans.of([rle]).boxes()[0]
    return box


def union(rles: Sequence[Rle]) -> Rle:
    """The union of one or more masks.

    Raises:
        ShapeError: They are of several sizes.
    """
    assert rles, "a union of nothing has no size"
    if len({rle.size for rle in rles}) > 1:
        raise ShapeError(f"union got masks of {_sizes(rles)}; pass masks of one image.")
    spans = Spans.of(rles)
    base = spans.bases[spans.owners]
    return joined(spans.starts - base, spans.ends - base, rles[0].size)


def iou(first: Sequence[Rle], second: Sequence[Rle], *, crowd: NDArray[np.bool_] | None = None) -> FloatArray:
    """(N, M) intersection over union of each mask of ``first`` with each of ``second``, as in pycocotools.

    Args:
        first: N masks.
        second: M masks.
        crowd: (M,) masks of ``second`` that cover a group; for these the intersection is divided by the area of
            ``first``'s mask alone (COCO's rule), so that one member counts as inside.

    Raises:
        ShapeError: Masks of several sizes.
    """
    rows, columns = np.divmod(np.arange(len(first) * len(second)), max(1, len(second)))
    group = None if crowd is None else np.asarray(crowd, bool)[columns]
    return paired_iou(first, second, rows, columns, crowd=group).reshape(len(first), len(second))


def paired_iou(
    first: Sequence[Rle],
    second: Sequence[Rle],
    rows: IntArray,
    columns: IntArray,
    *,
    crowd: NDArray[np.bool_] | None = None,
    least: float = 0.0,
) -> FloatArray:
    """(P,) intersection over union of ``first[rows[p]]`` with ``second[columns[p]]``.

    Args:
        first: N masks.
        second: M masks.
        rows: (P,) indices into ``first``.
        columns: (P,) indices into ``second``.
        crowd: (P,) pairs whose intersection is divided by the area of the first mask alone.
        least: Smallest overlap that matters: pairs that cannot reach it, by boxes and areas, may get 0.

    Raises:
        ShapeError: The masks of a pair are of different sizes.
    """
    out = np.zeros(len(rows))
    for start in range(0, len(rows), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        (mine, i), (theirs, j) = (np.unique(at[part], return_inverse=True) for at in (rows, columns))
        a, b = [first[k] for k in mine], [second[k] for k in theirs]
        if any(a[p].size != b[q].size for p, q in zip(i.tolist(), j.tolist(), strict=True)):
            raise ShapeError(f"iou got masks of {_sizes([*a, *b])}; compare masks of one image.")
        group = np.zeros(len(i), bool) if crowd is None else crowd[part]
        out[part] = _overlap(Spans.of(a), Spans.of(b), i, j, group, least)
    return out


def paste(masks: FloatArray, boxes: FloatArray, size: tuple[int, int], threshold: float) -> list[Rle]:
    """Masks predicted within boxes, pasted into the image.

    Bilinear between the centres of the masks' cells, with zero beyond them, at the centres of the image's pixels.
    torchvision's ``paste_masks_in_image`` cuts the boxes to whole pixels first; an edge may differ from it by one
    pixel.

    Args:
        masks: (N, h, w) probabilities.
        boxes: (N, 4) in pixels of the image; a box without width or height gives an empty mask.
        size: (height, width) of the image in pixels.
        threshold: Probability from which a pixel belongs to the object.
    """
    out = []
    for mask, (x1, y1, x2, y2) in zip(masks, np.asarray(boxes, np.float64).tolist(), strict=True):
        if x2 <= x1 or y2 <= y1:
            out.append(of_edges(np.empty(0, np.int64), size))
            continue
        cell_w, cell_h = (x2 - x1) / mask.shape[1], (y2 - y1) / mask.shape[0]
        x = _centres(x1 - cell_w / 2, x2 + cell_w / 2, size[1])
        y = _centres(y1 - cell_h / 2, y2 + cell_h / 2, size[0])
        # One cell of padding on each side: half a cell to the centre of the first one and one for the border.
        soft = _bilinear(np.pad(mask, 1), (x - x1) / cell_w + 0.5, (y - y1) / cell_h + 0.5)
        out.append(_placed(soft >= threshold, x, y, size))
    return out


def mixed(
    prototypes: FloatArray,
    coefficients: FloatArray,
    boxes_in_input: FloatArray,
    geometry: Geometry,
    threshold: float,
) -> list[Rle]:
    """Combinations of an image's prototypes, cropped to their boxes (Bolya et al. 2019, "YOLACT", section 3.2).

    The probabilities are resampled bilinearly straight to the centres of the source's pixels, and only of those whose
    centres lie inside the box, so that a large image costs no more than its objects.

    Args:
        prototypes: (Q, h, w) over the whole input.
        coefficients: (N, Q).
        boxes_in_input: (N, 4) in pixels of the input.
        geometry: From the source image to the input.
        threshold: Probability from which a pixel belongs to the object.

    Returns:
        N masks of the source image's size.
    """
    num, rows, columns = prototypes.shape
    width, height = geometry.source_size
    logits = (coefficients @ prototypes.reshape(num, -1)).reshape(-1, rows, columns)
    boxes = geometry.to_source(np.asarray(boxes_in_input).reshape(-1, 2)).reshape(-1, 4)
    out = []
    for logit, (x1, y1, x2, y2) in zip(logits, boxes.tolist(), strict=True):
        x, y = _centres(x1, x2, width), _centres(y1, y2, height)
        if not (len(x) and len(y)):
            out.append(of_edges(np.empty(0, np.int64), (height, width)))
            continue
        at_x = (x * geometry.scale[0] + geometry.offset[0]) * columns / geometry.input_size[0] - 0.5
        at_y = (y * geometry.scale[1] + geometry.offset[1]) * rows / geometry.input_size[1] - 0.5
        across, down = _reach(at_x, columns), _reach(at_y, rows)
        soft = _bilinear(_sigmoid(logit[down, across]), at_x - across.start, at_y - down.start)
        out.append(_placed(soft >= threshold, x, y, (height, width)))
    return out


def _overlap(a: Spans, b: Spans, rows: Places, columns: Places, crowd: NDArray[np.bool_], least: float) -> FloatArray:
    """(P,) as ``paired_iou``; spans are compared only where boxes and areas do not decide."""
    (x1, y1, x2, y2), (u1, v1, u2, v2) = a.boxes()[rows].T, b.boxes()[columns].T
    width, height = np.minimum(x2, u2) - np.maximum(x1, u1), np.minimum(y2, v2) - np.maximum(y1, v1)
    own, other = a.areas()[rows], b.areas()[columns]
    most = np.minimum(np.maximum(width, 0) * np.maximum(height, 0), np.minimum(own, other))
    whole = np.where(crowd, own, own + other - most)
    near = np.flatnonzero((most > 0) & (most / np.maximum(whole, 1) >= least))
    common = a.common(b, rows[near], columns[near])
    out = np.zeros(len(rows))
    out[near] = common / np.where(crowd[near], own[near], own[near] + other[near] - common)
    return out


def _centres(low: float, high: float, limit: int) -> NDArray[np.float64]:
    """Centres of the pixels between two sides, those of the image of ``limit`` pixels."""
    first, stop = max(0, int(np.ceil(low - 0.5))), min(limit, int(np.ceil(high - 0.5)))
    return np.arange(first, max(first, stop)).astype(np.float64) + 0.5


def _reach(at: NDArray[np.float64], count: int) -> slice:
    """The cells of ``count`` that bilinear sampling at rising positions reads."""
    first = min(max(0, int(at[0])), count - 1)
    return slice(first, max(first + 1, min(count, int(at[-1]) + 2)))


def _bilinear(values: FloatArray, x: NDArray[np.float64], y: NDArray[np.float64]) -> FloatArray:
    """Values between the centres of cells, (len(x), len(y)): column by column, as in RLE.

    Args:
        values: (h, w).
        x: Where to sample; 0 is the centre of the first column. Values are clamped beyond the last centre.
        y: The same for rows.
    """
    rows = _between(values, y)
    return _between(np.ascontiguousarray(rows.T), x)


def _between(values: FloatArray, at: NDArray[np.float64]) -> FloatArray:
    """Rows between the rows of ``values``."""
    last = len(values) - 1
    at = np.clip(at, 0, last)
    low = at.astype(np.intp)
    here, step = values[low], values[np.minimum(low + 1, last)]
    step -= here
    step *= (at - low).astype(values.dtype)[:, None]
    step += here
    return step


def _sigmoid(logits: FloatArray) -> FloatArray:
    """By tanh, which cannot overflow."""
    probabilities: FloatArray = 0.5 + 0.5 * np.tanh(0.5 * logits)
    return probabilities


def _placed(inside: NDArray[np.bool_], x: FloatArray, y: FloatArray, size: tuple[int, int]) -> Rle:
    """The mask of an image from ``inside``, (len(x), len(y)), at the pixels with these centres."""
    columns = np.zeros((len(x), len(y) + 2), bool)  # zero on both sides, so that spans do not cross columns
    columns[:, 1:-1] = inside
    flat = columns.reshape(-1)
    edges = np.flatnonzero(flat[1:] != flat[:-1]).reshape(-1, 2)
    if not len(edges):
        return of_edges(np.empty(0, np.int64), size)
    column, row = np.divmod(edges[:, 0], len(y) + 2)
    starts = (column + int(x[0])) * size[0] + row + int(y[0])
    return joined(starts, starts + edges[:, 1] - edges[:, 0], size)


def _sizes(rles: Sequence[Rle]) -> str:
    return " and ".join(f"{width} x {height}" for height, width in sorted({rle.size for rle in rles}))
