"""Panels drawn by matplotlib: as SVG for the page, and as standalone PNG files."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from foveal.metrics.contract import Lines, Matrix
from foveal.report.figures.canvas import short, size_px, style, width_px, write
from foveal.report.figures.curves import draw_curves, legend
from foveal.report.figures.density import Density, draw_density
from foveal.report.figures.matrix import draw_matrix
from foveal.report.figures.palette import DASHES, INK, LIGHT
from foveal.report.figures.svg import inline_svg

Drawn = Lines | Matrix | Density
"""The panels that are figures."""
DPI = 200
"""Resolution of PNG files: 2.8 times the figure's size on the page."""
COMPRESSION = 3
"""Of PNG files, of 9: half the time of matplotlib's 6, and files a quarter larger."""
LONGEST_NAME = 40
"""Characters that a curve's name keeps in a PNG."""
LEGEND_PX = 10.0
"""Size of the names there."""


def svg(panel: Drawn, classes: Sequence[str] = (), *, narrow: bool = False) -> str:
    """An SVG element for the page, which adds title and legend itself.

    Args:
        panel: What to draw.
        classes: The class map, for colours that are the same in every figure.
        narrow: A matrix for the width of a phone.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    kind = {Lines: "chart", Density: "density"}.get(type(panel), "matrix narrow" if narrow else "matrix")
    with _figure(panel, classes, narrow=narrow) as figure:
        return inline_svg(figure, kind=kind, title=panel.title)


def png(panel: Drawn, classes: Sequence[str] = ()) -> bytes:
    """A file for slides and papers, on white, with title and legend; ``classes`` as for ``svg``.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    file = BytesIO()
    with _figure(panel, classes) as figure:
        write(figure, panel.title, 10, -12, fontsize=13, fontweight="bold")
        if isinstance(panel, Lines):
            _add_legend(figure, panel, classes)
        options = {"bbox_inches": "tight", "pad_inches": 0.2, "metadata": {"Software": None}}
        figure.savefig(file, format="png", dpi=DPI, pil_kwargs={"compress_level": COMPRESSION}, **options)
    return file.getvalue()


@contextmanager
def _figure(panel: Drawn, classes: Sequence[str], *, narrow: bool = False) -> Iterator[Any]:
    with style(), warnings.catch_warnings():
        # A name in a script that no installed font has is drawn as boxes in a PNG; the page shows it right.
        warnings.filterwarnings("ignore", message="Glyph .* missing from|Matplotlib currently does not support")
        match panel:
            case Lines():
                yield draw_curves(panel, classes)
            case Density():
                yield draw_density(panel)
            case Matrix():
                yield draw_matrix(panel, narrow=narrow)


def _add_legend(figure: Any, panel: Lines, classes: Sequence[str]) -> None:
    """Below the axes, in as many columns as fit."""
    from matplotlib.lines import Line2D

    curves = [(short(name, longest=LONGEST_NAME), *look) for name, *look in legend(panel, classes)]
    if not curves:
        return
    lines = [Line2D([], [], color=LIGHT[color], linewidth=2, linestyle=DASHES[dashes]) for _, color, dashes in curves]
    names = [name for name, *_ in curves]
    widest = max(width_px(name, LEGEND_PX) for name in names)
    columns = max(1, int(size_px(figure)[0] // (widest + 48)))
    look = {"frameon": False, "fontsize": LEGEND_PX, "labelcolor": INK, "borderaxespad": 0.4}
    figure.legend(lines, names, loc="upper left", bbox_to_anchor=(0, 0), ncols=columns, **look)
