"""Masks as spans, the runs of ones: of many masks in flat columns, so that no pixel is unpacked.

A pixel's index counts column by column, as in RLE. In the columns of several masks the indices of mask i start at
``bases[i]``, where those of the mask before it end, so that all spans rise.

Shapes: N masks, S spans in all, P pairs. A mask's size is (H, W).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from foveal.types.rle import Rle

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Spans:
    """The spans of N masks, which may be of different sizes.

    Attributes:
        starts: (S,) index of the first pixel of each span.
        ends: (S,) index after its last pixel.
        owners: (S,) the mask it belongs to, rising.
        bases: (N,) index of each mask's first pixel.
        heights: (N,) H of each mask.
    """

    starts: Places
    ends: Places
    owners: Places
    bases: Places
    heights: Places

    @classmethod
    def of(cls, rles: Sequence[Rle]) -> "Spans":
        """Gather the spans of some masks."""
        counts = np.array([len(rle.runs) for rle in rles], np.int64)
        runs = np.concatenate([np.empty(0, np.int64), *(rle.runs for rle in rles)]).astype(np.int64)
        owners = np.repeat(np.arange(len(rles)), counts)
        number = np.arange(len(runs)) - np.repeat(np.cumsum(counts) - counts, counts)
        ones = np.flatnonzero((number % 2 == 1) & (runs > 0))
        ends = np.cumsum(runs)[ones]
        sizes = np.array([rle.size for rle in rles], np.int64).reshape(-1, 2)
        pixels = sizes.prod(1)
        return cls(ends - runs[ones], ends, owners[ones], np.cumsum(pixels) - pixels, sizes[:, 0])

    @cached_property
    def _offsets(self) -> Places:
        """(N + 1,) offsets of each mask's spans."""
        return np.searchsorted(self.owners, np.arange(len(self.bases) + 1)).astype(np.int64)

    @cached_property
    def _covered(self) -> Places:
        """(S + 1,) mask pixels before each span."""
        return np.concatenate([[0], np.cumsum(self.ends - self.starts)])

    def areas(self) -> NDArray[np.float64]:
        """(N,) pixels of each mask."""
        return np.diff(self._covered[self._offsets]).astype(np.float64)

    def boxes(self) -> NDArray[np.float64]:
        """(N, 4) bounding boxes in xyxy pixels; zeros for an empty mask."""
        out = np.zeros((len(self.bases), 4))
        there, firsts = np.unique(self.owners, return_index=True)
        if not len(there):
            return out
        height, base = self.heights[self.owners], self.bases[self.owners]
        left, top = np.divmod(self.starts - base, height)
        right, bottom = np.divmod(self.ends - 1 - base, height)
        over = left != right  # from one column into the next: it touches the lower and the upper border
        top[over], bottom[over] = 0, height[over] - 1
        out[there, 0], out[there, 1] = (np.minimum.reduceat(edge, firsts) for edge in (left, top))
        out[there, 2], out[there, 3] = (np.maximum.reduceat(edge, firsts) + 1 for edge in (right, bottom))
        return out

    def common(self, other: "Spans", mine: Places, theirs: Places) -> NDArray[np.float64]:
        """(P,) intersection in pixels of this ``mine[p]`` with the others' ``theirs[p]``; neither is empty.

        Both are of one size. The others' spans are searched in these, those between this mask's first and last pixel.
        """
        shift = self.bases[mine] - other.bases[theirs]
        first = np.searchsorted(other.ends, self.starts[self._offsets[mine]] - shift, side="right")
        stop = np.searchsorted(other.starts, self.ends[self._offsets[mine + 1] - 1] - shift, side="left")
        count = np.maximum(stop - first, 0)
        pair = np.repeat(np.arange(len(mine)), count)
        at = np.arange(len(pair)) + np.repeat(first - (np.cumsum(count) - count), count)
        within = self._before(other.ends[at] + shift[pair]) - self._before(other.starts[at] + shift[pair])
        return np.bincount(pair, weights=within, minlength=len(mine)).astype(np.float64)

    def _before(self, places: Places) -> Places:
        """Mask pixels before each index."""
        span = np.searchsorted(self.starts, places, side="right")
        beyond = np.maximum(np.concatenate([[0], self.ends])[span] - places, 0)
        before: Places = self._covered[span] - beyond
        return before


def joined(starts: Places, ends: Places, size: tuple[int, int]) -> Rle:
    """The mask of (S,) spans in any order, which may overlap and touch, but are not empty.

    Args:
        starts: Indices of first pixels.
        ends: Indices after last pixels.
        size: (H, W).
    """
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    first = np.ones(len(starts), bool)
    first[1:] = starts[1:] > reach[:-1]
    return of_edges(np.stack([starts[first], reach[np.roll(first, -1)]], axis=1).reshape(-1), size)


def of_edges(edges: Places, size: tuple[int, int]) -> Rle:
    """The mask whose pixels change at each of these rising indices, an even number of them.

    Args:
        edges: First pixel inside, first outside after it, first inside ...
        size: (H, W).
    """
    end = size[0] * size[1]
    whole = np.concatenate([[0], edges, [end]])
    runs = np.diff(whole[:-1] if len(edges) and edges[-1] == end else whole)
    return Rle(size, runs.astype(np.uint32))
