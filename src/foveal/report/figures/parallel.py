"""Parallel coordinates: a vertical axis per setting and one for the score, a line per trial."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from foveal.report.figures.canvas import FONT_PX, canvas, place, short, style, width_px
from foveal.report.figures.palette import INK, LIGHT, LINE, MUTED
from foveal.report.figures.svg import inline_svg, tip

WIDTH_PX, HEIGHT_PX = 1040.0, 300.0
SIDE_PX, TOP_PX, BOTTOM_PX = 64.0, 34.0, 14.0
SMALL_PX = 10.5
FAINT, PLAIN = 0.28, 0.75


@dataclass(frozen=True)
class Axis:
    """An axis: its title, and its ticks, each with its place from 0 (below) to 1."""

    title: str
    ticks: Sequence[tuple[float, str]]


@dataclass(frozen=True)
class Line:
    """A trial: its place on every axis, its name, whether it went to its end, and whether it stands out."""

    name: str
    places: Sequence[float]
    complete: bool = False
    chosen: bool = False
    default: bool = False


def draw_parallel(axes: Sequence[Axis], lines: Sequence[Line], *, title: str) -> str:
    """The figure as an SVG element.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    with style():
        return inline_svg(_figure(axes, lines), kind="chart", title=title)


def _figure(axes: Sequence[Axis], lines: Sequence[Line]) -> Any:
    plot = canvas(WIDTH_PX, HEIGHT_PX)
    place(plot, left=SIDE_PX, right=SIDE_PX, top=TOP_PX, bottom=BOTTOM_PX)
    plot.set(xlim=(0, len(axes) - 1), ylim=(0, 1), xticks=[], yticks=[])
    plot.spines[["top", "bottom", "left", "right"]].set_visible(False)
    for x, axis in enumerate(axes):
        plot.plot([x, x], [0, 1], color=LINE, linewidth=1.5, clip_on=False)
        room = int((WIDTH_PX - 2 * SIDE_PX) / max(1, len(axes) - 1) / width_px("m", FONT_PX))
        _text(plot, x, 1.0, short(axis.title, longest=max(8, room)), offset=(0, 14), size=FONT_PX, color=INK)
        last = x == len(axes) - 1
        for height, words in axis.ticks:
            offset, anchor = ((7, 0), "left") if last else ((-7, 0), "right")
            _text(plot, x, height, short(words, longest=14), offset=offset, size=SMALL_PX, color=MUTED, anchor=anchor)
    for line in sorted(lines, key=lambda line: (line.chosen, line.default, line.complete)):
        look: dict[str, Any] = {"color": LIGHT["accent"], "linewidth": 1.4, "alpha": PLAIN if line.complete else FAINT}
        if line.default:
            look = {"color": LIGHT["ink"], "linewidth": 2.2, "linestyle": (0, (4, 2))}
        if line.chosen:
            look = {"color": LIGHT["warn"], "linewidth": 2.6}
        plot.plot(range(len(axes)), line.places, clip_on=False, gid=tip(line.name), **look)
    return plot.figure


def _text(
    plot: Any, x: float, y: float, words: str, *, offset: tuple[float, float], size: float, color: str,
    anchor: str = "center",
) -> None:  # fmt: skip
    plot.annotate(
        words, (x, y), xytext=offset, textcoords="offset points", ha=anchor, va="center", fontsize=size, color=color
    )
