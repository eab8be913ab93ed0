"""A Lines panel as inline SVG that takes its colours from the page."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import numpy as np

from foveal.metrics.contract import Lines
from foveal.types.arrays import FloatArray

WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 12, 46
"""Margins around the plot, in the units of the SVG."""
NUM_COLORS = 8
"""Curve colours that the page's style defines; later curves get a hue of their own."""
MAX_MARKED = 20
"""Points up to which each shows, if no curve of the panel has more."""


def ticks(low: float, high: float, *, about: int = 5) -> list[float]:
    """Round numbers that cover [low, high]: steps of 1, 2 or 5 times a power of ten."""
    if high <= low:
        pad = abs(low) * 0.1 or 0.5
        low, high = low - pad, high + pad
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [i * step for i in range(first, last + 1)]


def tick(value: float) -> str:
    """A tick's words: ``0.2``, ``15``, ``2e-4``."""
    if value and abs(value) < 0.001:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return f"{value:.6g}"


def axes(panel: Lines) -> tuple[list[float], list[float]]:
    """Ticks of x and y: [0, 1] for rates and shares, else what the points need."""
    x = np.concatenate([np.asarray(x, np.float64) for x, _ in panel.curves.values()] or [np.zeros(1)])
    y = np.concatenate([np.asarray(y, np.float64) for _, y in panel.curves.values()] or [np.zeros(1)])
    shares = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    if panel.diagonal:
        return shares, shares
    return _span(x), _span(y)


def _span(values: FloatArray) -> list[float]:
    values = values[np.isfinite(values)]
    if not len(values):
        return ticks(0, 1)
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1 and high - low > 0.5:
        low, high = 0.0, 1.0
    elif 0 < low < 0.35 * high:
        low = 0.0
    return ticks(low, high)


def color(index: int) -> str:
    """Style of the index-th curve."""
    if index < NUM_COLORS:
        return f"var(--curve-{index})"
    return f"hsl({(index * 137.508) % 360:.0f} 55% 52%)"


def legend(panel: Lines) -> list[tuple[str, str]]:
    """(name, colour) of each curve; nothing to tell apart, nothing to show."""
    return [(name, color(i)) for i, name in enumerate(panel.curves)] if len(panel.curves) > 1 else []


@dataclass(frozen=True)
class Frame:
    """The plot's ticks and the way from numbers to units of the SVG."""

    xs: list[float]
    ys: list[float]
    start: float
    end: float

    @classmethod
    def of(cls, panel: Lines) -> "Frame":
        """The frame that holds a panel's curves: x from the first point to the last, y rounded outward."""
        xs, ys = axes(panel)
        known = [v for x, _ in panel.curves.values() for v in x if math.isfinite(v)]
        if panel.diagonal or not known or min(known) == max(known):
            return cls(xs, ys, xs[0], xs[-1])
        start, end = float(min(known)), float(max(known))
        return cls([x for x in xs if start - 1e-9 <= x <= end + 1e-9], ys, start, end)

    def px(self, x: float) -> float:
        """Across."""
        return LEFT + (x - self.start) / (self.end - self.start) * (WIDTH - LEFT - RIGHT)

    def py(self, y: float) -> float:
        """Down."""
        return HEIGHT - BOTTOM - (y - self.ys[0]) / (self.ys[-1] - self.ys[0]) * (HEIGHT - TOP - BOTTOM)


def chart(panel: Lines) -> str:
    """The panel as an SVG element."""
    frame = Frame.of(panel)
    ideal = f"M{frame.px(0):.1f} {frame.py(0):.1f}L{frame.px(1):.1f} {frame.py(1):.1f}"
    marked = all(len(x) <= MAX_MARKED for x, _ in panel.curves.values())
    curves = [_curve(frame, name, color(i), *xy, marked=marked) for i, (name, xy) in enumerate(panel.curves.items())]
    return "".join(
        [
            f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(panel.title)}">',
            *_grid(frame, whole=panel.x_title == "epoch"),
            f'<path class="ideal" d="{ideal}"/>' if panel.diagonal else "",
            *curves,
            *_names(panel),
            "</svg>",
        ]
    )


def _grid(frame: Frame, *, whole: bool) -> Iterator[str]:
    """Lines and ticks; ``whole`` leaves out what lies between whole numbers of x."""
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for y in frame.ys:
        at = frame.py(y)
        yield f'<path class="grid" d="M{LEFT} {at:.1f}H{right}"/>'
        yield f'<text class="tick" x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{tick(y)}</text>'
    for x in frame.xs:
        if not whole or abs(x - round(x)) < 1e-9:
            yield f'<text class="tick" x="{frame.px(x):.1f}" y="{bottom + 18}" text-anchor="middle">{tick(x)}</text>'
    yield f'<path class="axis" d="M{LEFT} {bottom}H{right}"/>'


def _curve(frame: Frame, name: str, stroke: str, x: FloatArray, y: FloatArray, *, marked: bool) -> str:
    points = [(float(a), float(b)) for a, b in zip(x, y, strict=True) if math.isfinite(a) and math.isfinite(b)]
    if not points:
        return ""
    line = "L".join(f"{frame.px(a):.1f} {frame.py(b):.1f}" for a, b in points)
    dots = [
        f'<circle class="dot" cx="{frame.px(a):.1f}" cy="{frame.py(b):.1f}" r="3">'
        f"<title>{escape(name)}: {a:.4g}, {b:.4g}</title></circle>"
        for a, b in points
    ]
    return (
        f'<g style="--c:{stroke}"><path class="curve" d="M{line}"><title>{escape(name)}</title></path>'
        f"{''.join(dots) if marked or len(points) == 1 else ''}</g>"
    )


def _names(panel: Lines) -> Iterator[str]:
    """Titles of the axes."""
    x, y = (LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2
    yield f'<text class="name" x="{x}" y="{HEIGHT - 6}" text-anchor="middle">{escape(panel.x_title)}</text>'
    if panel.y_title:
        yield f'<text class="name" transform="translate(12 {y}) rotate(-90)" text-anchor="middle">'
        yield f"{escape(panel.y_title)}</text>"
