"""A matplotlib figure as inline SVG that takes its colours from the page and its fonts from the reader's browser.

Matplotlib's output is reduced to visible elements: no ids, classes instead of styles, one decimal. An artist whose id
is a ``tip`` gets that text as its tooltip; neighbours with the same one share it.
"""

import re
from collections.abc import Iterator
from html import escape
from io import BytesIO
from itertools import groupby
from typing import Any
from xml.etree.ElementTree import Element  # only the type; defusedxml parses

from defusedxml.ElementTree import fromstring

from foveal.report.figures.canvas import plain, size_px
from foveal.report.figures.palette import INK, LIGHT

DOT_RADIUS = 3.0
"""Radius of the markers of curves, in pixels."""
NAMES = {color: name for name, color in reversed(LIGHT.items())}
"""Variable of the page by the colour it has in a figure; where two share one, they do so in dark mode, too."""
KEPT = {"stroke-width": "1", "stroke-dasharray": "", "opacity": "1", "fill-opacity": "1", "stroke-opacity": "1"}
"""Properties that become attributes, unless they have this value."""
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
FONT_SIZE = re.compile(r"([\d.]+)px")
"""In ``font-size``, or in matplotlib's older ``font``."""
TIP = "tip:"


def tip(text: str) -> str:
    """An artist's id that becomes its tooltip."""
    return TIP + plain(text)


def inline_svg(figure: Any, *, kind: str, title: str) -> str:
    """The figure as an SVG element of the page.

    Args:
        figure: A matplotlib figure, drawn in the colours of ``palette.LIGHT``.
        kind: Class of the element.
        title: Alternative text of the figure.
    """
    file = BytesIO()
    figure.savefig(file, format="svg", transparent=True)
    root = fromstring(file.getvalue())
    body = []
    for text, parts in groupby(_shapes(root, ""), key=lambda shape: shape[0]):
        markup = "".join(part for _, part in parts)
        body.append(f"<g><title>{escape(text)}</title>{markup}</g>" if text else markup)
    _, _, width, height = root.attrib["viewBox"].split()
    box = _rounded(f"{float(width)} {float(height)}")
    head = f'<svg class="{kind}" style="--w:{float(width):.0f}px" viewBox="0 0 {box}" role="img"'
    head += f' data-box="{_plot(figure)}"' if kind == "chart" else ""
    return f'{head} aria-label="{escape(title)}">{"".join(body)}</svg>'


def _plot(figure: Any) -> str:
    """Where the first axes lie, in pixels from the left and the top, and what their horizontal one runs from and to."""
    axes, (width, height) = figure.axes[0], size_px(figure)
    box = axes.get_position()
    sides = (box.x0 * width, box.x1 * width, (1 - box.y1) * height, (1 - box.y0) * height)
    return " ".join(f"{number:.5g}" for number in (*sides, *axes.get_xlim()))


def _shapes(node: Element, tooltip: str) -> Iterator[tuple[str, str]]:
    """The visible shapes below a node, in order, each with its tooltip."""
    kind = node.tag.rpartition("}")[2]
    style = dict(re.findall(r"([\w-]+): ([^;]+)", node.get("style", "")))
    if kind in ("metadata", "defs"):
        return
    if kind == "text" and node.text:
        yield tooltip, _text(node, style)
    elif kind == "path" and node.get("d") and _paint(style):
        yield tooltip, f'<path{_paint(style)} d="{_path(node.attrib["d"])}"/>'
    elif kind == "use":
        place = _rounded(f'cx="{node.attrib["x"]}" cy="{node.attrib["y"]}"')
        yield tooltip, f'<circle{_paint({"fill": style["fill"]})} {place} r="{DOT_RADIUS:g}"/>'
    elif kind == "image":
        yield tooltip, _image(node)
    own = node.get("id", "")
    for child in node:
        yield from _shapes(child, own.removeprefix(TIP) if own.startswith(TIP) else tooltip)


def _text(node: Element, style: dict[str, str]) -> str:
    """A line of text, placed by its anchor; ink is the page's default for text."""
    size = _rounded(FONT_SIZE.findall(style.get("font-size") or style["font"])[0])
    anchor = style.get("text-anchor", "start")
    words = ("" if style["fill"] == INK else _paint({"fill": style["fill"]})) + f' font-size="{size}"'
    words += f' text-anchor="{anchor}"' if anchor != "start" else ""
    turn = node.get("transform", "")
    if turn.startswith("rotate(-0 "):
        words += _rounded(f' x="{node.attrib["x"]}" y="{node.attrib["y"]}"')
    else:
        angle, x, y = turn.removeprefix("rotate(").removesuffix(")").split()
        words += _rounded(f' transform="translate({x} {y})rotate({angle})"')
    return f"<text{words}>{escape(node.text or '', quote=False)}</text>"


def _paint(style: dict[str, str]) -> str:
    """Attributes of fill and stroke; none of an invisible shape."""
    colors = [(short, style.get(name, "none")) for short, name in (("f", "fill"), ("s", "stroke"))]
    names = [f"{short}-{NAMES[color]}" for short, color in colors if color != "none"]
    kept = [f' {name}="{_rounded(style[name], 2)}"' for name, usual in KEPT.items() if style.get(name, usual) != usual]
    return f' class="{" ".join(names)}"{"".join(kept)}' if names else ""


def _path(d: str) -> str:
    """A path in its shortest form: one decimal, and no repeated line commands."""
    return re.sub(r"\s*([A-KM-Za-z])\s*", r"\1", re.sub(r"\s*L\s*", " ", _rounded(d))).strip()


def _image(node: Element) -> str:
    """A pixel per cell, stretched over the axes."""
    data = "".join(node.attrib["{http://www.w3.org/1999/xlink}href"].split())
    size = f'width="{node.attrib["width"]}" height="{node.attrib["height"]}"'
    return f'<image {size} transform="{_rounded(node.attrib["transform"], 3)}" href="{data}"/>'


def _rounded(text: str, decimals: int = 1) -> str:
    """The text with its numbers rounded."""
    return NUMBER.sub(lambda found: f"{round(float(found[0]), decimals) + 0.0:.10g}", text)
