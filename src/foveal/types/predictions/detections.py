"""Detections in one image, and its annotated objects. Frozen NumPy; no torch.

Shapes: N objects. Boxes are xyxy pixels of the image as displayed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.brief import brief
from foveal.errors import MissingExtraError, ShapeError
from foveal.types.arrays import Array, FloatArray, IntArray
from foveal.types.categories import Categories
from foveal.types.predictions.shown import Shown, line


@dataclass(frozen=True)
class Detection:
    """One detection: its class, its score in [0, 1], and its box in pixels."""

    name: str
    score: float
    box: tuple[float, float, float, float]

    __repr__ = brief


@dataclass(frozen=True, repr=False)
class Detections(Shown):
    """The detections in one image, by falling score.

    Attributes:
        boxes: (N, 4) float xyxy pixels.
        scores: (N,) float in [0, 1].
        labels: (N,) class ids.
        categories: The class map.
        size: (width, height) of the image in pixels.
        threshold: Score from which an object is shown, in [0, 1]; evaluation also uses those below it.
        full: Whether a limit on their number left out objects that might be shown.
    """

    boxes: FloatArray
    scores: FloatArray
    labels: IntArray
    categories: Categories
    size: tuple[int, int]
    threshold: float = 0.0
    full: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        """Check the columns and lock them.

        Raises:
            ShapeError: Columns of unequal length, numbers that are not finite, or scores outside [0, 1].
        """
        boxes = np.array(self.boxes, np.float64).reshape(-1, 4)
        scores, labels = np.array(self.scores, np.float64), np.array(self.labels, np.int64)
        if not len(boxes) == len(scores) == len(labels):
            raise ShapeError(
                f"Detections got {len(boxes)} boxes, {len(scores)} scores and {len(labels)} labels; pass one of each"
                " for every object."
            )
        if not (np.isfinite(boxes).all() and np.isfinite(scores).all()):
            raise ShapeError("Detections got boxes or scores that are not finite.")
        if len(scores) and (scores.min() < 0 or scores.max() > 1 + 1e-5):
            raise ShapeError("Detections got scores outside [0, 1]; pass probabilities.")
        if len(labels) and not (labels.min() >= 0 and labels.max() < len(self.categories)):
            raise ShapeError(f"Detections got a class id outside 0 to {len(self.categories) - 1}.")
        for name, column in (("boxes", boxes), ("scores", scores), ("labels", labels)):
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        """N, the number of objects."""
        return len(self.scores)

    def __iter__(self) -> Iterator[Detection]:
        """The objects one by one."""
        for box, score, label in zip(self.boxes, self.scores, self.labels, strict=True):
            yield Detection(self.categories.names[label], float(score), tuple(box.tolist()))

    def __getitem__(self, which: Array | slice) -> "Detections":
        """Some of the objects: a mask, indices or a slice; every column is filtered."""
        columns = self.boxes[which], self.scores[which], self.labels[which]
        chosen = Detections(*columns, self.categories, self.size, self.threshold, full=self.full)
        return chosen.drawn_by(self._drawing)

    def __repr__(self) -> str:
        """One line: ``Detections(12 RBC, 1 WBC; 640 x 480 px)``."""
        labels = self.shown().labels
        counts = np.bincount(labels, minlength=len(self.categories))
        order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
        items = [f"{counts[k]} {self.categories.names[k]}" for k in order.tolist()]
        return line(type(self).__name__, items, self.size)

    def shown(self) -> "Detections":
        """The objects from the threshold on."""
        return self[self.scores >= self.threshold]

    def rows(self) -> list[dict[str, str | float]]:
        """Name, score and box of each object from the threshold on, best first."""
        keys = ("x1", "y1", "x2", "y2")
        return [
            {"name": d.name, "score": d.score, **{k: round(v, 2) for k, v in zip(keys, d.box, strict=True)}}
            for d in self.shown()
        ]

    def to_dict(self) -> dict[str, object]:
        """``size`` and ``objects`` from the threshold on: name, score and box in pixels, best first; ``full`` if so."""
        objects = [
            {"name": d.name, "score": round(d.score, 6), "box": [round(v, 3) for v in d.box]} for d in self.shown()
        ]
        return {"size": list(self.size), "objects": objects, **({"full": True} if self.full else {})}

    def to_coco(self, image_id: int | str) -> list[dict[str, object]]:
        """COCO's results format: every object with ``image_id``, ``category_id`` of the source, xywh ``bbox``."""
        ids = self.categories.source_ids or tuple(range(1, len(self.categories) + 1))
        return [
            {
                "image_id": image_id,
                "category_id": ids[label],
                "bbox": [round(float(v), 3) for v in (box[0], box[1], box[2] - box[0], box[3] - box[1])],
                "score": round(float(score), 6),
            }
            for box, score, label in zip(self.boxes, self.scores, self.labels, strict=True)
        ]

    def to_supervision(self) -> Any:
        """The objects from the threshold on as a ``supervision.Detections``, each name in its data as ``class_name``.

        Raises:
            MissingExtraError: The package supervision is not installed.
        """
        try:
            supervision = import_module("supervision")
        except ImportError:
            error = MissingExtraError("convert objects for supervision", "supervision")
            error.hint = "Install it with: pip install supervision"
            raise error from None
        shown = self.shown()
        return supervision.Detections(
            xyxy=shown.boxes.astype(np.float32),
            confidence=shown.scores.astype(np.float32),
            class_id=shown.labels.astype(int),
            data={"class_name": np.array([self.categories.names[k] for k in shown.labels], dtype=str)},
        )


@dataclass(frozen=True)
class BoxTruth:
    """The annotated objects of one image.

    Attributes:
        boxes: (N, 4) float64 xyxy pixels.
        labels: (N,) class ids.
        flags: (N,) uint8, ``types.flags.Flag``.
        areas: (N,) float64 square pixels, as the source declares them (COCO: of the mask); COCO's size ranges use them.
    """

    boxes: NDArray[np.float64]
    labels: NDArray[np.int32]
    flags: NDArray[np.uint8]
    areas: NDArray[np.float64]

    __repr__ = brief

    def __len__(self) -> int:
        """N, the number of objects."""
        return len(self.labels)
