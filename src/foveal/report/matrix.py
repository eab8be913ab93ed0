"""A Matrix panel as inline SVG: cells with numbers for few classes, a heat map for many.

A cell's strength is its share of the row: the diagonal in the page's accent, everything else in its colour of warning.

Shapes: K classes.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from foveal.metrics.contract import Matrix
from foveal.metrics.counts import ratio
from foveal.report.embed import png_uri
from foveal.report.wording import count
from foveal.types.arrays import Array, FloatArray

MAX_NUMBERED = 30
"""Classes up to which cells show their numbers."""
MAX_LABELS = 44
"""Labels a heat map's side has room for."""
HEAT_SIDE = 620
"""Side of a heat map, in pixels of the page."""
RIGHT_COLOR, WRONG_COLOR = (59, 111, 224), (217, 98, 43)
"""Colours of a heat map's cells, which show on white and on black."""
MAX_LABEL = 20
"""Characters a label keeps."""


def shares(panel: Matrix) -> FloatArray:
    """(K, K) each value as a share of its row, in [0, 1]; 0 where a row is empty or a value is not a number."""
    values = np.maximum(np.nan_to_num(np.asarray(panel.values, np.float64)), 0.0)
    return ratio(values, np.broadcast_to(values.sum(1, keepdims=True), values.shape))


def strength(share: FloatArray) -> FloatArray:
    """(K, K) opacity of each cell: a single mistake shows, and the diagonal does not drown the rest."""
    diagonal = np.eye(len(share), dtype=bool)
    opacity: FloatArray = np.where(diagonal, 0.10 + 0.80 * share, 0.12 + 0.78 * np.sqrt(share))
    return np.where(share > 0, opacity, 0.0)


def matrix(panel: Matrix) -> str:
    """The panel as an SVG element."""
    num_classes = len(panel.labels)
    heat = num_classes > MAX_NUMBERED
    cell = HEAT_SIDE / num_classes if heat else min(76.0, max(25.0, 560 / num_classes))
    step = -(-num_classes // MAX_LABELS) if heat else 1
    size = 11 if num_classes > 12 else 13
    columns = max(_width(_short(label)) for label in panel.labels[::step])
    longest = columns * size * 0.56
    flat = columns * size * 0.6 < cell
    side, left, top = cell * num_classes, 30 + longest, 50 if flat else 34 + longest * 0.75
    width, height = left + side + (8 if flat else longest * 0.7), top + side + 8
    return "".join(
        [
            f'<svg class="matrix" style="--w:{width:.0f}px;--f:{size}px" viewBox="0 0 {width:.0f} {height:.0f}"',
            f' role="img" aria-label="{escape(panel.title)}">',
            f'<text class="name" x="{left + side / 2:.1f}" y="14" text-anchor="middle">{escape(panel.column_title)}',
            f'</text><text class="name" transform="translate(12 {top + side / 2:.1f}) rotate(-90)"',
            f' text-anchor="middle">{escape(panel.row_title)}</text>',
            f'<g transform="translate({left:.1f} {top:.1f})">',
            *_labels(panel.labels, cell, step=step, size=size, flat=flat),
            _heat(panel, side) if heat else _cells(panel, cell),
            f'<rect class="frame" width="{side:.1f}" height="{side:.1f}"/></g></svg>',
        ]
    )


def _labels(labels: Sequence[str], cell: float, *, step: int, size: int, flat: bool) -> Iterator[str]:
    """Every step-th label beside its row and above its column, level where ``flat``, else slanting."""
    slant, anchor = ("", "middle") if flat else (" rotate(-42)", "start")
    for i in range(0, len(labels), step):
        at = (i + 0.5) * cell
        text = f"{escape(_short(labels[i]))}<title>{escape(labels[i])}</title></text>"
        yield f'<text class="label" x="-8" y="{at + size * 0.35:.1f}" text-anchor="end">{text}'
        place = f"translate({at + (0 if flat else 3):.1f} -8){slant}"
        yield f'<text class="label" transform="{place}" text-anchor="{anchor}">{text}'


def heat_pixels(panel: Matrix) -> Array:
    """(K, K, 4) uint8 RGBA, one pixel a cell."""
    share = shares(panel)
    pixels = np.zeros((*share.shape, 4), np.uint8)
    pixels[..., :3] = WRONG_COLOR
    pixels[np.eye(len(share), dtype=bool), :3] = RIGHT_COLOR
    pixels[..., 3] = (strength(share) * 255).round()
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def _cells(panel: Matrix, cell: float) -> str:
    share = shares(panel)
    opacity = strength(share)
    size = min(15.0, cell * 0.42)
    parts = []
    for i, row in enumerate(panel.values):
        for j, value in enumerate(row):
            if not value or not np.isfinite(value):
                continue
            kind = "right" if i == j else "wrong"
            solid = " solid" if opacity[i, j] > 0.55 else ""
            tip = f"{panel.row_title} {panel.labels[i]}, {panel.column_title} {panel.labels[j]}: {count(float(value))}"
            x, y = j * cell, i * cell
            parts.append(
                f'<g><title>{escape(tip)}</title><rect class="{kind}" x="{x + 0.75:.1f}" y="{y + 0.75:.1f}" rx="2"'
                f' width="{cell - 1.5:.1f}" height="{cell - 1.5:.1f}" fill-opacity="{opacity[i, j]:.2f}"/>'
                f'<text class="count{solid}" x="{x + cell / 2:.1f}" y="{y + cell / 2 + size * 0.36:.1f}"'
                f' font-size="{size:.1f}" text-anchor="middle">{count(float(value))}</text></g>'
            )
    return "".join(parts)


def _heat(panel: Matrix, side: float) -> str:
    return f'<image class="heat" width="{side:.1f}" height="{side:.1f}" href="{png_uri(heat_pixels(panel))}"/>'


def _short(label: str) -> str:
    return label if len(label) <= MAX_LABEL else label[: MAX_LABEL - 1] + "…"


def _width(text: str) -> int:
    """Columns a text takes: two for wide characters such as Chinese."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
