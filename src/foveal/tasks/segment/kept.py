"""Class maps and masks as plain values: their runs, compressed."""

from collections.abc import Mapping
from typing import Any

from foveal.types.categories import Categories
from foveal.types.predictions.masks import ClassMap, MapTruth, Runs
from foveal.types.predictions.packed import pack, unpack


def to_kept(truth: MapTruth, prediction: ClassMap) -> dict[str, object]:
    """The class of every pixel, true and predicted."""
    return {"size": list(prediction.size), "truth": pack_runs(Runs(truth.ids)), "map": pack_runs(prediction.runs)}


def from_kept(values: Mapping[str, Any], categories: Categories) -> tuple[MapTruth, ClassMap]:
    """Truth and prediction."""
    width, height = values["size"]
    truth, found = (unpack_runs(values[name], (height, width)) for name in ("truth", "map"))
    return MapTruth(truth.pixels()), ClassMap(found, categories)


def pack_runs(runs: Runs) -> dict[str, object]:
    """Values and lengths."""
    return {"values": pack(runs.values, "u1", small=True), "lengths": pack(runs.lengths, "u4", small=True)}


def unpack_runs(packed: Mapping[str, Any], shape: tuple[int, int]) -> Runs:
    """Runs of a map of ``shape`` (height, width)."""
    return Runs.joined(unpack(packed["values"]), unpack(packed["lengths"]), shape)
