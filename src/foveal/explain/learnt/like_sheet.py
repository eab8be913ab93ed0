"""An image beside the nearest images of a data set. NumPy and Pillow."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from foveal.imaging.draw import INK, PAPER, font, shorten
from foveal.types.arrays import RGB

SIDE_PX, GAP_PX, TEXT_PX = 200, 10, 15


def like_sheet(asked: tuple[RGB, str], nearest: Sequence[tuple[RGB, Sequence[str]]]) -> RGB:
    """The image, and after a gap the nearest ones with two lines of text each."""
    width = (1 + len(nearest)) * (SIDE_PX + GAP_PX) + 3 * GAP_PX
    canvas = Image.new("RGB", (width, SIDE_PX + 2 * TEXT_PX + 5 * GAP_PX), PAPER)
    pen, face = ImageDraw.Draw(canvas), font(TEXT_PX)
    left = GAP_PX
    for place, (pixels, lines) in enumerate([(asked[0], (asked[1],)), *nearest]):
        small = ImageOps.contain(Image.fromarray(pixels), (SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
        canvas.paste(small, (left + (SIDE_PX - small.width) // 2, GAP_PX + (SIDE_PX - small.height) // 2))
        for line, text in enumerate(lines):
            middle = SIDE_PX + 2 * GAP_PX + line * (TEXT_PX + 5) + TEXT_PX / 2
            pen.text((left, middle), shorten(pen, text, face, SIDE_PX), font=face, fill=INK, anchor="lm")
        left += SIDE_PX + GAP_PX + (2 * GAP_PX if place == 0 else 0)
    return np.asarray(canvas)
