"""Drawing class maps, instance masks and errors, with NumPy and Pillow alone.

Shapes: H W height and width of the image, N objects, K classes.
"""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from foveal.errors import ShapeError
from foveal.imaging import draw
from foveal.imaging.draw import Color
from foveal.types.arrays import RGB, Array, FloatArray
from foveal.types.predictions.masks import IGNORE
from foveal.types.rle import Rle

HATCH, PALE_HATCH = (150, 154, 160), (104, 108, 114)
"""Colours of the hatching over ignored pixels: on an image, and on a pale one."""
WRONG = (222, 38, 38)
"""Colour of pixels of the wrong class."""
UNKNOWN = (224, 224, 224)
"""Colour of ``IGNORE`` in a palette."""
PALENESS = 0.6
"""How far an image is blended towards white in an error map."""
DARKEN = 0.45
"""Brightness of a class's border, as a fraction of its colour."""

Mask = NDArray[np.bool_]


def overlay(image: RGB, ids: NDArray[np.uint8], colors: Sequence[Color], *, alpha: float = 0.5) -> RGB:
    """Tint an image by class, with a thin darker line where two meet.

    Args:
        image: (H, W, 3) uint8; stays as it is.
        ids: Class ids, (H, W) or of another size and then scaled; where they are ``IGNORE`` the image is hatched.
        colors: K RGB colours.
        alpha: How much the tint covers, 0 to 1.

    Returns:
        A new image of the same size.

    Raises:
        ShapeError: There is a class without a colour.
    """
    ids = _fitted(ids, image)
    table = _table(ids, colors)
    out = _blend(image, table[ids], alpha)
    border = _border(ids, _line(image))
    out[border] = (out[border] * DARKEN).astype(np.uint8)
    unknown = ids == IGNORE
    out[unknown] = image[unknown]
    return _hatched(out, unknown, HATCH)


def error_map(image: RGB, truth: NDArray[np.uint8], found: NDArray[np.uint8]) -> RGB:
    """Show where two class maps differ: red on a pale gray image; hatched where the truth is ``IGNORE``.

    Args:
        image: (H, W, 3) uint8; stays as it is.
        truth: Class ids, (H, W) or of another size and then scaled.
        found: Predicted class ids, of any size as well.

    Returns:
        A new image of the same size.
    """
    truth, found = _fitted(truth, image), _fitted(found, image)
    gray = np.asarray(Image.fromarray(image).convert("L"))[..., None].repeat(3, axis=2)
    out = _blend(gray, np.full_like(gray, 255), PALENESS)
    wrong = (truth != found) & (truth != IGNORE)
    out[wrong] = _blend(gray[wrong], np.broadcast_to(np.array(WRONG, np.uint8), gray[wrong].shape), 0.75)
    return _hatched(out, truth == IGNORE, PALE_HATCH)


def instances(
    image: RGB,
    masks: Sequence[Rle],
    boxes: FloatArray,
    captions: Sequence[str],
    colors: Sequence[Color],
    *,
    dashed: Sequence[bool] | None = None,
    dotted: Sequence[bool] | None = None,
) -> RGB:
    """Draw objects, the first on top: each mask tinted with a contour, then boxes and captions as ``draw.boxes`` does.

    Args:
        image: (H, W, 3) uint8; stays as it is.
        masks: N, of the image's size or of another and then scaled; an empty one leaves only the box.
        boxes: (N, 4) xyxy pixels of the image.
        captions: N; an empty one is not drawn.
        colors: N RGB colours.
        dashed: As for ``draw.boxes``.
        dotted: As for ``draw.boxes``.

    Returns:
        A new image of the same size.

    Raises:
        ShapeError: The columns differ in length.
    """
    if not len(masks) == len(captions) == len(colors):
        raise ShapeError(
            f"Drawing got {len(masks)} masks, {len(captions)} captions and {len(colors)} colours; pass one of each for"
            " every object."
        )
    out = image.copy()
    for mask, color in reversed(list(zip(masks, colors, strict=True))):
        if mask.area:
            _lay(out, image, _fitted(mask.mask().astype(np.uint8), image) > 0, color)
    return draw.boxes(out, boxes, captions, colors, dashed=dashed, dotted=dotted)


