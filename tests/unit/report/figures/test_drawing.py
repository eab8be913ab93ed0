import re
import sys
import warnings
from io import BytesIO

import matplotlib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from foveal.errors import MissingExtraError
from foveal.metrics.contract import Lines, Matrix
from foveal.report.figures.canvas import plain
from foveal.report.figures.drawing import png, svg

LINES = Lines("t", "x", "y", {"$a$ 蜂 \U00013000": (np.arange(3.0), np.arange(3.0)), "b": (np.ones(1),) * 2})
MATRIX = Matrix("m", np.eye(3), ("$a$", "صورة", "🐝"))


@pytest.mark.parametrize("panel", [LINES, MATRIX, Matrix("h", np.eye(40), tuple(map(str, range(40))))])
def test_a_figure_stands_alone(panel, read_svg):
    text = svg(panel)
    figure = read_svg(text)
    assert {node.tag for node in figure.root.iter()} <= {"svg", "g", "title", "text", "path", "circle", "image"}
    assert all(key != "id" and not key.startswith("on") for key, _ in figure.attributes())
    for key, value in figure.attributes():
        assert key != "href" or value.startswith("data:image/png;base64,")
    assert not re.search(r"https?:|url\(|#[0-9a-f]{3}|font-family", text), "colours and fonts are the page's"


@pytest.mark.parametrize("panel", [LINES, MATRIX])
def test_equal_panels_give_equal_bytes(panel):
    assert svg(panel) == svg(panel) and png(panel) == png(panel)


def test_the_users_own_style_changes_nothing_and_stays():
    want = svg(LINES), png(MATRIX)
    with matplotlib.rc_context({"font.size": 30, "axes.grid": True, "axes.facecolor": "#ff0000"}):
        assert (svg(LINES), png(MATRIX)) == want
        assert matplotlib.rcParams["font.size"] == 30


def test_a_png_holds_the_title_and_the_legend():
    def rows_with_ink(panel) -> np.ndarray:
        gray = np.asarray(Image.open(BytesIO(png(panel))).convert("L"))
        return (gray < 200).any(1)

    one = {"a": (np.arange(3.0), np.arange(3.0))}
    small, large = (rows_with_ink(Lines("t", "x", "y", c)) for c in (one, {**one, "b": one["a"]}))
    assert len(large) > len(small) + 30, "a second curve asks for a legend, below the axes"
    assert not small[:20].any() and not large[:20].any() and not large[-20:].any()


def test_nothing_is_cut_off_in_a_png():
    wide = Matrix("A title " * 20, np.eye(3), ("x" * 80, "蜂" * 40, "y"))
    for panel in (wide, Lines("t", "x", "y", {"name " * 30: LINES.curves["b"], "b": LINES.curves["b"]})):
        gray = np.asarray(Image.open(BytesIO(png(panel))).convert("L"))
        border = np.concatenate([gray[:9].ravel(), gray[-9:].ravel(), gray[:, :9].ravel(), gray[:, -9:].ravel()])
        assert (border == 255).all()


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw in (svg, png):
        with pytest.raises(MissingExtraError, match="needs the package 'matplotlib'"):
            draw(LINES)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(min_size=1, max_size=20), min_size=2, max_size=4, unique=True))
def test_any_names_survive_as_text(read_svg, names):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        matrix = read_svg(svg(Matrix("m", np.eye(len(names)), names)))
        curves = read_svg(svg(Lines("t", names[0], names[1], {name: (np.arange(2.0),) * 2 for name in names})))
    for name in map(plain, names):
        assert name.strip() == "" or (name in matrix.texts() and name in matrix.tips())
        assert name in curves.tips()
    allowed = {"svg", "g", "title", "text", "path", "circle"}
    assert {node.tag for figure in (matrix, curves) for node in figure.root.iter()} <= allowed
