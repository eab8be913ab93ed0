"""The objects of a large source in flat columns; an image with anything to be fixed is unpacked into its draft.

Nearly all images of a large data set have nothing to fix. Theirs are never a Python object each.

Shapes: M objects of all images, in the order of the source; N images. Boxes are xyxy pixels.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foveal.data.catalog.columns import Names
from foveal.data.catalog.objects import Objects
from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.annotations.fix import outside, repeated, suspects

GONE = -1
"""Owner of an object that is dropped, or unpacked."""
Place = Callable[[int], tuple[str, str]]
"""Gives a row's place, for messages, and its key in a side-car."""


@dataclass
class Packed:
    """Objects by the number of their draft.

    Attributes:
        owners: (M,) ``Draft.number``, or ``GONE``.
        columns: The objects as those of a single image; an area that is not declared is NaN.
        reaches: (M, 4) boxes around the polygons, or the boxes; NaN: the segmentation has to be looked at.
        place: See ``Place``.
    """

    owners: NDArray[np.int64]
    columns: Objects
    reaches: NDArray[np.float64]
    place: Place
    _order: NDArray[np.int64] | None = field(default=None, init=False)
    _starts: NDArray[np.int64] | None = field(default=None, init=False)

    def unpack(self, draft: Draft) -> None:
        """Move the objects of an image into its draft."""
        if draft.number == GONE:
            return
        if self._order is None or self._starts is None:
            self._order = np.argsort(self.owners, kind="stable")
            top = int(self.owners.max(initial=GONE)) + 2
            self._starts = np.searchsorted(self.owners[self._order], np.arange(top))
        number, draft.number = draft.number, GONE
        if number + 1 >= len(self._starts):
            return
        rows = self._order[self._starts[number] : self._starts[number + 1]]
        for row in rows[self.owners[rows] == number].tolist():
            draft.add(self.columns.item(row), *self.place(row))
            self.owners[row] = GONE

    def unpack_suspects(self, drafts: Sequence[Draft]) -> None:
        """Unpack the images in which any object may have to be fixed."""
        rows, owners = self.rows(drafts)
        boxes, limits = self.columns.boxes[rows], np.array([draft.seen for draft in drafts], np.float64)
        limits = limits.reshape(-1, 2)[owners]
        reaches = self.reaches[rows]
        with np.errstate(invalid="ignore"):
            odd = suspects(boxes, limits) | outside(reaches, limits) | ~np.isfinite(reaches).all(1)
        odd |= repeated(boxes, owners, self.columns.labels[rows])
        for i in np.unique(owners[odd]).tolist():
            self.unpack(drafts[i])

    def rows(self, drafts: Sequence[Draft]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of packed objects in the source's order, and the indices of their images in ``drafts``."""
        numbers = np.array([draft.number for draft in drafts], np.int64)
        places = np.full(max(int(self.owners.max(initial=GONE)), int(numbers.max(initial=GONE))) + 2, GONE, np.int64)
        packed = numbers != GONE
        places[numbers[packed]] = np.flatnonzero(packed)
        places[GONE] = GONE  # the last one, which is no draft's
        owners = places[self.owners]
        rows = np.flatnonzero(owners != GONE)
        return rows, owners[rows]

    def join(self, drafts: Sequence[Draft], loose: Objects) -> Objects:
        """All objects, image by image; those of one image are packed, or loose."""
        rows, owners = self.rows(drafts)
        others = np.repeat(np.arange(len(drafts)), np.diff(loose.offsets))
        every = np.concatenate([owners, others])
        order = np.argsort(every, kind="stable")
        offsets = np.zeros(len(drafts) + 1, np.int64)
        np.cumsum(np.bincount(every, minlength=len(drafts)), out=offsets[1:])
        own, count = self.columns, len(self.owners)
        at = np.concatenate([rows, np.arange(len(others)) + count])[order]
        return Objects(
            offsets,
            np.concatenate([own.boxes, loose.boxes])[at],
            np.concatenate([own.labels, loose.labels])[at],
            np.concatenate([own.flags, loose.flags])[at],
            np.concatenate([own.filled_areas(), loose.areas])[at],
            np.concatenate([own.ids, loose.ids])[at],
            taken(own.segmentations, loose.segmentations, at),
            taken(own.extras, loose.extras, at),
        )


def taken(first: Names, second: Names, at: NDArray[np.int64]) -> Names:
    """The texts of both at ``at``."""
    if not len(second):
        return first.take(at)
    parts = (first, second)
    values = np.concatenate([names.text.values for names in parts])
    ends = np.concatenate([first.text.offsets, second.text.offsets[1:] + first.text.offsets[-1]])
    return Names(type(first.text)(values, ends)).take(at)


def numbered(drafts: Iterable[Draft]) -> list[Draft]:
    """Drafts with the numbers that packed objects refer to."""
    out = []
    for number, draft in enumerate(drafts):
        draft.number = number
        out.append(draft)
    return out
