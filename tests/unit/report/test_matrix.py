import re

import numpy as np
import pytest

from foveal.metrics.contract import Matrix
from foveal.report.matrix import MAX_LABELS, heat_pixels, matrix, shares, strength


def panel(num_classes: int) -> Matrix:
    values = np.eye(num_classes) * 8
    values[0, 1] = 2
    return Matrix("m", values, tuple(f"class {k}" for k in range(num_classes)))


def test_few_classes_show_their_numbers():
    svg = matrix(panel(3))
    assert re.findall(r">(\d+)</text></g>", svg) == ["8", "2", "8", "8"]
    assert "<title>truth class 0, prediction class 1: 2</title>" in svg


def test_many_classes_are_a_image_with_some_labels():
    svg = matrix(panel(300))
    assert 'href="data:image/png;base64,' in svg and "<rect" in svg
    assert svg.count('class="label"') <= 2 * MAX_LABELS
    assert len(svg) < 60_000


def test_cells_of_the_image():
    pixels = heat_pixels(panel(40))
    assert pixels.shape == (40, 40, 4)
    assert (pixels[..., 3] > 0).sum() == 41
    assert tuple(pixels[0, 1, :3]) != tuple(pixels[1, 1, :3])


def test_shares_of_rows_without_anything_are_zero():
    got = shares(Matrix("m", np.array([[3, 1], [0, 0]]), ("a", "b")))
    assert got.tolist() == [[0.75, 0.25], [0, 0]]
    assert np.isfinite(shares(Matrix("m", np.full((2, 2), np.nan), ("a", "b")))).all()


def test_a_rare_mistake_can_be_seen():
    assert strength(np.array([[0.999, 0.001], [0.0, 1.0]]))[0, 1] > 0.12


@pytest.mark.parametrize("label", ["x" * 80, "蜂" * 30])
def test_long_names_are_cut_but_told_in_full(label):
    svg = matrix(Matrix("m", np.eye(2), (label, "b")))
    assert "…<title>" in svg and f"<title>{label}</title>" in svg
