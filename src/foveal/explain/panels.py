"""An explanation drawn: the image beside the same with its evidence, a contour, a bar of colours with numbers. Pillow.

Shapes: H W height and width of the image.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from foveal.explain.evidence import Evidence, half
from foveal.explain.overlay import colors_of
from foveal.imaging.draw import INK, PAPER, Face, font, printable, shorten
from foveal.types.arrays import RGB, FloatArray

LEAST_PX, MOST_PX = 360, 900
"""Longest side at which an image is drawn: smaller ones are enlarged, larger ones reduced."""
WIDE = 1.6
"""Width over height from which image and map stand one below the other."""
STRENGTH = 0.85
"""Opacity of the strongest evidence."""
SOFT = 0.6
"""Opacity grows with this power of the evidence, so that weak evidence is seen at all."""
SPECKLED, SMOOTHED = ("ig", "smooth"), 5
"""Methods whose maps change from pixel to pixel, and the side in cells of the mean that smooths them, taken twice."""
UNSEEN = 0.45
"""Brightness of what the model did not get to see."""
PER_AREA = ("cam", "layercam", "cells", "ig", "smooth")
"""Methods whose map adds up to its total: its numbers are what one hundredth of the image brings."""
LIGHT, DARK = (255, 255, 255), (20, 22, 26)


def panel(image: RGB, one: Evidence, *, scale: float) -> RGB:
    """The image, and beside or below it the same with the evidence for one subject.

    Args:
        image: (H, W, 3) uint8.
        one: The evidence.
        scale: The evidence that gets the strongest colour.

    Returns:
        A new image; without evidence the second image is the first.
    """
    small = fitted(image)
    drawn = evidence_on(small, one, scale=scale)
    height, width = small.shape[:2]
    text = max(13, min(22, max(width, height) // 28))
    gap, across = text // 2, width < WIDE * height
    body_w = 2 * width + gap if across else width
    body_h = height if across else 2 * height + gap
    head, foot = round(2.1 * text), round(2.4 * text) if one.found else 0
    canvas = Image.new("RGB", (body_w, head + body_h + foot), PAPER)
    pen, face = ImageDraw.Draw(canvas), font(text)
    pen.text((gap, head / 2), shorten(pen, title_of(one), face, body_w - 2 * gap), font=face, fill=INK, anchor="lm")
    canvas.paste(Image.fromarray(small), (0, head))
    canvas.paste(Image.fromarray(drawn), (width + gap, head) if across else (0, head + height + gap))
    if one.found:
        least = round(sum(pen.textlength(end, font=_small(text)) for end in _ends(one, scale))) + 2 * gap
        bar_w = min(width - gap, 22 * text if across else max(least, 2 * width // 5))
        _bar(canvas, (body_w - bar_w - gap, head + body_h), bar_w, text, one, scale)
        _legend(pen, (gap, head + body_h + foot / 2), body_w - bar_w - 4 * gap, text, one)
    return np.asarray(canvas)


def stacked(panels: Sequence[RGB], image: RGB) -> RGB:
    """Panels one below the other; without any, the image alone."""
    if len(panels) < 2:
        return panels[0] if panels else fitted(image)
    gap, width = 12, max(p.shape[1] for p in panels)
    canvas = Image.new("RGB", (width, sum(len(p) for p in panels) + gap * (len(panels) - 1)), PAPER)
    top = 0
    for one in panels:
        canvas.paste(Image.fromarray(one), (0, top))
        top += len(one) + gap
    return np.asarray(canvas)


def fitted(image: RGB) -> RGB:
    """The image in the size that it is drawn in."""
    height, width = image.shape[:2]
    factor = min(MOST_PX / max(width, height), max(1.0, LEAST_PX / max(width, height)))
    if factor == 1:
        return image
    size = max(1, round(width * factor)), max(1, round(height * factor))
    kind = Image.Resampling.LANCZOS if factor < 1 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(image).resize(size, kind))


def evidence_on(image: RGB, one: Evidence, *, scale: float) -> RGB:
    """The evidence on a copy of the image of any size; unchanged where there is none, for a map without any all of it.

    Args:
        image: (h, w, 3) uint8.
        one: The evidence.
        scale: The evidence that gets the strongest colour.
    """
    if not one.found:
        return image
    height, width = image.shape[:2]
    values = one.at((width, height)).astype(np.float64)
    places, line = half(contoured(one).at((width, height))), max(1, round(max(width, height) / 300))
    out = image.astype(np.float64)
    part = np.zeros((height, width), bool)
    x1, y1, x2, y2 = _scaled(one.seen, one.geometry.source_size, (width, height))
    part[y1:y2, x1:x2] = True
    out[~part] *= UNSEEN
    strength = (values / scale).clip(-1 if one.signed else 0, 1)
    alpha = STRENGTH * np.abs(strength)[..., None] ** SOFT
    out = out * (1 - alpha) + colors_of(strength) * alpha
    drawn = out.round().astype(np.uint8)
    edge = border(places, line)
    drawn[border(places, line + 2) & ~edge] = DARK
    drawn[edge] = LIGHT
    return _with_subject(drawn, one, line)


def contoured(one: Evidence) -> Evidence:
    """The evidence that the contour is drawn around: that of pixels is smoothed, or it would be a hundred crumbs."""
    if one.method not in SPECKLED or min(one.grid.shape) < 3 * SMOOTHED:
        return one
    grid = one.grid.astype(np.float64)
    for _ in range(2):
        for axis in (0, 1):
            padded = np.pad(grid, [(SMOOTHED // 2,) * 2 if a == axis else (0, 0) for a in (0, 1)], mode="edge")
            grid = np.mean([np.take(padded, range(i, i + grid.shape[axis]), axis) for i in range(SMOOTHED)], axis=0)
    return replace(one, grid=grid)


def border(places: NDArray[np.bool_], width_px: int) -> NDArray[np.bool_]:
    """The pixels within about half a line's width of the edge of an area."""
    inner = outer = places
    for i in range(max(1, (width_px + 1) // 2)):
        outer = _grown(outer, square=bool(i % 2))
    for i in range(width_px // 2):
        inner = ~_grown(~inner, square=bool(i % 2))
    return outer & ~inner


def _grown(places: NDArray[np.bool_], *, square: bool) -> NDArray[np.bool_]:
    """By a pixel, to four neighbours or eight."""
    out = places.copy()
    out[1:] |= places[:-1]
    out[:-1] |= places[1:]
    rows = out.copy() if square else places
    out[:, 1:] |= rows[:, :-1]
    out[:, :-1] |= rows[:, 1:]
    return out


def title_of(one: Evidence) -> str:
    """For example ``bees 99.8% · cam · evidence 6.31``."""
    subject = one.subject
    score = f"{subject.score:.0%} of the image" if subject.kind == "region" else f"{subject.score:.1%}"
    parts = [f"{subject.title} {score}", " ".join(filter(None, (one.method, one.part)))]
    parts.append(f"evidence {one.total:.3g}" if one.found else "no evidence")
    if not one.converged:
        parts.append("not converged")
    return printable(" · ".join(parts))


def _with_subject(drawn: RGB, one: Evidence, line: int) -> RGB:
    """With the contour of an object's or a region's mask, or the object's box."""
    height, width = drawn.shape[:2]
    if one.subject.mask is not None:
        mask = Image.fromarray(one.subject.mask.mask()).resize((width, height), Image.Resampling.NEAREST)
        edge = border(np.asarray(mask), line)
        drawn[edge] = (80, 220, 255)
        if edge.any():
            return drawn
    if one.subject.box is not None:
        canvas = Image.fromarray(drawn)
        x1, y1, x2, y2 = _scaled(one.subject.box, one.geometry.source_size, (width, height))
        pen = ImageDraw.Draw(canvas)
        for at in range(max(1, line)):
            place = (x1 + at, y1 + at, max(x2 - 1 - at, x1 + at), max(y2 - 1 - at, y1 + at))
            pen.rectangle(place, outline=(80, 220, 255))
        return np.asarray(canvas)
    return drawn


def _scaled(box: Sequence[float], size: tuple[int, int], drawn: tuple[int, int]) -> tuple[int, int, int, int]:
    """A box in whole pixels of the drawn image, at least one wide and high."""
    x1, y1, x2, y2 = (round(v * new / old) for v, new, old in zip(box, drawn * 2, size * 2, strict=True))
    x1, y1 = min(max(0, x1), drawn[0] - 1), min(max(0, y1), drawn[1] - 1)
    return x1, y1, max(min(x2, drawn[0]), x1 + 1), max(min(y2, drawn[1]), y1 + 1)


def _bar(canvas: Image.Image, corner: tuple[int, int], width: int, text: int, one: Evidence, scale: float) -> None:
    """Colours from none to the strongest, on gray, with numbers below and what they are."""
    left, top = corner
    high, pad = max(6, text // 2), max(3, text // 3)
    least = -1.0 if one.signed else 0.0
    values: FloatArray = np.linspace(least, 1, width)
    alpha = STRENGTH * np.abs(values)[:, None] ** SOFT
    row = 150 * (1 - alpha) + colors_of(values) * alpha
    canvas.paste(Image.fromarray(np.repeat(row.round().astype(np.uint8)[None], high, 0)), (left, top + pad))
    pen, y = ImageDraw.Draw(canvas), top + pad + high + 2
    for x, end, anchor in zip((left, left + width), _ends(one, scale), ("la", "ra"), strict=True):
        pen.text((x, y), end, font=_small(text), fill=INK, anchor=anchor)


def _ends(one: Evidence, scale: float) -> tuple[str, str]:
    """What the ends of the bar stand for."""
    share, unit = unit_of(one)
    most = short(scale * share)
    return f"-{most}" if one.signed else "0", f"{most} {unit}"


def _small(text: int) -> Face:
    return font(max(11, round(text * 0.8)))


def unit_of(one: Evidence) -> tuple[float, str]:
    """What values of a map are multiplied with to be shown, and their unit."""
    scores = {"class": "logit", "object": "score", "region": "probability"}
    if one.method == "attention":
        return 1.0, "times even"
    if one.method not in PER_AREA:
        return 1.0, scores[one.subject.kind]
    if one.method == "cells" and one.subject.kind == "object":
        return 1.0, "score"
    return 0.01, "logit per 1% of the image"


def short(value: float) -> str:
    """Three figures, never with an exponent where a number of this size needs none."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _legend(pen: ImageDraw.ImageDraw, place: tuple[float, float], room: float, text: int, one: Evidence) -> None:
    face = _small(text)
    marked = {"object": ["cyan: the object"], "region": ["cyan: the region"]}.get(one.subject.kind, [])
    parts = ["contour: half of the evidence", *marked, f"peak at {one.peak}"]
    if one.signed:
        parts = [f"warm: for {one.subject.name}, cool: for {one.subject.rival}", *parts]
    while len(parts) > 1 and pen.textlength(", ".join(parts), font=face) > room:
        parts.pop()
    pen.text(place, shorten(pen, ", ".join(parts), face, round(room)), font=face, fill=INK, anchor="lm")
