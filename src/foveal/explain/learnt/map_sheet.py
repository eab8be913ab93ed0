"""Feature maps as images: one channel, and a grid with a row per stage. NumPy and Pillow.

Shapes: h w of a map, S T height and width of the input.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from foveal.explain.overlay import colors_of, heat
from foveal.imaging.draw import INK, PAPER, font, shorten
from foveal.types.arrays import RGB

if TYPE_CHECKING:
    from foveal.explain.learnt.activations import Stage

SIDE_PX, GAP_PX, TEXT_PX, MARGIN_PX = 150, 8, 15, 18
MOST = 8
"""Channels of a stage in the grid: the most active."""
FRAME, INNER = (80, 220, 255), (255, 255, 255)
LEGEND = (
    "warm: positive, cool: negative, black: nothing; one scale per stage. In the image, what the first channel's"
    " strongest place sees (cyan), and the part with half of its influence (white)"
)


def drawn_size(pixels: RGB, longer: int) -> tuple[int, int]:
    """(width, height) at which an image is drawn, with this longer side."""
    height, width = pixels.shape[:2]
    return max(1, round(width * longer / max(width, height))), max(1, round(height * longer / max(width, height)))


def channel_image(stage: "Stage", channel: int, *, size: tuple[int, int], scale: float) -> RGB:
    """One map, drawn in a size: warm for positive values, cool for negative ones, on the scale of its stage."""
    values = (stage.maps[channel] / (scale or 1.0)).clip(-1, 1)
    colors = np.where(values[..., None] < 0, colors_of(values), heat(values.clip(0))).astype(np.uint8)
    small = Image.fromarray(colors)
    return np.asarray(small.resize(size, Image.Resampling.NEAREST))


def scale_of(stage: "Stage", channels: Sequence[int]) -> float:
    """The strongest value among some channels."""
    return float(np.abs(stage.maps[list(channels)]).max())


def field_image(pixels: RGB, stage: "Stage", channel: int, *, size: tuple[int, int]) -> RGB:
    """The prepared image with what a channel's strongest place sees: in white the part with half of its influence."""
    (rows, columns), (wide, high) = pixels.shape[:2], size
    canvas = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(canvas)
    x, y = stage.peak(channel)
    sees = (2 * columns, 2 * rows) if sees_all(stage, pixels) else stage.sees  # what lies beyond was not measured
    for (width, height), color in ((sees, FRAME), (stage.half, INNER)):
        w, h = max(3.0, width / columns * wide), max(3.0, height / rows * high)
        box = [max(0, x * wide - w / 2), max(0, y * high - h / 2), min(wide, x * wide + w / 2) - 1, 0]
        box[3] = min(high, y * high + h / 2) - 1
        pen.rectangle(tuple(round(v) for v in box), outline=color, width=2)
    return np.asarray(canvas)


def stages_sheet(pixels: RGB, stages: "Sequence[Stage]", *, most: int = MOST) -> RGB:
    """A row for each stage: the image with what one place sees, then the most active channels."""
    drawn = drawn_size(pixels, SIDE_PX)
    columns = 1 + max(min(most, len(stage.order)) for stage in stages)
    high = SIDE_PX + 2 * TEXT_PX + 2 * GAP_PX
    head = TEXT_PX + MARGIN_PX
    size = columns * (SIDE_PX + GAP_PX) + 2 * MARGIN_PX, head + len(stages) * (high + GAP_PX) + MARGIN_PX
    canvas = Image.new("RGB", size, PAPER)
    pen, face, small = ImageDraw.Draw(canvas), font(TEXT_PX), font(TEXT_PX - 3)
    legend = shorten(pen, LEGEND, small, size[0] - 2 * MARGIN_PX)
    pen.text((MARGIN_PX, MARGIN_PX // 2 + TEXT_PX / 2), legend, font=small, fill=INK, anchor="lm")
    for row, stage in enumerate(stages):
        over, left = MARGIN_PX // 2 + head + row * (high + GAP_PX), MARGIN_PX
        title = shorten(pen, title_of(stage, pixels), face, size[0] - 2 * MARGIN_PX)
        pen.text((left, over + TEXT_PX / 2), title, font=face, fill=INK, anchor="lm")
        over += TEXT_PX + GAP_PX
        channels = stage.order[:most]
        scale = scale_of(stage, channels)
        canvas.paste(Image.fromarray(field_image(pixels, stage, channels[0], size=drawn)), (left, over))
        for channel in channels:
            left += SIDE_PX + GAP_PX
            one = channel_image(stage, channel, size=drawn, scale=scale)
            canvas.paste(Image.fromarray(one), (left, over))
            words = f"channel {channel}, peak {peak_value(stage, channel):.3g}"
            pen.text((left, over + SIDE_PX + TEXT_PX / 2), words, font=small, fill=INK, anchor="lm")
    return np.asarray(canvas)


def peak_value(stage: "Stage", channel: int) -> float:
    """The channel's strongest value, with its sign."""
    values = stage.maps[channel]
    return float(values.flat[int(np.abs(values).argmax())])


def title_of(stage: "Stage", pixels: RGB) -> str:
    """For example ``stage 3 of 5: 40 channels of 28 x 28, a place every 8 px; one place sees 99 x 99 px``."""
    channels, rows, columns = stage.maps.shape
    return (
        f"{stage.name}: {channels} channels of {columns} x {rows}, a place every {stage.step(pixels.shape[1]):.3g} px;"
        f" {seen_of(stage, pixels)}"
    )


def sees_all(stage: "Stage", pixels: RGB) -> bool:
    """Whether one place sees all of the input."""
    height, width = pixels.shape[:2]
    wide, high = stage.sees
    return wide >= int(width) and high >= int(height)


def seen_of(stage: "Stage", pixels: RGB) -> str:
    """What one place sees, in words."""
    if sees_all(stage, pixels):
        whole = "one place sees all of the image"
    else:
        whole = "one place sees {} x {} px".format(*stage.sees)
    return whole + ", half of its influence lies within {} x {} px".format(*stage.half)