def legend(image: RGB, entries: Sequence[tuple[str, Color]]) -> RGB:
    """Add a legend below an image: the name of each colour; none where there are no names.

    Args:
        image: (H, W, 3) uint8.
        entries: (name, RGB colour) pairs, in order; wrapped into as many lines as needed.

    Returns:
        A new image of the same width, perhaps taller.
    """
    height, width = image.shape[:2]
    size_px = max(10, min(round(min(height, width) / 30), 60))
    face, pad = draw.font(size_px), max(3, size_px // 2)
    line = size_px + pad
    pen = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    spots: list[tuple[int, int, str, Color]] = []
    x, y = pad, pad
    for name, color in entries:
        text = draw.shorten(pen, name, face, width - size_px - 3 * pad)
        wide = size_px + pad + round(pen.textlength(text, font=face))
        if x > pad and x + wide > width - pad:
            x, y = pad, y + line
        spots.append((x, y, text, color))
        x += wide + 2 * pad
    if not spots:
        return image.copy()
    canvas = Image.new("RGB", (width, height + y + line), draw.PAPER)
    canvas.paste(Image.fromarray(image), (0, 0))
    pen = ImageDraw.Draw(canvas)
    for left, top, text, color in spots:
        top += height
        pen.rectangle((left, top, left + size_px - 1, top + size_px - 1), fill=color, outline=_darker(color))
        pen.text((left + size_px + pad, top + size_px / 2), text, font=face, fill=draw.INK, anchor="lm")
    return np.asarray(canvas)


def palette_png(ids: NDArray[np.uint8], colors: Sequence[Color]) -> bytes:
    """A PNG with a palette: its pixel values are class ids, ``IGNORE`` included, shown in the classes' colours.

    Args:
        ids: (H, W) class ids.
        colors: K RGB colours.

    Raises:
        ShapeError: There is a class without a colour.
    """
    image = Image.fromarray(ids)
    image.putpalette(_table(ids, colors).tobytes())
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _table(ids: NDArray[np.uint8], colors: Sequence[Color]) -> NDArray[np.uint8]:
    """(256, 3) the colour of every id."""
    highest = int(ids[ids != IGNORE].max(initial=0))
    if highest >= len(colors):
        raise ShapeError(f"Drawing got class id {highest} and {len(colors)} colours; pass one for each class.")
    table = np.zeros((IGNORE + 1, 3), np.uint8)
    table[: len(colors)] = colors
    table[IGNORE] = UNKNOWN
    return table


def _fitted(ids: NDArray[np.uint8], image: RGB) -> NDArray[np.uint8]:
    """Ids resized to the image, by nearest neighbour."""
    height, width = image.shape[:2]
    if ids.shape == (height, width):
        return ids
    return np.asarray(Image.fromarray(np.ascontiguousarray(ids)).resize((width, height), Image.Resampling.NEAREST))


def _blend(under: Array, over: Array, alpha: float) -> NDArray[np.uint8]:
    """Alpha blending of two images, in integer 256ths, which is fast."""
    part = round(256 * alpha)
    return ((under.astype(np.uint16) * (256 - part) + over.astype(np.uint16) * part + 128) >> 8).astype(np.uint8)


def _line(image: RGB) -> int:
    """Width of a thin line, in pixels; it grows with the image."""
    short: int = min(image.shape[:2])
    return max(1, round(short / 480))


def _border(ids: NDArray[np.uint8], width_px: int) -> Mask:
    """(H, W) where another class lies left or above, in a line of that width; not around ignored pixels."""
    out, known = np.zeros(ids.shape, bool), ids != IGNORE
    out[:, width_px:] |= (ids[:, width_px:] != ids[:, :-width_px]) & known[:, :-width_px]
    out[width_px:] |= (ids[width_px:] != ids[:-width_px]) & known[:-width_px]
    out &= known
    return out


def _hatched(out: RGB, unknown: Mask, color: Color) -> RGB:
    """Draw slanting lines over ignored pixels, into ``out`` itself."""
    step = max(6, round(min(out.shape[:2]) / 48))
    rows, columns = np.nonzero(unknown)
    lined = (rows + columns) % step < max(1, step // 5)
    at = rows[lined], columns[lined]
    out[at] = _blend(out[at], np.array(color), 0.8)
    return out


def _lay(out: RGB, image: RGB, mask: Mask, color: Color) -> None:
    """Tint the image below a mask and draw its contour; masks below it do not show through."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inside, ground = mask[part], image[part]
    out[part][inside] = _blend(ground[inside], np.array(color), 0.45)
    out[part][inside & ~_shrunk(inside, _line(image))] = color


def _shrunk(mask: Mask, by_px: int) -> Mask:
    """Erode a mask by ``by_px`` pixels in four directions; the image's edge counts as outside."""
    wide = np.pad(mask, by_px)
    for _ in range(by_px):
        inner = wide.copy()
        inner[1:] &= wide[:-1]
        inner[:-1] &= wide[1:]
        inner[:, 1:] &= wide[:, :-1]
        inner[:, :-1] &= wide[:, 1:]
        wide = inner
    return wide[by_px:-by_px, by_px:-by_px]


def _darker(color: Color) -> Color:
    red, green, blue = (round(v * DARKEN) for v in color)
    return red, green, blue
