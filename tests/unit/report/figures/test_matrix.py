import base64
import io

import numpy as np
import pytest
from PIL import Image

from foveal.metrics.contract import Matrix
from foveal.report.figures.drawing import svg
from foveal.report.figures.matrix import HEAT, MAX_LABELS, NARROW_PX, heat_pixels, in_percent, shares, strength


def panel(num_classes: int) -> Matrix:
    values = np.eye(num_classes) * 8
    values[0, 1] = 2
    return Matrix("m", values, tuple(f"class {k}" for k in range(num_classes)))


def test_few_classes_show_their_numbers(read_svg):
    figure = read_svg(svg(panel(3)))
    cells = {tip: parts for tip, parts in figure.tips().items() if tip.startswith("truth")}
    assert {tip: parts[-1].text for tip, parts in cells.items()} == {
        "truth class 0, prediction class 0: 8": "8",
        "truth class 0, prediction class 1: 2": "2",
        "truth class 1, prediction class 1: 8": "8",
        "truth class 2, prediction class 2: 8": "8",
    }
    for tip, (square, number) in cells.items():
        assert square.attrib["class"] == ("f-warn" if "0, prediction class 1" in tip else "f-accent")
        spots = np.array(figure.points(square))
        assert (spots.min(0) < [float(number.attrib["x"]), float(number.attrib["y"])]).all()
        assert (spots.max(0) > [float(number.attrib["x"]), float(number.attrib["y"])]).all()
    assert [text for text in figure.texts() if text in ("truth", "prediction")] == ["prediction", "truth"]
    assert figure.texts().count("class 2") == 2


def test_percent_of_the_truth(read_svg):
    counts = Matrix("m", np.array([[8.0, 2.0], [1.0, 999.0]]), ("a", "b"), of="images")
    shown = in_percent(counts)
    assert shown.values.tolist() == [[80.0, 20.0], [pytest.approx(0.1), 100.0]] and shown.of == ""
    assert "truth, % of its images" in read_svg(svg(shown)).texts()


def test_cells_lie_in_their_row_and_column(read_svg):
    figure = read_svg(svg(panel(3)))

    def at(i: int, j: int, count: int) -> np.ndarray:
        number = figure.tips()[f"truth class {i}, prediction class {j}: {count}"][1]
        return np.array([float(number.attrib["x"]), float(number.attrib["y"])])

    assert (at(0, 1, 2) - at(0, 0, 8)).tolist() == pytest.approx((at(1, 1, 8) - at(0, 1, 2))[::-1].tolist(), abs=0.1)
    assert at(0, 0, 8)[1] == at(0, 1, 2)[1] and at(1, 1, 8)[0] == at(0, 1, 2)[0]


def test_many_classes_are_an_image_with_some_labels(read_svg):
    text = svg(panel(300))
    figure = read_svg(text)
    (image,) = figure.all("image")
    kind, data = image.attrib["href"].split(",")
    assert kind == "data:image/png;base64"
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA"))
    assert (pixels == heat_pixels(panel(300))).all()
    assert sum(t.startswith("class") for t in figure.texts()) <= 2 * MAX_LABELS
    assert len(text) < 30_000


def test_pixels_of_a_heat_map():
    pixels = heat_pixels(panel(40))
    assert pixels.shape == (40, 40, 4)
    assert (pixels[..., 3] > 0).sum() == 41
    assert tuple(pixels[0, 1, :3]) != tuple(pixels[1, 1, :3])


def test_shares_of_rows_without_anything_are_zero():
    got = shares(Matrix("m", np.array([[3, 1], [0, 0]]), ("a", "b")))
    assert got.tolist() == [[0.75, 0.25], [0, 0]]
    assert np.isfinite(shares(Matrix("m", np.full((2, 2), np.nan), ("a", "b")))).all()


def test_undefined_cells_are_empty(read_svg):
    figure = read_svg(svg(Matrix("m", np.array([[1, np.nan], [np.inf, 0]]), ("a", "b"))))
    assert [tip for tip in figure.tips() if tip.startswith("truth")] == ["truth a, prediction a: 1"]


def test_a_rare_mistake_can_be_seen():
    assert strength(np.array([[0.999, 0.001], [0.0, 1.0]]), np.eye(2, dtype=bool), most=HEAT)[0, 1] > 0.12


def test_wide_numbers_fit_their_cells(read_svg):
    figure = read_svg(svg(Matrix("m", np.full((30, 30), 123456.0), tuple(f"{k}" for k in range(30)))))
    square, number = figure.tips()["truth 0, prediction 0: 123,456"]
    across = np.ptp(np.array(figure.points(square))[:, 0])
    assert float(number.attrib["font-size"]) * 0.6 * len("123,456") <= across


@pytest.mark.parametrize("label", ["x" * 80, "蜂" * 30])
def test_long_names_are_cut_and_shown_whole_in_a_tooltip(label, read_svg):
    figure = read_svg(svg(Matrix("m", np.eye(2), (label, "b"))))
    assert all(part.text.endswith("…") for part in figure.tips()[label])
    left = min(float(n.attrib["x"]) for n in figure.all("text") if n.get("text-anchor") == "end")
    assert left > 20 * (13 if label[0] == "蜂" else 7), "there is room for the label"


@pytest.mark.parametrize("num_classes", [2, 7, 20])
def test_a_matrix_for_phones_fits_their_width(num_classes, read_svg):
    names = tuple(f"a class with a long name {k}" for k in range(num_classes))
    figure = read_svg(svg(Matrix("m", np.eye(num_classes) * 5, names), narrow=True))
    width = float(figure.root.get("viewBox").split()[2])
    assert width <= NARROW_PX + 11
    assert set(names) <= set(figure.tips()), "each name is a tooltip where it is cut"
    assert "narrow" in figure.root.get("class").split()


def test_a_matrix_with_other_columns(read_svg):
    panel = Matrix("m", np.array([[3.0, 0.0, 2.0], [1.0, 4.0, 0.0]]), ("a", "b"), columns=("a", "b", "all others"))
    cells = {tip: parts for tip, parts in read_svg(svg(panel)).tips().items() if tip.startswith("truth")}
    assert set(cells) == {
        "truth a, prediction a: 3",
        "truth a, prediction all others: 2",
        "truth b, prediction a: 1",
        "truth b, prediction b: 4",
    }
    assert cells["truth b, prediction b: 4"][0].attrib["class"] == "f-accent"
    assert cells["truth a, prediction all others: 2"][0].attrib["class"] == "f-warn"
