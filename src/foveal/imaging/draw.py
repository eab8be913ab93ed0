"""Drawing on images, with Pillow alone."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from foveal.errors import ShapeError
from foveal.types.arrays import RGB, FloatArray

Color = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""
Place = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels; the last two lie outside."""
Face = ImageFont.FreeTypeFont | ImageFont.ImageFont

INK, PAPER = (30, 32, 36), (255, 255, 255)
"""Colours of text and background beside an image."""
FONTS = ("NotoSansCJK-Regular.ttc", "DejaVuSans.ttf", "Arial Unicode.ttf", "arial.ttf")
"""Fonts tried by name, those with many scripts first; Pillow's own is the last resort."""


@lru_cache(maxsize=32)
def font(size_px: int) -> Face:
    """A font of about ``size_px`` pixels."""
    for name in FONTS:
        try:
            return ImageFont.truetype(name, size_px)
        except OSError:
            continue
    return ImageFont.load_default(size_px)


def label(image: RGB, lines: Sequence[tuple[str, Color]]) -> RGB:
    """Write lines into the upper left corner, each on a dark band with a swatch of its colour.

    Args:
        image: (H, W, 3) uint8; stays as it is.
        lines: (text, RGB colour) pairs, top to bottom.

    Returns:
        A new image of the same size.
    """
    canvas = Image.fromarray(image).convert("RGBA")
    height_px = max(10, min(canvas.height // 14, canvas.width // 14, 40))
    shade = Image.new("RGBA", canvas.size)
    pen = ImageDraw.Draw(shade)
    chip, pad = round(height_px * 0.7), max(2, height_px // 4)
    face = font(height_px)
    for i, (text, color) in enumerate((printable(text), color) for text, color in lines):
        top = pad + i * (height_px + 2 * pad)
        right = pad * 4 + chip + pen.textlength(text, font=face)
        pen.rectangle((pad, top, right, top + height_px + 2 * pad - 1), fill=(16, 18, 22, 190))
        middle = top + pad + height_px / 2
        pen.rectangle((2 * pad, middle - chip / 2, 2 * pad + chip, middle + chip / 2), fill=(*color, 255))
        pen.text((3 * pad + chip, middle), text, font=face, fill=(255, 255, 255, 255), anchor="lm")
    return np.asarray(Image.alpha_composite(canvas, shade).convert("RGB"))


def boxes(
    image: RGB,
    boxes: FloatArray,
    captions: Sequence[str],
    colors: Sequence[Color],
    *,
    dashed: Sequence[bool] | None = None,
    dotted: Sequence[bool] | None = None,
) -> RGB:
    """Draw boxes, the first on top, each with its caption where there is room for it.

    Lines and letters grow with the image. A caption is placed above its box, in it or below it, wherever it covers no
    other caption and stays inside the image; where there is no free spot it is left out.

    Args:
        image: (H, W, 3) uint8; stays as it is.
        boxes: (N, 4) xyxy pixels; clipped to the image.
        captions: N; an empty one is not drawn.
        colors: N RGB colours.
        dashed: N; draws the box in dashes, such as for false detections.
        dotted: N; draws it in dots, such as for missed objects.

    Returns:
        A new image of the same size.

    Raises:
        ShapeError: The columns differ in length.
    """
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    dashed = [False] * len(boxes) if dashed is None else dashed
    dotted = [False] * len(boxes) if dotted is None else dotted
    if not len(boxes) == len(captions) == len(colors) == len(dashed):
        raise ShapeError(
            f"Drawing got {len(boxes)} boxes, {len(captions)} captions, {len(colors)} colours and {len(dashed)} marks"
            " for dashes; pass one of each for every box."
        )
    canvas = Image.fromarray(image).convert("RGB")
    pen = ImageDraw.Draw(canvas, "RGBA")
    short = min(canvas.size)
    line = max(1, round(short / 240))
    places = [_place(box, canvas.size) for box in boxes]
    for place, color, dash, dot in reversed(list(zip(places, colors, dashed, dotted, strict=True))):
        _frame(pen, place, color, line, dash_px=2 * line if dot else 4 * line + 2 if dash else 0)
    height = max(9, min(round(short / 36), 120))
    taken: list[Place] = []
    for place, caption, color in zip(places, captions, colors, strict=True):
        if caption:
            _caption(pen, canvas.size, place, caption, color, height, line, taken)
    return np.asarray(canvas)


def row(images: Sequence[RGB], titles: Sequence[str]) -> RGB:
    """Images side by side, such as truth and prediction, each below its title.

    Args:
        images: At least one of (H, W, 3) uint8; sizes may differ; they are aligned at the top.
        titles: One for each; no band is added where all are empty.

    Returns:
        A new image, as wide as all together plus the gaps.

    Raises:
        ShapeError: No image, or not one title for each.
    """
    if not len(images) == len(titles) > 0:
        raise ShapeError(f"A row got {len(images)} images and {len(titles)} titles; pass one title for each.")
    height_px = max(10, min(min(min(p.shape[:2]) for p in images) // 24, 120))
    band = 2 * height_px if any(titles) else 0
    gap = max(2, height_px // 3)
    wide = sum(p.shape[1] for p in images) + gap * (len(images) - 1)
    canvas = Image.new("RGB", (wide, max(len(p) for p in images) + band), PAPER)
    pen = ImageDraw.Draw(canvas)
    face = font(height_px)
    x = 0
    for image, title in zip(images, titles, strict=True):
        canvas.paste(Image.fromarray(image), (x, band))
        text = shorten(pen, title, face, image.shape[1])
        pen.text((x + gap, band / 2), text, font=face, fill=INK, anchor="lm")
        x += image.shape[1] + gap
    return np.asarray(canvas)


def side_by_side(left: RGB, right: RGB, *, titles: tuple[str, str] = ("", "")) -> RGB:
    """Two images in a row."""
    return row((left, right), titles)


def shorten(pen: ImageDraw.ImageDraw, text: str, face: Face, room_px: int) -> str:
    """The text on one line, truncated with an ellipsis to the given width."""
    text = printable(text)
    if pen.textlength(text, font=face) <= room_px:
        return text
    while text and pen.textlength(text + "…", font=face) > room_px:
        text = text[:-1]
    return text + "…" if text else ""


def _place(box: FloatArray, size: tuple[int, int]) -> Place:
    """Whole pixels inside the image, at least one wide and high."""
    width, height = size
    left, top, right, bottom = (round(float(v)) for v in box)
    left, top = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    return left, top, max(left + 1, min(right, width)), max(top + 1, min(bottom, height))


def _frame(pen: ImageDraw.ImageDraw, place: Place, color: Color, line: int, *, dash_px: int) -> None:
    """A frame inside ``place`` with a thin dark edge, so that it shows on any background; ``dash_px`` 0: solid."""
    left, top, right, bottom = place
    line = min(line, max(1, min(right - left, bottom - top) // 3))
    if not dash_px:
        pen.rectangle((left - 1, top - 1, right, bottom), outline=(0, 0, 0, 110))
        pen.rectangle((left, top, right - 1, bottom - 1), outline=color, width=line)
        return
    for start, end in _dashes(left, right, dash_px):
        for y in (top, max(top, bottom - line)):
            pen.rectangle((start, y, end - 1, y + line - 1), fill=color)
    for start, end in _dashes(top, bottom, dash_px):
        for x in (left, max(left, right - line)):
            pen.rectangle((x, start, x + line - 1, end - 1), fill=color)


def _dashes(start: int, end: int, step: int) -> Iterator[tuple[int, int]]:
    """An odd number of equal pieces of about ``step`` pixels, every other one: both corners are drawn."""
    pieces = max(1, round((end - start) / step)) // 2 * 2 + 1
    for i in range(0, pieces, 2):
        first = start + round(i * (end - start) / pieces)
        yield first, max(first + 1, start + round((i + 1) * (end - start) / pieces))


def _caption(
    pen: ImageDraw.ImageDraw,
    size: tuple[int, int],
    place: Place,
    text: str,
    color: Color,
    height_px: int,
    line: int,
    taken: list[Place],
) -> None:
    """Write on a band of the box's colour, at the first free spot; ``taken`` gains it."""
    face, pad = font(height_px), max(2, height_px // 4)
    text = shorten(pen, text, face, size[0] - 2 * pad)
    wide, high = round(pen.textlength(text, font=face)) + 2 * pad, height_px + pad
    for left, top in _spots(place, wide, high, line, size):
        spot = (left, top, left + wide, top + high)
        if not any(_meet(spot, other) for other in taken):
            break
    else:
        return
    taken.append(spot)
    pen.rectangle((left, top, left + wide - 1, top + high - 1), fill=color)
    dark = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] > 140
    ink = (16, 18, 22) if dark else (255, 255, 255)
    pen.text((left + pad, top + high / 2), text, font=face, fill=ink, anchor="lm")


def _spots(place: Place, wide: int, high: int, line: int, size: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Upper left corners for a caption, best first: on the box, in it, below it; never outside the image."""
    left, top, right, bottom = place
    for y in (top - high, top + line, bottom, bottom - line - high):
        for x in (left, right - wide):
            if 0 <= y <= size[1] - high:
                yield min(max(x, 0), size[0] - wide), y


def _meet(a: Place, b: Place) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def printable(text: str) -> str:
    """Names come from files and may hold control characters and lone surrogates, which fonts cannot draw."""
    return "".join(c if c.isprintable() else " " for c in text)
