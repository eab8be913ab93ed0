"""An empty matplotlib figure, measured in CSS pixels, and the style that both the page and the files are drawn in.

Figures are laid out by the number of characters of their text, not by the fonts of this machine: the reader's browser
has others, and the same content must give the same figure.
"""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from foveal.errors import MissingExtraError
from foveal.report.figures.palette import INK, LINE, MUTED

POINTS_PER_INCH = 72
"""What matplotlib's SVG calls a pixel is a point."""
FONT_PX = 11.5
FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Arial Unicode MS",
)
"""Fonts of the PNG files, as far as installed; each fills in glyphs that the ones before it lack."""
EM_PER_LETTER = 0.6
"""Width of a letter in font sizes: DejaVu's, a little wider than that of browsers' fonts."""


@contextmanager
def style() -> Iterator[None]:
    """Matplotlib's settings for everything drawn and saved inside, whatever the user's own are.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        import matplotlib
        from matplotlib import font_manager
    except ImportError:
        raise MissingExtraError("draw figures", "matplotlib") from None
    installed = {font.name for font in font_manager.fontManager.ttflist}
    settings = {
        "font.family": [name for name in FONTS if name in installed] or ["sans-serif"],
        "font.size": FONT_PX,
        "text.parse_math": False,
        "text.color": INK,
        "axes.labelcolor": MUTED,
        "axes.edgecolor": LINE,
        "axes.autolimit_mode": "round_numbers",
        "axes.axisbelow": True,
        "grid.color": LINE,
        "lines.solid_capstyle": "round",
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "svg.fonttype": "none",
        "path.simplify_threshold": 0.25,
    }
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings)
        yield


def canvas(width: float, height: float) -> Any:
    """Axes that fill a figure of the given size in pixels, without tick marks."""
    from matplotlib.figure import Figure

    axes = Figure(figsize=(width / POINTS_PER_INCH, height / POINTS_PER_INCH)).add_axes((0, 0, 1, 1))
    axes.tick_params(top=False, bottom=False, left=False, right=False)
    return axes


def size_px(figure: Any) -> tuple[float, float]:
    """Width and height of a figure."""
    width, height = figure.get_size_inches() * POINTS_PER_INCH
    return float(width), float(height)


def place(axes: Any, *, left: float, top: float, right: float, bottom: float) -> None:
    """Set the margins around the axes, in pixels."""
    width, height = size_px(axes.figure)
    axes.set_position((left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height))


def write(figure: Any, text: str, x: float, y: float, **options: Any) -> None:
    """Write text at (x, y) pixels from the figure's upper left corner."""
    width, height = size_px(figure)
    figure.text(x / width, 1 - y / height, plain(text), rotation_mode="anchor", **options)


def plain(text: str) -> str:
    """The text on one line, without characters that XML or UTF-8 cannot represent."""
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cs") or c in "\ufffe\uffff" else c for c in text)


def short(text: str, *, longest: int) -> str:
    """The text on one line, truncated to the given number of characters."""
    text = plain(text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def width_px(text: str, size: float) -> float:
    """About how wide a line of text is: wide characters, such as Chinese, take an em."""
    return sum(1.0 if unicodedata.east_asian_width(c) in "WF" else EM_PER_LETTER for c in text) * size
