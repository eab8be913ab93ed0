"""Objects in images, in flat columns.

Shapes: N images, M objects in all, m in one image. Boxes are xyxy pixels of the image as displayed: the upper left
corner of the upper left pixel is (0, 0), so a box that covers one pixel is one pixel wide.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from foveal.brief import brief
from foveal.data.catalog.columns import Names, Ragged
from foveal.types.arrays import IntArray

NO_ID = -1
"""Id of an object without one in the source."""
COMPACT = json.JSONEncoder(separators=(",", ":"))
"""Built once: ``json.dumps`` would build one for each of a hundred thousand objects."""


class Digest(Protocol):
    """A running hash."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""
        ...


@dataclass(frozen=True)
class Object:
    """One annotated object.

    Attributes:
        box: x1, y1, x2, y2.
        label: Class id inside Foveal.
        flags: ``types.flags.Flag`` values, added up.
        area: In square pixels, as the source declares it (COCO: of the mask); None: the box's.
        id: The source's own id, or ``NO_ID``.
        segmentation: Polygons ``[[x, y, x, y, ...], ...]``, or COCO RLE ``{"size": [h, w], "counts": ...}``; None: a
            box.
        extras: Further fields of the source, to be written back unchanged; plain JSON values.
    """

    box: tuple[float, float, float, float]
    label: int
    flags: int = 0
    area: float | None = None
    id: int = NO_ID
    segmentation: Any = None
    extras: dict[str, Any] = field(default_factory=dict)

    __repr__ = brief


@dataclass(frozen=True)
class Objects:
    """All objects of N images: those of image i are ``offsets[i]`` to ``offsets[i + 1]``.

    Attributes:
        offsets: (N + 1,) int64.
        boxes: (M, 4) float64, xyxy pixels.
        labels: (M,) int32 class ids.
        flags: (M,) uint8, ``types.flags.Flag``.
        areas: (M,) float64 square pixels.
        ids: (M,) int64 ids of the source, or ``NO_ID``.
        segmentations: M JSON texts, see ``Object.segmentation``; empty: a box only.
        extras: M JSON objects; empty: nothing.
    """

    offsets: NDArray[np.int64]
    boxes: NDArray[np.float64]
    labels: NDArray[np.int32]
    flags: NDArray[np.uint8]
    areas: NDArray[np.float64]
    ids: NDArray[np.int64]
    segmentations: Names
    extras: Names

    __repr__ = brief

    @classmethod
    def of(cls, rows: Sequence[Sequence[Object]]) -> "Objects":
        """Pack the objects of N images."""
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        every = [o for row in rows for o in row]
        boxes = np.array([o.box for o in every], np.float64).reshape(-1, 4)
        own = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        return cls(
            offsets,
            boxes,
            np.array([o.label for o in every], np.int32),
            np.array([o.flags for o in every], np.uint8),
            np.array([a if o.area is None else o.area for o, a in zip(every, own, strict=True)], np.float64),
            np.array([o.id for o in every], np.int64),
            Names.of(["" if o.segmentation is None else _text(o.segmentation) for o in every]),
            Names.of([text_of(o.extras) for o in every]),
        )

    def __len__(self) -> int:
        """N, the number of images."""
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> list[Object]:
        """The objects of one image."""
        return [self.item(i) for i in self.places(index)]

    def item(self, place: int) -> Object:
        """One of the M objects."""
        area = float(self.areas[place])
        return Object(
            tuple(self.boxes[place].tolist()),
            int(self.labels[place]),
            int(self.flags[place]),
            None if isnan(area) else area,
            int(self.ids[place]),
            self.segmentation(place),
            json.loads(self.extras[place]) if self.extras[place] else {},
        )

    def filled_areas(self) -> NDArray[np.float64]:
        """(M,) areas, the box's where none is declared (NaN)."""
        with np.errstate(invalid="ignore", over="ignore"):  # objects that are dropped are among them
            own = (self.boxes[:, 2] - self.boxes[:, 0]) * (self.boxes[:, 3] - self.boxes[:, 1])
        return np.where(np.isnan(self.areas), own, self.areas)

    def segmentation(self, place: int) -> Any:
        """The segmentation of one of the M objects, see ``Object.segmentation``."""
        text = self.segmentations[place]
        return json.loads(text) if text else None

    def span(self, index: int) -> slice:
        """The slice of one image's objects in the columns."""
        return slice(int(self.offsets[index]), int(self.offsets[index + 1]))

    def places(self, index: int) -> range:
        """``span`` as indices of the M objects."""
        return range(int(self.offsets[index]), int(self.offsets[index + 1]))

    def take(self, indices: IntArray) -> "Objects":
        """The objects of the images at ``indices``, in that order."""
        rows = Ragged(np.arange(len(self.labels)), self.offsets).take(indices)
        at = rows.values
        return Objects(
            rows.offsets,
            self.boxes[at],
            self.labels[at],
            self.flags[at],
            self.areas[at],
            self.ids[at],
            self.segmentations.take(at),
            self.extras.take(at),
        )

    def feed(self, digest: Digest) -> None:
        """Add everything that training depends on to a hash."""
        for column in (self.offsets, self.boxes, self.labels, self.flags, self.areas, self.segmentations.text.values):
            digest.update(np.ascontiguousarray(column).tobytes())


def text_of(values: dict[str, Any]) -> str:
    """A JSON object as compact text; nothing for an empty one."""
    return _text(values) if values else ""


def _text(values: Any) -> str:
    return COMPACT.encode(values)
