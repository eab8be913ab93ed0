"""Detections and annotated objects as plain values, exact: those below the threshold too, for average precision."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from foveal.types.categories import Categories
from foveal.types.predictions.detections import BoxTruth, Detections
from foveal.types.predictions.packed import pack, unpack


def to_kept(truth: BoxTruth, prediction: Detections) -> dict[str, Any]:
    """Boxes, scores and class ids of both."""
    return {
        "truth": {
            "boxes": pack(truth.boxes, "f8"),
            "labels": pack(truth.labels, "i4"),
            "flags": pack(truth.flags, "u1"),
            "areas": pack(truth.areas, "f8"),
        },
        "size": list(prediction.size),
        "boxes": pack(prediction.boxes, "f8"),
        "scores": pack(prediction.scores, "f8"),
        "labels": pack(prediction.labels, "i4"),
        "threshold": prediction.threshold,
        **({"full": True} if prediction.full else {}),
    }


def from_kept(values: Mapping[str, Any], categories: Categories) -> tuple[BoxTruth, Detections]:
    """Truth and prediction."""
    truth, (width, height) = values["truth"], values["size"]
    there = BoxTruth(
        unpack(truth["boxes"], -1, 4),
        unpack(truth["labels"]),
        unpack(truth["flags"]),
        unpack(truth["areas"]),
    )
    found = Detections(
        unpack(values["boxes"], -1, 4),
        unpack(values["scores"]),
        unpack(values["labels"]).astype(np.int64),
        categories,
        (width, height),
        values["threshold"],
        full=values.get("full", False),
    )
    return there, found
