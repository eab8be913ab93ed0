"""Objects drawn on images and written into tables."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from foveal.imaging import draw
from foveal.tasks.detect.outcomes import IGNORED, outcomes
from foveal.types.arrays import RGB, FloatArray
from foveal.types.categories import Categories
from foveal.types.flags import IGNORED_FLAGS
from foveal.types.predictions.detections import BoxTruth, Detections

if TYPE_CHECKING:
    from torch import Tensor

Color = tuple[int, int, int]


def draw_detections(image: RGB, prediction: Detections) -> RGB:
    """The image with the objects from the threshold on."""
    shown = prediction.shown()
    return draw.boxes(image, scaled(shown.boxes, prediction.size, image), captions(shown), class_colors(shown))


def draw_truth_and_detections(image: RGB, truth: BoxTruth, prediction: Detections) -> RGB:
    """Ground truth beside predictions: right ones solid, false ones dashed, missed ones dotted; ignored ones gray."""
    shown, names = prediction.shown(), [prediction.categories.names[i] for i in truth.labels]
    found = outcomes(truth, shown)
    colors, dashed, dotted = found.of_truth()
    boxes = scaled(truth.boxes, prediction.size, image)
    left = draw.boxes(image, boxes, names, colors, dashed=dashed, dotted=dotted)
    colors, dashed = found.of_detections()
    right = draw.boxes(image, scaled(shown.boxes, prediction.size, image), captions(shown), colors, dashed=dashed)
    return draw.side_by_side(left, right, titles=("truth", "predicted"))


def draw_box_target(image: RGB, target: Mapping[str, "Tensor"], categories: Categories, *, scale: float) -> RGB:
    """An image with the boxes of a training target; ignored ones are gray and dashed."""
    ignored = [bool(flags & IGNORED_FLAGS) for flags in target["flags"].tolist()]
    colors = [
        IGNORED if skip else categories.color(k) for k, skip in zip(target["labels"].tolist(), ignored, strict=True)
    ]
    return draw.boxes(image, target["boxes"].numpy() * scale, [""] * len(colors), colors, dashed=ignored)


def detection_row(truth: BoxTruth, prediction: Detections) -> dict[str, str | float]:
    """Numbers of ground-truth and predicted objects, and the predictions."""
    shown = prediction.shown()
    return {
        "objects": len(truth),
        "predicted": len(shown),
        "prediction": "; ".join(f"{d.name} {d.score:.3f} {' '.join(f'{v:.1f}' for v in d.box)}" for d in shown),
    }


def captions(shown: Detections) -> list[str]:
    """Name and score of each object."""
    return [f"{d.name} {d.score:.0%}" for d in shown]


def scaled(boxes: FloatArray, size: tuple[int, int], image: RGB) -> FloatArray:
    """Boxes of an image of ``size`` on a copy of it in another size."""
    moved: FloatArray = boxes * np.array([image.shape[1] / size[0], image.shape[0] / size[1]] * 2)
    return moved


def class_colors(objects: Detections) -> list[Color]:
    """The colour of each object's class."""
    return [objects.categories.color(int(label)) for label in objects.labels]
