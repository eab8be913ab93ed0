"""Detections and ground-truth objects of all images in flat columns, and the pairs that overlap.

Boxes and masks are evaluated by the same code: only the areas and the overlap function differ.

Shapes: N images, D detections, G ground-truth objects, P pairs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from foveal.ops import boxes as ops
from foveal.types.arrays import Array, FloatArray
from foveal.types.flags import IGNORED_FLAGS, Flag
from foveal.types.predictions.detections import BoxTruth, Detections

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]

Overlap = Callable[[Ids, Ids], FloatArray]
"""(P,) indices of detections and (P,) of ground-truth objects -> (P,) IoU in [0, 1]. Where the ground-truth object is a
crowd, the intersection is divided by the detection's own area."""

PAIRS_AT_ONCE = 1 << 17
"""Pairs whose overlap is measured in one step, so that its arrays stay in the cache."""


@dataclass(frozen=True)
class Predicted:
    """Detections, sorted by image, then class, then falling score; equal scores in the order they came.

    Attributes:
        image: (D,) index of the image in the order of evaluation.
        label: (D,) class ids.
        score: (D,) in [0, 1].
        area: (D,) square pixels.
        shown: (D,) whether the score reaches the model's threshold.
    """

    image: Ids
    label: Ids
    score: FloatArray
    area: FloatArray
    shown: Mask

    def __len__(self) -> int:
        """D."""
        return len(self.image)

    def groups(self) -> Ids:
        """(D,) one number for each image and class, rising."""
        num_classes = int(self.label.max(initial=0)) + 1
        groups: Ids = self.image * num_classes + self.label
        return groups

    def rank(self) -> Ids:
        """(D,) rank of each detection within its image and class."""
        starts = np.flatnonzero(np.diff(self.groups(), prepend=-1))
        ranks: Ids = np.arange(len(self)) - np.repeat(starts, np.diff(np.append(starts, len(self))))
        return ranks


@dataclass(frozen=True)
class GroundTruth:
    """Annotated objects, sorted by image.

    Attributes:
        image: (G,) index of the image in the order of evaluation.
        label: (G,) class ids.
        area: (G,) square pixels, as declared.
        crowd: (G,) covers a group; it matches any number of detections.
        ignored: (G,) neither a false negative nor a cause of false positives; includes crowds.
        side: (G,) side of a square of that area, as a share of the image's longer side; or empty.
    """

    image: Ids
    label: Ids
    area: FloatArray
    crowd: Mask
    ignored: Mask
    side: FloatArray = field(default_factory=lambda: np.empty(0))

    def __len__(self) -> int:
        """G."""
        return len(self.image)


@dataclass(frozen=True)
class Pairs:
    """Pairs of one image that overlap: (P,) index of the detection, (P,) of the ground-truth object, (P,) IoU."""

    predicted: Ids
    truth: Ids
    iou: FloatArray

    def __len__(self) -> int:
        """P."""
        return len(self.iou)

    def __getitem__(self, which: Array) -> "Pairs":
        """Some of the pairs: a mask or indices."""
        return Pairs(self.predicted[which], self.truth[which], self.iou[which])


def sorting(predictions: Sequence[Detections]) -> Ids:
    """(D,) the objects of N images, which come one image after the other, in the order of ``Predicted``."""
    label, score = _join([p.labels for p in predictions], np.int64), _join([p.scores for p in predictions], np.float64)
    order: Ids = np.lexsort((-score, label, _images([len(p) for p in predictions])))
    return order


def flatten(truths: Sequence[BoxTruth], predictions: Sequence[Detections]) -> tuple[Predicted, GroundTruth, Overlap]:
    """The columns of N images with boxes, and the boxes' overlap."""
    lengths = [len(p) for p in predictions]
    image = _images(lengths)
    label = _join([p.labels for p in predictions], np.int64)
    score = _join([p.scores for p in predictions], np.float64)
    order = sorting(predictions)
    boxes = _join([p.boxes for p in predictions], np.float64).reshape(-1, 4)[order]
    shown = score >= np.repeat([p.threshold for p in predictions], lengths)
    predicted = Predicted(image[order], label[order], score[order], ops.area(boxes), shown[order])
    flags = _join([t.flags for t in truths], np.uint8)
    true_boxes = _join([t.boxes for t in truths], np.float64).reshape(-1, 4)
    longer = np.repeat([float(max(p.size)) for p in predictions], [len(t) for t in truths])
    areas = _join([t.areas for t in truths], np.float64)
    truth = GroundTruth(
        _images([len(t) for t in truths]),
        _join([t.labels for t in truths], np.int64),
        areas,
        (flags & Flag.CROWD) != 0,
        (flags & IGNORED_FLAGS) != 0,
        np.sqrt(areas) / np.maximum(longer, 1.0),
    )
    return predicted, truth, lambda f, t: ops.paired_iou(boxes[f], true_boxes[t], crowd=truth.crowd[t])


def overlapping(predicted: Predicted, truth: GroundTruth, overlap: Overlap, *, least: float, num_images: int) -> Pairs:
    """All pairs of one image, of whatever classes, whose IoU is at least ``least``."""
    places = np.searchsorted(truth.image, np.arange(num_images + 1))
    first, count = places[predicted.image], np.diff(places)[predicted.image]
    steps = np.searchsorted(np.cumsum(count), np.arange(PAIRS_AT_ONCE, int(count.sum()), PAIRS_AT_ONCE))
    parts = []
    for start, stop in pairwise([0, *np.unique(steps).tolist(), len(predicted)]):
        piece = slice(start, stop)
        f = np.repeat(np.arange(start, stop), count[piece])
        within = np.arange(len(f)) - np.repeat(np.cumsum(count[piece]) - count[piece], count[piece])
        t = np.repeat(first[piece], count[piece]) + within
        iou = overlap(f, t)
        near = np.flatnonzero(iou >= least)
        parts.append((f[near], t[near], iou[near]))
    return Pairs(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _images(lengths: Sequence[int]) -> Ids:
    return np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)


def _join(columns: Sequence[Array], dtype: type[np.generic]) -> Array:
    return np.concatenate([*columns, columns[0][:0]]).astype(dtype, copy=False)
