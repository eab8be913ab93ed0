"""A contact sheet: rows of cells with titles, drawn with Pillow; a row is as high as its highest image.

Shapes: C width of a cell, and its greatest height, in pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from foveal.imaging.draw import font, printable
from foveal.types.arrays import RGB

PAPER, INK, FAINT, FRAME = (255, 255, 255), (28, 30, 36), (120, 124, 134), (243, 244, 246)
MARGIN, GAP, SETOFF, TITLE, HEAD, CHIP = 28, 8, 26, 30, 30, 16
"""Lengths in pixels: around the sheet, between cells, after the first column, a row's title, the column titles, a
colour swatch with its space."""


@dataclass(frozen=True)
class Row:
    """Cells under a title.

    Attributes:
        title: Dark text.
        note: Light text after the title.
        cells: Images of any size, fitted into the cells.
        keys: Names and their colours in the cells, in place of the title.
    """

    title: str
    note: str
    cells: Sequence[RGB]
    keys: Sequence[tuple[str, tuple[int, int, int]]] = ()


def draw_sheet(rows: Sequence[Row], *, columns: Sequence[str], cell: int, setoff: bool = False) -> RGB:
    """Lay rows out.

    Args:
        rows: At least one.
        columns: Titles above the first columns.
        cell: C.
        setoff: Whether the first column is set apart from the others.

    Returns:
        (H, W, 3) uint8.
    """
    assert rows, "a sheet has rows"
    count = max(len(row.cells) for row in rows)
    left = [MARGIN + i * (cell + GAP) + (SETOFF if i and setoff else 0) for i in range(count)]
    heights = [max(_inner(image, cell)[1] for image in row.cells) for row in rows]
    tops = np.cumsum([MARGIN + HEAD, *(TITLE + height + GAP * 2 for height in heights)]).tolist()
    size = (left[-1] + cell + MARGIN, tops[-1] - GAP + MARGIN)
    sheet = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(sheet)
    for x, title in zip(left, columns, strict=False):
        pen.text((x, MARGIN + 6), title, font=font(13), fill=FAINT, anchor="lm")
    for row, top, height in zip(rows, tops, heights, strict=False):
        start = (_write_keys if row.keys else _write_title)(pen, row, top + 10, (size[0] - 2 * MARGIN) // 2) + 12
        note = _shortened(pen, row.note, round(size[0] - MARGIN - start), size_px=12)
        pen.text((start, top + 11), note, font=font(12), fill=FAINT, anchor="lm")
        for x, image in zip(left, row.cells, strict=False):
            sheet.paste(_fitted(image, cell, height), (x, top + TITLE))
    return np.asarray(sheet)


def _inner(image: RGB, cell: int) -> tuple[int, int]:
    """Width and height of an image whose longer side is that of a cell."""
    height, width = image.shape[:2]
    scale = cell / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _fitted(image: RGB, cell: int, height: int) -> Image.Image:
    """The full image centred in a cell; small ones are enlarged without smoothing."""
    inner = _inner(image, cell)
    how = Image.Resampling.NEAREST if cell >= 3 * max(image.shape[:2]) else Image.Resampling.BICUBIC
    out = Image.new("RGB", (cell, height), FRAME)
    out.paste(Image.fromarray(image).resize(inner, how), ((cell - inner[0]) // 2, (height - inner[1]) // 2))
    return out


def _write_title(pen: ImageDraw.ImageDraw, row: Row, middle: int, room: int) -> float:
    """Returns the x where the title ends."""
    title = _shortened(pen, row.title, room)
    pen.text((MARGIN, middle), title, font=font(16), fill=INK, anchor="lm")
    return MARGIN + pen.textlength(title, font=font(16))


def _write_keys(pen: ImageDraw.ImageDraw, row: Row, middle: int, room: int) -> float:
    """A colour swatch before each name, as many as fit; returns the x where the last one ends."""
    x = float(MARGIN)
    for k, (name, color) in enumerate((printable(name), color) for name, color in row.keys):
        text = name if k == 0 or x + CHIP + pen.textlength(name, font=font(16)) <= room else "…"
        pen.rectangle((x, middle - 5, x + 10, middle + 5), fill=color if text == name else FRAME)
        pen.text((x + CHIP, middle), text, font=font(16), fill=INK, anchor="lm")
        x += CHIP + pen.textlength(text, font=font(16)) + CHIP
        if text != name:
            break
    return x - CHIP


def _shortened(pen: ImageDraw.ImageDraw, text: str, room: int, *, size_px: int = 16) -> str:
    """Truncate text to fit; the end of a path matters more than its beginning, so the front is cut."""
    text = printable(text)
    if pen.textlength(text, font=font(size_px)) <= room:
        return text
    while text and pen.textlength("…" + text, font=font(size_px)) > room:
        text = text[1:]
    return "…" + text
