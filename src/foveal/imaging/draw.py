"""Drawing on pictures, with Pillow alone."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from foveal.types.arrays import RGB

FONTS = ("NotoSansCJK-Regular.ttc", "DejaVuSans.ttf", "Arial Unicode.ttf", "arial.ttf")
"""Fonts looked for by name on the system, those with many scripts first; Pillow's own is the last resort."""


@lru_cache(maxsize=32)
def font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A font of about ``size_px`` pixels."""
    for name in FONTS:
        try:
            return ImageFont.truetype(name, size_px)
        except OSError:
            continue
    return ImageFont.load_default(size_px)


def label(image: RGB, lines: Sequence[tuple[str, tuple[int, int, int]]]) -> RGB:
    """Write lines into the upper left corner, each on a dark band with a chip of its colour.

    Args:
        image: (H, W, 3) uint8; stays as it is.
        lines: (text, RGB colour) pairs, top to bottom.

    Returns:
        A new picture of the same size.
    """
    canvas = Image.fromarray(image).convert("RGBA")
    height_px = max(10, min(canvas.height // 14, canvas.width // 14, 40))
    shade = Image.new("RGBA", canvas.size)
    pen = ImageDraw.Draw(shade)
    chip, pad = round(height_px * 0.7), max(2, height_px // 4)
    face = font(height_px)
    for i, (text, color) in enumerate(lines):
        top = pad + i * (height_px + 2 * pad)
        right = pad * 4 + chip + pen.textlength(text, font=face)
        pen.rectangle((pad, top, right, top + height_px + 2 * pad - 1), fill=(16, 18, 22, 190))
        middle = top + pad + height_px / 2
        pen.rectangle((2 * pad, middle - chip / 2, 2 * pad + chip, middle + chip / 2), fill=(*color, 255))
        pen.text((3 * pad + chip, middle), text, font=face, fill=(255, 255, 255, 255), anchor="lm")
    return np.asarray(Image.alpha_composite(canvas, shade).convert("RGB"))
