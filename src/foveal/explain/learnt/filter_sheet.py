"""Kernels as an image, each beside the patches that it responds to most. NumPy and Pillow.

Shapes: k side of a kernel.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from foveal.imaging.draw import INK, PAPER, font, shorten
from foveal.types.arrays import RGB, FloatArray

if TYPE_CHECKING:
    from foveal.explain.learnt.filters import Filter

CELL_PX = 64
"""Side at which a kernel and a patch are drawn."""
GAP_PX, TEXT_PX, MARGIN_PX, HEAD_PX = 4, 15, 16, 21
MOST = 64
"""Kernels drawn: the strongest."""
FRAME = (80, 220, 255)
WIDEST_PX = 1680


def filter_sheet(filters: "Sequence[Filter]", *, most: int = MOST) -> RGB:
    """A tile for each kernel, strongest first: its number and strength, the kernel, its patches."""
    shown = filters[:most]
    top = max((len(one.patches) for one in shown), default=0)
    wide = CELL_PX * (1 + top) + GAP_PX * top + (GAP_PX if top else 0)
    high = CELL_PX + TEXT_PX + 2 * GAP_PX
    across = _columns(len(shown), wide + MARGIN_PX, high + GAP_PX)
    rows = -(-len(shown) // across)
    size = across * (wide + MARGIN_PX) + MARGIN_PX, rows * (high + GAP_PX) + 2 * HEAD_PX + 2 * MARGIN_PX
    canvas = Image.new("RGB", size, PAPER)
    pen, face = ImageDraw.Draw(canvas), font(TEXT_PX - 2)
    for line, words in enumerate(_about(filters, top)):
        middle = MARGIN_PX + line * HEAD_PX + HEAD_PX / 2
        words = shorten(pen, words, font(TEXT_PX), size[0] - 2 * MARGIN_PX)
        pen.text((MARGIN_PX, middle), words, font=font(TEXT_PX), fill=INK, anchor="lm")
    for place, one in enumerate(shown):
        row, column = divmod(place, across)
        left, over = (
            MARGIN_PX + column * (wide + MARGIN_PX),
            2 * HEAD_PX + MARGIN_PX + 3 * GAP_PX + row * (high + GAP_PX),
        )
        words = f"{one.number}: {'dead' if one.dead else f'{one.strength:.2g}'}"
        pen.text((left, over + TEXT_PX / 2), words, font=face, fill=INK, anchor="lm")
        over += TEXT_PX + GAP_PX
        canvas.paste(_enlarged(kernel_image(0 * one.kernel if one.dead else one.kernel)), (left, over))
        left += CELL_PX + 2 * GAP_PX
        for patch in one.patches:
            canvas.paste(_enlarged(patch.pixels), (left, over))
            scale = CELL_PX / len(patch.pixels)
            x1, y1, x2, y2 = (round(v * scale) for v in patch.field)
            pen.rectangle((left + x1, over + y1, left + x2 - 1, over + y2 - 1), outline=FRAME)
            left += CELL_PX + GAP_PX
    return np.asarray(canvas)


def kernel_image(kernel: FloatArray) -> RGB:
    """(k, k, 3) weights as colours: 0 is mid-gray, the kernel's strongest weight black or white."""
    strongest = float(np.abs(kernel).max()) or 1.0
    colors: RGB = (127.5 + 127.5 * np.asarray(kernel, np.float64) / strongest).round().astype(np.uint8)
    return colors


def _enlarged(pixels: RGB) -> Image.Image:
    """With its pixels as squares."""
    return Image.fromarray(pixels).resize((CELL_PX, CELL_PX), Image.Resampling.NEAREST)


def _columns(count: int, wide: int, high: int) -> int:
    """Tiles in a row, so that the image is about one and a half times as wide as high."""
    fair = int((1.5 * count * high / wide) ** 0.5 + 0.5)
    return max(1, min(fair, count, WIDEST_PX // wide))


def _about(filters: "Sequence[Filter]", top: int) -> tuple[str, str]:
    """What the image shows, in two lines."""
    height, width = filters[0].kernel.shape[:2]
    dead = sum(one.dead for one in filters)
    kernels = f"{len(filters)} kernels of {width} x {height} pixels{f', {dead} of them dead' if dead else ''}"
    patches = f"; the {top} patches that it responds to most (frame: what it sees)" if top else ""
    return f"{kernels}; strongest first", f"number: strength; the kernel (gray: no weight){patches}"
