"""Objects with masks drawn on images, and as files.

Shapes: N objects, H W height and width of the image.
"""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foveal.imaging import draw, draw_masks
from foveal.metrics.detection.instance import flatten_masks
from foveal.tasks.detect.outcomes import outcomes
from foveal.tasks.detect.show import captions, class_colors, scaled
from foveal.types.arrays import RGB, IntArray
from foveal.types.flags import IGNORED_FLAGS
from foveal.types.predictions.masks import IGNORE, Instances, InstanceTruth
from foveal.types.rle import Rle

EMPTY = Rle((1, 1), np.array([1], np.uint32))
"""The mask of an object that is drawn without one."""


def draw_instances(image: RGB, prediction: Instances) -> RGB:
    """The image with the objects from the threshold on."""
    shown = prediction.shown()
    boxes = scaled(shown.boxes, prediction.size, image)
    return draw_masks.instances(image, shown.masks, boxes, captions(shown), class_colors(shown))


def draw_truth_and_instances(image: RGB, truth: InstanceTruth, prediction: Instances) -> RGB:
    """Ground truth, predictions, and where the topmost class differs.

    Right objects have solid frames, false ones dashed, missed ones dotted; ignored ones are gray, without a mask.
    """
    categories, shown = prediction.categories, prediction.shown()
    found = outcomes(truth, shown, flat=flatten_masks)
    boxes, names = scaled(truth.boxes, prediction.size, image), [categories.names[i] for i in truth.labels]
    colors, dashed, dotted = found.of_truth()
    masks = [EMPTY if skip else mask for mask, skip in zip(truth.masks, found.ignored, strict=True)]
    left = draw_masks.instances(image, masks, boxes, names, colors, dashed=dashed, dotted=dotted)
    colors, dashed = found.of_detections()
    boxes = scaled(shown.boxes, prediction.size, image)
    right = draw_masks.instances(image, shown.masks, boxes, captions(shown), colors, dashed=dashed)
    predicted = class_map(shown.masks, shown.labels, np.zeros(len(shown), np.uint8), prediction.size)
    wrong = draw_masks.error_map(image, class_map(truth.masks, truth.labels, truth.flags, prediction.size), predicted)
    return draw.row((left, right, wrong), ("truth", "predicted", "wrong"))


def class_map(
    masks: Sequence[Rle], labels: IntArray, flags: NDArray[np.uint8], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """(H, W): 0 for background, else the number of the topmost class; ``IGNORE`` where all objects are ignored.

    Args:
        masks: N.
        labels: (N,) class ids.
        flags: (N,) as ``types.flags``.
        size: (width, height) in pixels.
    """
    ids = np.zeros(size[::-1], np.uint8)
    counted = (flags & IGNORED_FLAGS) == 0
    for i in np.lexsort((-np.arange(len(masks)), counted)):  # the first last, and ignored ones before others
        ids[masks[i].mask()] = 1 + labels[i] % (IGNORE - 1) if counted[i] else IGNORE
    return ids


def instance_png(prediction: Instances) -> bytes:
    """A PNG whose pixel values number the objects from the threshold on, from 1; 0 is background.

    Where masks overlap the higher-scored object is on top. It has 8 bits, or 16 where there are more than 255 objects.
    """
    shown = prediction.shown()
    width, height = shown.size
    numbers = np.zeros((height, width), np.uint8 if len(shown) < 256 else np.uint16)
    for place in reversed(range(len(shown))):
        numbers[shown.masks[place].mask()] = place + 1
    file = io.BytesIO()
    Image.fromarray(numbers).save(file, "PNG")
    return file.getvalue()
