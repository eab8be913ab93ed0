"""Masks: the class of every pixel of an image, or a mask for every object. Frozen NumPy; no torch.

Masks are run-length encoded, a few kilobytes instead of a value per pixel, so that the predictions for a full data set
fit into memory.

Shapes: H W height and width of the image as displayed, K classes, N objects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.brief import brief
from foveal.errors import ShapeError
from foveal.types.arrays import Array
from foveal.types.categories import Categories
from foveal.types.predictions.detections import BoxTruth, Detections
from foveal.types.predictions.shown import Shown, line
from foveal.types.rle import Rle

IGNORE = 255
"""Marks ignored pixels, in every map of class ids inside Foveal."""
MAX_CLASSES = IGNORE
"""Ids are one byte per pixel."""
SHOWN_SHARE = 0.001
"""Fraction of an image from which a class is named in tables and legends."""


class Runs:
    """(H, W) bytes as runs of equal values, row by row."""

    __slots__ = ("lengths", "shape", "values")

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        flat = np.ascontiguousarray(pixels).reshape(-1)
        starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
        self.shape: tuple[int, int] = (pixels.shape[0], pixels.shape[1])
        self.values = flat[starts]
        self.lengths = np.diff(starts, append=flat.size).astype(np.uint32)

    @classmethod
    def joined(cls, values: NDArray[np.uint8], lengths: NDArray[np.uint32], shape: tuple[int, int]) -> "Runs":
        """From (R,) values and (R,) lengths that fill the ``shape`` (H, W)."""
        runs = cls.__new__(cls)
        runs.values, runs.lengths, runs.shape = values, lengths, shape
        return runs

    def __repr__(self) -> str:
        """One line: ``Runs(480 x 360 px)``."""
        return f"Runs({self.shape[1]} x {self.shape[0]} px)"

    def pixels(self) -> NDArray[np.uint8]:
        """All of them, (H, W) uint8."""
        return np.repeat(self.values, self.lengths).reshape(self.shape)


@dataclass(frozen=True, repr=False)
class ClassMap(Shown):
    """The predicted class of every pixel of one image.

    Attributes:
        runs: Class ids, 0 to K-1.
        categories: The class map, K names.
    """

    runs: Runs
    categories: Categories

    @classmethod
    def of(cls, ids: Array, categories: Categories) -> "ClassMap":
        """From (H, W) class ids.

        Raises:
            ShapeError: Not a map of ids below K.
        """
        ids = np.asarray(ids)
        if ids.ndim != 2 or not ids.size:
            raise ShapeError(f"ClassMap got an array of shape {ids.shape}; pass one class id for each pixel, (H, W).")
        if int(ids.min()) < 0 or int(ids.max()) >= len(categories):
            raise ShapeError(f"ClassMap got a class id outside 0 to {len(categories) - 1}.")
        return cls(Runs(ids.astype(np.uint8)), categories)

    @property
    def ids(self) -> NDArray[np.uint8]:
        """(H, W) class ids."""
        return self.runs.pixels()

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the image in pixels."""
        return self.runs.shape[1], self.runs.shape[0]

    def shares(self) -> NDArray[np.float64]:
        """(K,) fraction of the image that each class covers."""
        return np.bincount(self.ids.ravel(), minlength=len(self.categories)) / float(np.prod(self.runs.shape))

    def __repr__(self) -> str:
        """One line, with the share of the image per class: ``ClassMap(road 41.0%, sky 30.2%; 480 x 360 px)``."""
        return line("ClassMap", [f"{row['name']} {row['score']:.1%}" for row in self.rows()], self.size)

    def rows(self) -> list[dict[str, str | float]]:
        """Name and share of the image (as ``score``) of each class that covers enough of it, largest first."""
        shares = self.shares()
        order = np.argsort(-shares, kind="stable")
        return [
            {"name": self.categories.names[k], "score": float(shares[k])}
            for k in order.tolist()
            if shares[k] >= SHOWN_SHARE
        ]

    def to_dict(self) -> dict[str, object]:
        """``size``, and ``mask``: a COCO RLE mask for each class that occurs."""
        ids = self.ids
        present = np.unique(ids).tolist()
        masks = {self.categories.names[k]: Rle.of(ids == k).to_coco() for k in present}
        return {"size": list(self.size), "mask": masks}

    def to_coco(self, image_id: int | str) -> list[dict[str, object]]:
        """COCO's results format for "stuff": one ``segmentation`` per class that occurs."""
        ids = self.categories.source_ids or tuple(range(1, len(self.categories) + 1))
        pixels = self.ids
        return [
            {
                "image_id": image_id,
                "category_id": ids[k],
                "segmentation": Rle.of(pixels == k).to_coco(),
                "score": 1.0,
            }
            for k in np.unique(pixels).tolist()
        ]


