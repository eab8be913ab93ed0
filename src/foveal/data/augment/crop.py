"""Geometry of crop, zoom and padding: which pixels of an image go to which pixels of a canvas.

Shapes: H W height and width of the image.
"""

import math
from dataclasses import dataclass

from foveal.data.augment.box_targets import BoxTargets
from foveal.data.augment.chance import happens, uniform
from foveal.data.config import AugmentConfig
from foveal.types.input_spec import InputSpec
from foveal.types.size import Size

Rect = tuple[int, int, int, int]
"""Left, top, right, bottom in whole pixels."""
TRIES = 10
"""Number of crops drawn to find one with an object."""


@dataclass(frozen=True)
class Crop:
    """A rectangle of an image and the rectangle of the canvas that it fills."""

    source: Rect
    canvas: Rect

    def move(self, targets: BoxTargets) -> BoxTargets:
        """Objects of the image on the canvas, clipped with the image."""
        (left, top, right, bottom), (x1, y1, x2, y2) = self.source, self.canvas
        scale = (x2 - x1) / (right - left), (y2 - y1) / (bottom - top)
        return targets.move(scale, (x1 - left * scale[0], y1 - top * scale[1])).clip(self.canvas)


def letterbox(width: int, height: int, size: Size) -> Crop:
    """The full image centred on a canvas of a size, as in evaluation."""
    geometry = InputSpec(size=size, train_size=size, fit="letterbox").geometry(width, height)
    left, top = round(geometry.offset[0]), round(geometry.offset[1])
    across, down = round(geometry.scale[0] * width), round(geometry.scale[1] * height)
    return Crop((0, 0, width, height), (left, top, left + across, top + down))


def draw_crop(
    width: int,
    height: int,
    rect: Rect,
    *,
    scale: float,
    stretch: float = 1.0,
    around: tuple[float, float] | None = None,
) -> Crop:
    """A crop at a given scale and a random position.

    Args:
        width: W.
        height: H.
        rect: The part of the canvas to fill. Along each axis the image is cropped at a random position if it is longer
            than this, or placed at a random position if it is shorter.
        scale: Canvas pixels per image pixel.
        stretch: Height over width of a square after stretching.
        around: A point of the image that must be visible, in its pixels.
    """
    x, y = (None, None) if around is None else around
    across = _draw_span(width, rect[0], rect[2], scale / math.sqrt(stretch), x)
    down = _draw_span(height, rect[1], rect[3], scale * math.sqrt(stretch), y)
    return Crop((across[0], down[0], across[1], down[1]), (across[2], down[2], across[3], down[3]))


def draw_scale(config: AugmentConfig) -> tuple[float, float]:
    """Scale relative to the letterbox, and stretch; (1, 1) if all is off.

    A crop that keeps a fraction a of the area enlarges by 1 / sqrt(a). Zooming out shrinks every second image, as in
    v2.
    """
    scale, stretch = 1.0, 1.0
    if config.crop_scale < 1:
        scale /= math.sqrt(uniform(config.crop_scale, 1))
        stretch = math.exp(uniform(-1, 1) * math.log(config.crop_ratio))
    if config.scale_jitter > 1:
        scale *= math.exp(uniform(-1, 1) * math.log(config.scale_jitter))
    if config.zoom_out > 1 and happens(0.5):
        scale /= uniform(1, config.zoom_out)
    return scale, stretch


def shows_an_object(crop: Crop, targets: BoxTargets, min_visible: float) -> bool:
    """Whether enough of an object is in a crop, or there are no objects."""
    objects = targets.counted
    return not objects.any() or bool((crop.move(targets).visible[objects] >= min_visible).any())


def _draw_span(
    length: int, start: int, stop: int, scale: float, around: float | None = None
) -> tuple[int, int, int, int]:
    """Along one axis: first and last source pixel, first and last canvas pixel."""
    window = (stop - start) / scale
    least, most = min(0.0, length - window), max(0.0, length - window)
    if around is not None:
        least, most = max(least, min(most, around + 0.5 - window)), min(most, max(least, around))
    first = uniform(least, most)
    low, high = max(0.0, first), min(float(length), first + window)
    source = min(round(low), length - 1)
    canvas = min(start + round((low - first) * scale), stop - 1)
    return (
        source,
        max(round(high), source + 1),
        canvas,
        max(min(start + round((high - first) * scale), stop), canvas + 1),
    )
