"""Panels as PNG files, for slides and papers."""

import re
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from foveal.artifact.atomic import make_folder, write_atomic
from foveal.errors import MissingExtraError
from foveal.metrics.contract import Lines, Matrix, Panel
from foveal.report.chart import MAX_MARKED
from foveal.report.matrix import MAX_LABELS, MAX_NUMBERED, shares
from foveal.report.wording import count

DPI = 160
"""Pixels an inch."""
FONTS = ("DejaVu Sans", "Noto Sans CJK SC", "Noto Sans CJK JP", "PingFang SC", "Microsoft YaHei", "SimHei")
"""Fonts asked for names, those that are installed in this order."""
INK, MUTED, ACCENT = "#16181d", "#8a909c", "#2f5fd0"


def write_figures(folder: Path, panels: Sequence[Panel]) -> list[Path]:
    """Draw each Matrix and Lines panel into a file named after its title.

    Args:
        folder: Where to; created if need be. Files of the same names are replaced.
        panels: Tables among them are left out.

    Returns:
        The files, in order.

    Raises:
        MissingExtraError: matplotlib is not installed.
        RunError: The folder cannot be written.
    """
    make_folder(folder)
    paths: list[Path] = []
    with _style():
        for panel in panels:
            if isinstance(panel, Lines | Matrix):
                path = folder / f"{_slug(panel.title, [p.stem for p in paths])}.png"
                write_atomic(path, _png(panel))
                paths.append(path)
    return paths


def _png(panel: Lines | Matrix) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    side = min(14.0, max(5.0, 2.5 + 0.36 * len(panel.labels))) if isinstance(panel, Matrix) else 5.0
    figure = Figure(figsize=(side + 1, side) if isinstance(panel, Matrix) else (6.4, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(panel.title, loc="left", fontweight="bold", pad=12)
    if isinstance(panel, Matrix):
        _draw_matrix(axes, panel)
    else:
        _draw_lines(axes, panel)
    file = BytesIO()
    with warnings.catch_warnings():
        # A name in a script that no installed font has is drawn as boxes; the page itself shows it right.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(file, format="png", dpi=DPI, metadata={"Software": None})
    return file.getvalue()


def _draw_lines(axes: Any, panel: Lines) -> None:
    if panel.diagonal:
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
    marker = "o" if all(len(x) <= MAX_MARKED for x, _ in panel.curves.values()) else None
    for name, (x, y) in panel.curves.items():
        axes.plot(x, y, label=name, marker=marker, markersize=3.5, linewidth=1.6)
    axes.set(xlabel=panel.x_title, ylabel=panel.y_title)
    axes.grid(axis="y", color="#e6e8ec", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    if len(panel.curves) > 1:
        axes.legend(frameon=False, fontsize=8, ncols=1 + (len(panel.curves) - 1) // 10)


def _draw_matrix(axes: Any, panel: Matrix) -> None:
    share, num_classes = shares(panel), len(panel.labels)
    axes.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=1)
    step = 1 if num_classes <= MAX_NUMBERED else -(-num_classes // MAX_LABELS)
    places = list(range(0, num_classes, step))
    names = [panel.labels[i] for i in places]
    axes.set_xticks(places, names, rotation=45, ha="right", fontsize=8)
    axes.set_yticks(places, names, fontsize=8)
    axes.set(xlabel=panel.column_title, ylabel=panel.row_title)
    axes.tick_params(length=0)
    if num_classes > MAX_NUMBERED:
        return
    for i, row in enumerate(panel.values):
        for j, value in enumerate(row):
            if value and np.isfinite(value):
                color = "white" if share[i, j] > 0.4 else INK
                axes.text(j, i, count(float(value)), ha="center", va="center", fontsize=7.5, color=color)


@contextmanager
def _style() -> Iterator[None]:
    try:
        import matplotlib
        from cycler import cycler
        from matplotlib import font_manager
    except ImportError:
        raise MissingExtraError("draw figures", "matplotlib") from None
    installed = {font.name for font in font_manager.fontManager.ttflist}
    style = {
        "font.family": [name for name in FONTS if name in installed] or ["sans-serif"],
        "font.size": 10,
        "text.parse_math": False,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": MUTED,
        "axes.prop_cycle": cycler(
            color=[ACCENT, "#d9622b", "#2a9d75", "#9b5bd0", "#c9a227", "#d0457f", "#4aa8c7", "#7a7f8a"]
        ),
        "xtick.color": INK,
        "ytick.color": INK,
    }
    with matplotlib.rc_context(style):
        yield


def _slug(title: str, taken: Sequence[str]) -> str:
    """A file name of small letters, digits and dashes that is not taken yet."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "figure"
    return slug if slug not in taken else next(s for n in range(2, 1000) if (s := f"{slug}-{n}") not in taken)