@dataclass(frozen=True)
class MapTruth:
    """The annotated class of every pixel of one image: (H, W) uint8 ids, ``IGNORE`` where it is unknown."""

    ids: NDArray[np.uint8]

    __repr__ = brief


@dataclass(frozen=True, repr=False)
class Instances(Detections):
    """The detections in one image with a mask each, by falling score.

    Attributes:
        masks: N, each of the image's size.
    """

    masks: Sequence[Rle] = ()

    def __post_init__(self) -> None:
        """Check the columns and lock them.

        Raises:
            ShapeError: As for ``Detections``, or not one mask of the image's size per object.
        """
        super().__post_init__()
        if len(self.masks) != len(self.scores):
            raise ShapeError(
                f"Instances got {len(self.masks)} masks for {len(self.scores)} objects; pass one for each."
            )
        for mask in self.masks:
            if mask.size != (self.size[1], self.size[0]):
                raise ShapeError(f"Instances got a mask of {mask.size} (rows, columns) for an image of {self.size}.")

    def __getitem__(self, which: Array | slice) -> "Instances":
        """Some of the objects: a mask, indices or a slice; every column is filtered."""
        places = np.arange(len(self))[which]
        return Instances(
            self.boxes[places],
            self.scores[places],
            self.labels[places],
            self.categories,
            self.size,
            self.threshold,
            tuple(self.masks[i] for i in places.tolist()),
            full=self.full,
        ).drawn_by(self._drawing)

    def rows(self) -> list[dict[str, str | float]]:
        """As for ``Detections``, and the pixels of each mask."""
        shown = self.shown()
        return [{**row, "mask_px": mask.area} for row, mask in zip(super().rows(), shown.masks, strict=True)]

    def shown(self) -> "Instances":
        """The objects from the threshold on."""
        return self[self.scores >= self.threshold]

    def to_dict(self) -> dict[str, object]:
        """``size`` and ``objects`` from the threshold on: name, score, box in pixels, and mask as COCO RLE."""
        shown = self.shown()
        objects = [
            {"name": d.name, "score": round(d.score, 6), "box": [round(v, 3) for v in d.box], "mask": m.to_coco()}
            for d, m in zip(shown, shown.masks, strict=True)
        ]
        return {"size": list(self.size), "objects": objects, **({"full": True} if self.full else {})}

    def to_coco(self, image_id: int | str) -> list[dict[str, object]]:
        """COCO's results format with ``segmentation``: every object, whatever its score."""
        rows = super().to_coco(image_id)
        return [{**row, "segmentation": mask.to_coco()} for row, mask in zip(rows, self.masks, strict=True)]

    def to_supervision(self) -> Any:
        """The objects from the threshold on as a ``supervision.Detections`` with (N, H, W) masks.

        Raises:
            MissingExtraError: The package supervision is not installed.
        """
        detections, shown = super().to_supervision(), self.shown()
        detections.mask = np.zeros((len(shown), self.size[1], self.size[0]), bool)
        for place, mask in enumerate(shown.masks):
            detections.mask[place] = mask.mask()
        return detections


@dataclass(frozen=True)
class InstanceTruth(BoxTruth):
    """The annotated objects of one image, with a mask each; an empty one where the data set has none."""

    masks: Sequence[Rle] = ()

    __repr__ = brief
