import numpy as np
import pytest

from foveal.metrics.contract import Lines
from foveal.report.figures.curves import SIZE, SMALL, legend
from foveal.report.figures.drawing import svg
from foveal.report.figures.palette import CURVES, LIGHT
from foveal.report.figures.svg import NAMES


def panel(**curves) -> Lines:
    return Lines("t", "x", "y", {name: tuple(np.array(v, float) for v in xy) for name, xy in curves.items()})


def numbers(figure) -> list[str]:
    """The axes' numbers: all that is written but the axes' names."""
    return [text for text in figure.texts() if text not in ("x", "y", "epoch")]


def test_what_is_written(read_svg):
    figure = read_svg(svg(Lines("Reliability", "confidence", "accuracy", {"model": (np.ones(1),) * 2}, diagonal=True)))
    shares = ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert figure.texts() == [*shares, "confidence", *shares, "accuracy"]
    assert figure.root.get("aria-label") == "Reliability" and figure.root.get("class") == "chart"
    assert set(figure.tips()) == {"model", "model: 1, 1"}


@pytest.mark.parametrize(
    ("low", "high", "want"),
    [
        (0.1, 0.9, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (0.93, 0.97, ["0.93", "0.94", "0.95", "0.96", "0.97"]),
        (1, 12, ["0", "5", "10", "15"]),
        (1e-5, 3e-5, ["0", "1e−05", "2e−05", "3e−05"]),
        (3, 3, ["2.6", "2.8", "3", "3.2", "3.4"]),
        (1, 1, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (0, 0, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (-2, 1, ["−2", "−1", "0", "1"]),
    ],
)
def test_y_runs_between_round_numbers(low, high, want, read_svg):
    figure = read_svg(svg(panel(a=([0, 10], [low, high]))))
    assert numbers(figure)[-len(want) :] == want


def test_a_curve_runs_through_its_points(read_svg):
    figure = read_svg(svg(panel(a=([0, 1, 4], [0, 1, 0.5]))))
    (path,) = [node for node in figure.tips()["a"] if node.tag == "path"]
    (x0, y0), (x1, y1), (x2, y2) = figure.points(path)
    assert (x1 - x0) / (x2 - x0) == pytest.approx(0.25, abs=0.01)
    assert (y0 - y2) / (y0 - y1) == pytest.approx(0.5, abs=0.01)
    width, height = SIZE
    assert 0 < x0 < x2 < width and 0 < y1 < y0 < height
    assert path.attrib["class"] == f"s-{NAMES[LIGHT[CURVES[0]]]}"


def test_undefined_points_are_left_out(read_svg):
    text = svg(panel(a=([1, 2, 3, np.inf, 5], [5, np.nan, 2, 1, 1])))
    figure = read_svg(text)
    assert [tip for tip in figure.tips() if ":" in tip] == ["a: 1, 5", "a: 3, 2", "a: 5, 1"]
    assert len(figure.points(figure.tips()["a"][0])) == 3
    assert "nan" not in text and "inf" not in text


@pytest.mark.parametrize("diagonal", [False, True])
def test_panels_without_points(diagonal, read_svg):
    for curves in ({}, {"a": (np.empty(0), np.empty(0))}, {"a": (np.zeros(2), np.full(2, np.nan))}):
        figure = read_svg(svg(Lines("t", "x", "y", curves, diagonal=diagonal)))
        assert figure.tips() == {}
        assert any("stroke-dasharray" in node.attrib for node in figure.all("path")) == diagonal


def test_one_epoch_is_a_dot(read_svg):
    figure = read_svg(svg(Lines("Loss", "epoch", "", {"a": (np.array([1.0]), np.array([0.7]))})))
    assert len(figure.all("circle")) == 1
    assert numbers(figure)[0] == "1" and "1.5" not in numbers(figure)
    assert figure.root.get("viewBox") == "0 0 {} {}".format(*SMALL)


def test_epochs_are_whole(read_svg):
    figure = read_svg(svg(Lines("Loss", "epoch", "", {"a": (np.arange(1.0, 4), np.arange(1.0, 4))})))
    assert numbers(figure)[:3] == ["1", "2", "3"]


def test_long_curves_are_thinned_without_visible_loss(read_svg):
    x = np.linspace(0, 1, 100_000)
    figure = read_svg(svg(panel(wave=(x, 0.5 + 0.5 * np.sin(8 * x)))))
    spots = np.array(figure.points(figure.tips()["wave"][0]))
    assert len(spots) < 2000 and not figure.all("circle")
    across = (spots[:, 0] - spots[0, 0]) / (spots[-1, 0] - spots[0, 0])
    middle, half = (spots[:, 1].max() + spots[:, 1].min()) / 2, (spots[:, 1].max() - spots[:, 1].min()) / 2
    dense = np.linspace(0, 1, 5000)
    drawn = np.interp(dense, across, spots[:, 1])
    assert np.abs(drawn - (middle - half * np.sin(8 * dense))).max() < 0.5


def test_many_curves_look_different(read_svg):
    many = Lines("t", "x", "y", {str(k): (np.arange(2.0), np.arange(2.0)) for k in range(21)})
    assert len({look for _, *look in map(list, legend(many)) for look in [tuple(look)]}) == 21
    figure = read_svg(svg(many))
    looks = {(p.attrib["class"], p.get("stroke-dasharray")) for k in range(21) for p in figure.tips()[str(k)][:1]}
    assert len(looks) == 21
    assert legend(panel(a=([0], [0]))) == []
    assert legend(many)[8] == ("8", CURVES[8], "solid")
    assert legend(many)[12] == ("12", CURVES[0], "dashed")


def test_a_class_keeps_its_look_in_every_figure():
    classes = [f"c{k}" for k in range(30)]
    few = legend(panel(mean=([0], [0]), c7=([0], [0]), c13=([0], [0])), classes)
    assert few == [("mean", "ink", "solid"), ("c7", CURVES[7], "solid"), ("c13", CURVES[1], "dashed")]


def test_shares_run_from_zero_to_one(read_svg):
    figure = read_svg(svg(Lines("t", "x", "y", {"a": (np.array([0.2, 0.3]), np.array([0.93, 0.97]))}, shares="xy")))
    whole = ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert numbers(figure) == [*whole, *whole]


def test_bars_count_below_the_curve(read_svg):
    bars = (np.array([0.0, 0.5, 1.0]), np.array([3.0, 1200.0]))
    lines = Lines("t", "x", "y", {"a": (np.array([0.2]), np.array([0.5]))}, shares="xy", bars=bars, bars_title="images")
    figure = read_svg(svg(lines))
    low, high = (figure.points(figure.tips()[name][0]) for name in ("0 to 0.5: 3 images", "0.5 to 1: 1,200 images"))
    assert np.ptp(np.array(high)[:, 1]) > 10 * np.ptp(np.array(low)[:, 1])
    (dot,) = figure.tips()["a: 0.2, 0.5"]
    assert np.array(high)[:, 1].min() > float(dot.attrib["cy"]), "bars lie below"
    assert "1,200" in figure.texts() and "images" in figure.texts()


def test_marks_are_named(read_svg):
    one = {"a": (np.array([0.0, 1.0]), np.array([0.0, 1.0]))}
    figure = read_svg(svg(Lines("t", "x", "y", one, marks={"threshold 0.30": 0.3, "outside": 7.0})))
    assert "threshold 0.30" in figure.texts() and "outside" not in figure.texts()


def test_dots_are_not_joined(read_svg):
    many = {"images": (np.arange(40.0), np.arange(40.0))}
    figure = read_svg(svg(Lines("t", "objects", "detections", many, dots=True, diagonal=True)))
    assert len(figure.all("circle")) == 40 and "images" not in figure.tips()
