"""Class maps drawn on images and written into tables."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from foveal.imaging import draw, draw_masks
from foveal.types.arrays import RGB, Array
from foveal.types.categories import Categories
from foveal.types.predictions.masks import SHOWN_SHARE, ClassMap, MapTruth

if TYPE_CHECKING:
    from torch import Tensor

Color = tuple[int, int, int]


def draw_class_map(image: RGB, prediction: ClassMap, *, all_classes: bool = False) -> RGB:
    """The image tinted by class, with a legend of the classes that are there, or of all."""
    ids, categories = prediction.ids, prediction.categories
    colors = class_colors(categories)
    tinted = draw_masks.overlay(image, ids, colors)
    named = list(zip(categories.names, colors, strict=True)) if all_classes else _named(ids, categories)
    return draw_masks.legend(tinted, named)


def draw_truth_and_class_map(image: RGB, truth: MapTruth, prediction: ClassMap) -> RGB:
    """Ground truth, prediction, and where the two differ, under one legend."""
    ids, categories = prediction.ids, prediction.categories
    colors = class_colors(categories)
    row = draw.row(
        [
            draw_masks.overlay(image, truth.ids, colors),
            draw_masks.overlay(image, ids, colors),
            draw_masks.error_map(image, truth.ids, ids),
        ],
        titles=("truth", "predicted", "wrong"),
    )
    return draw_masks.legend(row, _named(np.concatenate([truth.ids.ravel(), ids.ravel()]), categories))


def draw_mask_target(image: RGB, target: Mapping[str, "Tensor"], categories: Categories) -> RGB:
    """A training image tinted by the class of each pixel."""
    return draw_masks.overlay(image, target["mask"].numpy(), class_colors(categories))


def class_map_row(truth: MapTruth, prediction: ClassMap) -> dict[str, str | float]:
    """Pixel accuracy, and the predicted classes with their shares of the image."""
    known = truth.ids < len(prediction.categories)
    right = (truth.ids == prediction.ids)[known]
    return {
        "pixel_accuracy": round(float(right.mean()), 6) if right.size else "",
        "prediction": "; ".join(f"{row['name']} {row['score']:.3f}" for row in prediction.rows()),
    }


def palette_png(prediction: ClassMap) -> bytes:
    """A palette PNG whose indices are class ids."""
    return draw_masks.palette_png(prediction.ids, class_colors(prediction.categories))


def class_colors(categories: Categories) -> list[Color]:
    """The colour of each class."""
    return [categories.color(k) for k in range(len(categories))]


def _named(ids: Array, categories: Categories) -> list[tuple[str, Color]]:
    """Names and colours of the classes that cover enough of the image."""
    counts = np.bincount(ids.ravel(), minlength=len(categories))[: len(categories)]
    there = np.flatnonzero(counts >= SHOWN_SHARE * ids.size)
    return [(categories.names[k], categories.color(k)) for k in there.tolist()]
