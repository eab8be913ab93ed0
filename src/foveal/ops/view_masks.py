"""Masks predicted in a view of an image, moved to their place in the image.

Shapes: S spans, C columns that they reach.
"""

import numpy as np

from foveal.ops.spans import Spans, joined, of_edges
from foveal.types.rle import Rle
from foveal.types.view import View


def to_image(mask: Rle, view: View, size: tuple[int, int]) -> Rle:
    """A mask of a view, as mirrored, as one of the image; clipped to the image.

    Spans are moved column by column, so that a small object in a large image costs little.

    Args:
        mask: Of the view's own size.
        view: Where the view lies.
        size: (width, height) of the image.
    """
    (rows, columns), (width, height) = mask.size, size
    spans = Spans.of([mask])
    (left, top), (right, bottom) = np.divmod(spans.starts, rows), np.divmod(spans.ends - 1, rows)
    count = right - left + 1
    first = np.cumsum(count) - count
    span = np.repeat(np.arange(len(count)), count)  # (C,)
    column = left[span] + np.arange(len(span)) - first[span]
    start = np.where(column == left[span], top[span], 0) + view.box[1]
    end = np.where(column == right[span], bottom[span] + 1, rows) + view.box[1]
    column = (columns - 1 - column if view.flipped else column) + view.box[0]
    start, end = start.clip(0, height), end.clip(0, height)
    seen = (column >= 0) & (column < width) & (end > start)
    if not seen.any():
        return of_edges(np.empty(0, np.int64), (height, width))
    base = column[seen] * height
    return joined(base + start[seen], base + end[seen], (height, width))
