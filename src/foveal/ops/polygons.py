"""Polygons to masks, rasterised as COCO does it, and masks to polygons.

A polygon is a list x, y, x, y ... in pixels; the upper left corner of the upper left pixel is (0, 0).

Shapes: V vertices, X crossings, E edges. Sizes are (H, W).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.ops.spans import Spans, joined, of_edges
from foveal.types.arrays import FloatArray
from foveal.types.rle import Rle

GRID = 5
"""COCO walks a polygon on a grid this many times finer than the pixels."""
ENTRY = 2
"""A column of pixels is entered between grid columns 5 c + 2 and 5 c + 3, its centre; the same holds for rows."""
FAR = 2.0**26
"""Limit in pixels that vertices are clamped to: beyond it COCO's integers overflow."""
Ints = NDArray[np.int64]


def rle_of_polygons(polygons: Sequence[Sequence[float]], size: tuple[int, int]) -> Rle:
    """The mask of one object of at least one polygon; ``size`` is (height, width). See ``rles_of_polygons``."""
    return rles_of_polygons([polygons], size)[0]


def rles_of_polygons(objects: Sequence[Sequence[Sequence[float]]], size: tuple[int, int]) -> list[Rle]:
    """The masks of an image's objects, exactly as pycocotools' ``frPyObjects`` and ``merge`` give them.

    All polygons are rasterised at once, as most are so small that the calls would take longer than the work.

    Args:
        objects: Polygons of each object, at least one; their union is taken, each by the even-odd rule.
        size: (height, width) of the image in pixels; the masks are clipped to it.
    """
    parts = _rasterised([np.asarray(p, np.float64).reshape(-1, 2) for polygons in objects for p in polygons], size)
    ends = np.cumsum([len(polygons) for polygons in objects]).tolist()
    return [_union(parts[end - len(polygons) : end], size) for polygons, end in zip(objects, ends, strict=True)]


def _union(parts: Sequence[Rle], size: tuple[int, int]) -> Rle:
    if len(parts) == 1:
        return parts[0]
    spans = Spans.of(parts)
    base = spans.bases[spans.owners]
    return joined(spans.starts - base, spans.ends - base, size)


def polygons_of(rle: Rle) -> list[list[float]]:
    """Polygons of a mask along the edges of its pixels.

    Parts that only touch at a corner are separate; a polygon may touch itself there. Outer polygons run clockwise as
    displayed, holes counterclockwise: the sign of the area distinguishes them. COCO's polygons have no holes;
    ``rle_of_polygons`` gives back a mask without holes exactly, and fills holes.

    Args:
        rle: The mask.

    Returns:
        Polygons, topmost first; none for an empty mask.
    """
    crop, corner = _cropped(rle)
    points, following = _edges(crop)
    points += corner
    left = np.ones(len(following), bool)
    out: list[list[float]] = []
    steps = following.tolist()
    for start in range(len(steps)):
        ring: list[int] = []
        at = start
        while left[at]:
            left[at] = False
            ring.append(at)
            at = steps[at]
        if ring:
            out.append(points[ring].reshape(-1).astype(np.float64).tolist())
    return out


def _rasterised(polygons: Sequence[FloatArray], size: tuple[int, int]) -> list[Rle]:
    """Each polygon by the even-odd rule: going down a column, each crossing changes inside to outside."""
    if not polygons:
        return []
    room = size[0] * size[1] + 1  # a crossing may lie below the last pixel
    places, times = np.unique(_crossings(polygons, size, room), return_counts=True)
    edges = places[times % 2 == 1]
    cuts = np.searchsorted(edges, room * np.arange(1, len(polygons)))
    return [of_edges(own - room * i, size) for i, own in enumerate(np.split(edges, cuts))]


