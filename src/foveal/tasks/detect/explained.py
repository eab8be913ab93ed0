"""Objects as subjects of explanations. No torch.

Shapes: B images per batch, k candidates per image, N objects, H W height and width of the image. Boxes are xyxy pixels.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from foveal.data.notes import plural
from foveal.ops.boxes import iou
from foveal.types.arrays import Array, FloatArray, IntArray
from foveal.types.flags import IGNORED_FLAGS
from foveal.types.geometry import Geometry
from foveal.types.predictions.detections import BoxTruth, Detections
from foveal.types.predictions.masks import Instances, InstanceTruth
from foveal.types.predictions.subject import MOST_SUBJECTS, Asked, NoSuchObjectError, Subject

LEAST_IOU = 0.5
"""Overlap from which an annotated object is the predicted one, as for precision and recall."""


def subjects(prediction: Detections, asked: Asked) -> list[Subject]:
    """The shown objects by falling score: of the asked classes, or the asked one, or the best few.

    Raises:
        NoSuchObjectError: An object that is not there.
        CategoryError: An unknown class.
    """
    shown, names = prediction.shown(), prediction.categories.names
    ids = asked.ids(prediction.categories)
    masks = shown.masks if isinstance(shown, Instances) else [None] * len(shown)
    every = [
        Subject("object", names[k], int(k), float(score), number=i + 1, box=tuple(box.tolist()), mask=mask)
        for i, (box, score, k, mask) in enumerate(zip(shown.boxes, shown.scores, shown.labels, masks, strict=True))
    ]
    if isinstance(asked.object, int):
        if asked.object > len(every):
            there = plural(len(every), "object")
            raise NoSuchObjectError(
                f"--object {asked.object} of {there}: this image has no such object.",
                f"Objects are counted from 1 by falling score; {there} reached the threshold."
                " See them with: foveal predict, and more of them with --threshold.",
            )
        every = every[asked.object - 1 : asked.object]
    chosen = asked.compare([s for s in every if not ids or s.label in ids], prediction.categories)
    return chosen if asked.object == "all" else chosen[:MOST_SUBJECTS]


def support(arrays: Mapping[str, Array], subject: Subject, geometry: Geometry) -> FloatArray:
    """(B,) the best overlap times score among the candidates of the subject's class, less that of the rival's.

    Petsiuk et al. 2021, "D-RISE", equation 3, with the class's own score for the similarity of the scores.

    Args:
        arrays: ``boxes`` (B, k, 4) in input pixels, ``scores`` and ``labels`` (B, k).
        subject: An object.
        geometry: From the image to the input.
    """
    batch, k = arrays["scores"].shape
    box = in_input(subject, geometry)
    overlap = iou(np.asarray(arrays["boxes"], np.float64).reshape(-1, 4), box)[:, 0].reshape(batch, k)
    value = overlap * np.asarray(arrays["scores"], np.float64)

    def best(label: int) -> FloatArray:
        highest: FloatArray = np.where(arrays["labels"] == label, value, 0.0).max(1, initial=0.0)
        return highest

    own = best(subject.label)
    return own if subject.against is None else own - best(subject.against)


def in_input(subject: Subject, geometry: Geometry) -> FloatArray:
    """(1, 4) the box of an object in input pixels."""
    assert subject.box is not None, "an object has a box"
    return geometry.to_input(np.array(subject.box).reshape(2, 2)).reshape(1, 4)


def region(truth: BoxTruth, subject: Subject, size: tuple[int, int]) -> NDArray[np.bool_] | None:
    """(H, W) the annotated objects of the subject's class, or the one that it overlaps enough; None: there is none."""
    places: IntArray = np.flatnonzero((truth.labels == subject.label) & (truth.flags & IGNORED_FLAGS == 0))
    if subject.box is not None and len(places):
        overlap = iou(truth.boxes[places], np.array([subject.box]))[:, 0]
        places = places[[int(overlap.argmax())]] if overlap.max() >= LEAST_IOU else places[:0]
    if not len(places):
        return None
    width, height = size
    inside = np.zeros((height, width), bool)
    for i in places.tolist():
        mask = truth.masks[i] if isinstance(truth, InstanceTruth) else None
        if mask is not None and mask.area:
            inside |= mask.mask()
        else:
            x1, y1 = np.floor(truth.boxes[i][:2]).astype(int).clip(0)
            x2, y2 = np.ceil(truth.boxes[i][2:]).astype(int).clip(0)
            inside[y1:y2, x1:x2] = True
    return inside if inside.any() else None
