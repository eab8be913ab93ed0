"""Detections with masks as plain values, exact."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from foveal.tasks.detect import kept as of_boxes
from foveal.types.arrays import Array
from foveal.types.categories import Categories
from foveal.types.predictions.masks import Instances, InstanceTruth
from foveal.types.predictions.packed import Packed, pack, unpack
from foveal.types.rle import Rle


def to_kept(truth: InstanceTruth, prediction: Instances) -> dict[str, Any]:
    """As for boxes, and the masks' run lengths."""
    values = of_boxes.to_kept(truth, prediction)
    return {
        **values,
        "truth": {**values["truth"], "masks": pack_masks(truth.masks)},
        "masks": pack_masks(prediction.masks),
    }


def from_kept(values: Mapping[str, Any], categories: Categories) -> tuple[InstanceTruth, Instances]:
    """Truth and prediction."""
    there, found = of_boxes.from_kept(values, categories)
    width, height = found.size
    masks, true_masks = (unpack_masks(one["masks"], (height, width)) for one in (values, values["truth"]))
    truth = InstanceTruth(there.boxes, there.labels, there.flags, there.areas, true_masks)
    return truth, Instances(
        found.boxes,
        found.scores,
        found.labels,
        categories,
        found.size,
        found.threshold,
        masks,
        full=found.full,
    )


def pack_masks(masks: Sequence[Rle]) -> dict[str, Packed]:
    """All runs one after the other, and how many each mask has."""
    runs: list[Array] = [mask.runs for mask in masks]
    together = np.concatenate([*runs, np.empty(0, np.uint32)])
    return {"counts": pack(np.array([len(one) for one in runs]), "u4"), "runs": pack(together, "u4", small=True)}


def unpack_masks(packed: Mapping[str, Packed], size: tuple[int, int]) -> tuple[Rle, ...]:
    """The masks of an image of ``size`` (height, width)."""
    ends = np.cumsum(unpack(packed["counts"]))
    return tuple(Rle(size, runs) for runs in np.split(unpack(packed["runs"]), ends)[:-1])