def _crossings(polygons: Sequence[FloatArray], size: tuple[int, int], room: int) -> Ints:
    """(X,) flat indices of the first pixels below where polygons cross the centre of a column; those of i: + i room."""
    height, width = size
    counts = np.array([len(vertices) for vertices in polygons])
    vertices = np.concatenate(polygons)
    ends = np.trunc(GRID * np.clip(vertices, -FAR, FAR) + 0.5).astype(np.int64)
    following = np.arange(1, len(ends) + 1)
    following[np.cumsum(counts) - 1] -= counts
    others = ends[following]
    run = np.abs(others - ends)
    flat = run[:, 0] >= run[:, 1]
    # Each edge is walked along its longer side, upwards in that coordinate.
    turned = np.where(flat, ends[:, 0] > others[:, 0], ends[:, 1] > others[:, 1])[:, None]
    start, stop = np.where(turned, others, ends), np.where(turned, ends, others)
    low, high = np.minimum(start[:, 0], stop[:, 0]), np.maximum(start[:, 0], stop[:, 0])
    first = np.maximum(_divided_up(low - ENTRY), 0)
    count = np.maximum(np.minimum((high - ENTRY - 1) // GRID, width - 1) - first + 1, 0)
    edge = np.repeat(np.arange(len(count)), count)
    column = np.arange(len(edge)) + np.repeat(first - (np.cumsum(count) - count), count)
    y = np.empty(len(edge), np.int64)
    for one, walk in ((flat[edge], _y_of_flat), (~flat[edge], _y_of_steep)):
        of = edge[one]
        y[one] = walk(start[of], (stop - start)[of], GRID * column[one] + ENTRY)
    shift = room * np.repeat(np.arange(len(counts)), counts)[edge]
    places: Ints = shift + column * height + np.clip(_divided_up(y - ENTRY), 0, height)
    return places


def _y_of_flat(start: Ints, run: Ints, x: Ints) -> Ints:
    """Lower y of the two points at x and x + 1 of edges that step along x, rounded as COCO rounds."""
    slope, step = run[:, 1] / run[:, 0], x - start[:, 0]
    here, beyond = (np.floor(start[:, 1] + slope * t + 0.5) for t in (step, step + 1))
    lower: Ints = np.minimum(here, beyond).astype(np.int64)
    return lower


def _y_of_steep(start: Ints, run: Ints, x: Ints) -> Ints:
    """Lower y of the two points between which edges that step along y pass from x to x + 1 or back."""
    slope = run[:, 0] / run[:, 1]
    step = np.floor((x + 0.5 - start[:, 0]) / slope).astype(np.int64) - 1
    # Rounding may move the step that passes by one, so each candidate is tested.
    passed = [(np.floor(start[:, 0] + slope * (step + i) + 0.5) > x) == (slope > 0) for i in range(3)]
    y: Ints = start[:, 1] + step - 1 + np.sum(np.logical_not(passed), axis=0)
    return y


def _divided_up(grid: Ints) -> Ints:
    return -(-grid // GRID)


def _cropped(rle: Rle) -> tuple[NDArray[np.bool_], Ints]:
    """The columns that the mask reaches, (H, w), with zeros around them, and x, y of their corner."""
    height = rle.size[0]
    left, _, right, _ = Spans.of([rle]).boxes()[0].astype(np.int64)
    runs = np.diff(np.clip(np.cumsum(np.append(0, rle.runs)), left * height, right * height))
    crop = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(-1, height).T
    return np.pad(crop, 1), np.array([left, 0])


def _edges(grid: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """The horizontal edges around a padded mask, from the topmost on, traversed with the inside on the right.

    An edge ends at two corners, and so does each vertical one: sorted by row, or by column, corners follow each other
    in pairs. Where two pixels touch at a corner there are two corners in one place, each of its own pixel.

    Returns:
        (E, 2, 2) x and y of the corners where each begins and ends, and (E,) which follows it.
    """
    above_left, above_right, below_left, below_right = grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]
    y, x = np.nonzero(above_left ^ above_right ^ below_left ^ below_right)
    touch_y, touch_x = np.nonzero(
        (above_left == below_right) & (above_right == below_left) & (above_left != above_right)
    )
    upper = above_right[touch_y, touch_x]
    y, x = np.concatenate([y, touch_y, touch_y]), np.concatenate([x, touch_x, touch_x])
    num = len(y) - 2 * len(upper)
    # Directions of the corner's edges.
    to_right = np.concatenate([(above_right != below_right)[y[:num], x[:num]], upper, ~upper])
    to_below = np.concatenate(
        [(below_left != below_right)[y[:num], x[:num]], np.zeros_like(upper), np.ones_like(upper)]
    )
    across, down = np.lexsort((to_right, x, y)).reshape(-1, 2), np.lexsort((to_below, y, x)).reshape(-1, 2)
    rightwards = below_right[y[across[:, 0]], x[across[:, 0]]]
    edges = np.where(rightwards[:, None], across, across[:, ::-1])
    partner, edge_from = np.empty(len(y), np.int64), np.empty(len(y), np.int64)
    partner[down] = down[:, ::-1]
    edge_from[edges[:, 0]] = np.arange(len(edges))
    return np.stack([x[edges], y[edges]], axis=2), edge_from[partner[edges[:, 1]]]
