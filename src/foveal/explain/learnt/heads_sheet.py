"""Where each head of attention looked, beside the evidence for what was predicted. NumPy and Pillow."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from foveal.explain.evidence import Evidence
from foveal.explain.panels import evidence_on
from foveal.imaging.draw import INK, PAPER, font, shorten
from foveal.types.arrays import RGB

SIDE_PX, GAP_PX, TEXT_PX = 230, 8, 15
ACROSS = 5
"""Images in a row."""
ATTENTION = "attention"


def heads_sheet(image: RGB, evidence: Sequence[Evidence], *, scales: Sequence[float]) -> RGB:
    """The image, then each map on it, with what it is of."""
    photo = Image.fromarray(image)
    factor = SIDE_PX / max(photo.size)
    photo = photo.resize((max(1, round(photo.width * factor)), max(1, round(photo.height * factor))))
    small = np.asarray(photo)
    cells = [(small, "the image")]
    for one, scale, title in zip(evidence, scales, titles(evidence), strict=True):
        more = f", up to {one.highest:.3g} x even" if one.method == ATTENTION else "" if one.found else ": none"
        cells.append((evidence_on(small, one, scale=scale), title + more))
    across, (high, wide) = min(ACROSS, len(cells)), small.shape[:2]
    step = high + TEXT_PX + 3 * GAP_PX
    canvas = Image.new("RGB", (across * (SIDE_PX + GAP_PX) + GAP_PX, -(-len(cells) // across) * step + GAP_PX), PAPER)
    pen, face = ImageDraw.Draw(canvas), font(TEXT_PX)
    for place, (drawn, title) in enumerate(cells):
        left, top = GAP_PX + place % across * (SIDE_PX + GAP_PX), GAP_PX + place // across * step
        canvas.paste(Image.fromarray(drawn), (left + (SIDE_PX - wide) // 2, top))
        middle = top + high + GAP_PX + TEXT_PX / 2
        pen.text((left, middle), shorten(pen, title, face, SIDE_PX), font=face, fill=INK, anchor="lm")
    return np.asarray(canvas)


def titles(evidence: Sequence[Evidence]) -> list[str]:
    """For example ``cam for rose``, ``mean of the heads`` and ``head 1``; ``attention`` where there is one head."""
    whole = "mean of the heads" if any(one.part for one in evidence) else ATTENTION
    return [
        one.part or (whole if one.method == ATTENTION else f"{one.method} for {one.subject.title}") for one in evidence
    ]
