"""Sizes, borders, and the worked examples of the textbooks."""

import numpy as np
import pytest

from foveal.scratch import Conv2d, MaxPool2d, SizeError, output_size
from foveal.scratch.windows import pad


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "dilation", "want"),
    [
        (7, 3, 1, 0, 1, 5),
        (7, 3, 2, 0, 1, 3),
        (32, 5, 1, 2, 1, 32),
        (5, 3, 2, 1, 1, 3),
        (227, 11, 4, 0, 1, 55),
        (9, 3, 1, 2, 2, 9),
    ],
)
def test_how_many_windows_fit(size: int, kernel: int, stride: int, padding: int, dilation: int, want: int) -> None:
    assert output_size(size, kernel, stride, padding, dilation) == want


def test_sizes_that_do_not_fit_are_told_with_their_numbers() -> None:
    with pytest.raises(SizeError, match=r"\(7 - 3 \+ 2 \* 0\) / 3 \+ 1 = 2\.33333 is not a whole number"):
        output_size(7, 3, 3)
    with pytest.raises(SizeError, match="A window of 9 pixels does not fit into 7"):
        output_size(7, 9)
    with pytest.raises(SizeError, match="1 or more"):
        output_size(7, 3, 0)
    with pytest.raises(SizeError, match="not a whole number"):
        Conv2d(1, 1, 3, 3).forward(np.zeros((1, 1, 7, 7), np.float32))
    with pytest.raises(SizeError, match="not a whole number"):
        MaxPool2d(2).forward(np.zeros((1, 1, 7, 7), np.float32))
    with pytest.raises(ValueError, match="A padding of 2 is more than half of the window's 3 pixels"):
        MaxPool2d(3, padding=2)
    with pytest.raises(SizeError, match="Reflect padding of 3"):
        pad(np.zeros((1, 1, 3, 5)), 3, "reflect")
    with pytest.raises(ValueError, match="neither zeros nor reflect"):
        Conv2d(1, 1, 3, padding_mode="same")
    with pytest.raises(ValueError, match="3 channels for filters of 1"):
        Conv2d(1, 1, 3).forward(np.zeros((1, 3, 7, 7), np.float32))


RED, GREEN, BLUE = (
    [[2, 2, 0, 2, 1], [1, 1, 0, 2, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 2], [0, 1, 2, 0, 0]],
    [[1, 0, 2, 0, 2], [2, 2, 0, 1, 1], [1, 1, 2, 1, 0], [2, 1, 2, 0, 1], [2, 0, 0, 1, 2]],
    [[0, 2, 1, 0, 1], [2, 2, 2, 0, 0], [2, 2, 2, 0, 0], [1, 1, 1, 2, 0], [1, 0, 0, 2, 0]],
)
FIRST = [
    [[-1, -1, -1], [-1, 1, 0], [0, -1, 1]],
    [[1, -1, -1], [-1, -1, 1], [0, 0, -1]],
    [[0, 1, -1], [1, -1, -1], [1, 1, -1]],
]
SECOND = [
    [[1, 1, 0], [0, 1, 1], [1, 0, -1]],
    [[1, -1, 0], [1, -1, -1], [1, -1, 1]],
    [[1, 1, 0], [0, 1, -1], [0, 0, 0]],
]


def test_the_worked_example_by_hand() -> None:
    """The first number: red 2*1 + 1*-1 + 1*1, green 1*-1 + 2*-1, blue 2*-1 + 2*1 + 2*-1, and the bias 1: -2."""
    layer = Conv2d(3, 2, 3, stride=2, padding=1, dtype=np.float64)
    layer.weight.value, layer.bias.value = np.array([FIRST, SECOND], np.float64), np.array([1.0, 0.0])
    out = layer.forward(np.array([[RED, GREEN, BLUE]], np.float64))
    assert out[0, 0].tolist() == [[-2, 3, -3], [-10, -1, -3], [-5, -1, -3]]
    assert out[0, 1].tolist() == [[0, 3, 2], [-1, 8, 2], [-1, 0, 2]]


def test_ten_filters_on_32x32x3_have_760_weights_and_keep_the_size() -> None:
    layer = Conv2d(3, 10, 5, padding=2)
    assert layer.forward(np.zeros((1, 3, 32, 32), np.float32)).shape == (1, 10, 32, 32)
    assert sum(p.value.size for p in layer.parameters()) == 760


def test_two_filters_on_5x5x3_with_stride_2_and_padding_1_pixel_by_pixel() -> None:
    """18 outputs, each a sum of 27 products and a bias, written out pixel by pixel."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (3, 5, 5)).astype(np.float64)
    layer = Conv2d(3, 2, 3, stride=2, padding=1, dtype=np.float64)
    layer.weight.value = rng.integers(-1, 2, (2, 3, 3, 3)).astype(np.float64)
    layer.bias.value = np.array([1.0, 0.0])
    out = layer.forward(x[None])[0]
    assert out.shape == (2, 3, 3)
    for filter_ in range(2):
        for row in range(3):
            for column in range(3):
                total = layer.bias.value[filter_]
                for channel in range(3):
                    for i in range(3):
                        for j in range(3):
                            y, z = 2 * row + i - 1, 2 * column + j - 1
                            pixel = x[channel, y, z] if 0 <= y < 5 and 0 <= z < 5 else 0.0
                            total += layer.weight.value[filter_, channel, i, j] * pixel
                assert out[filter_, row, column] == total


def test_one_window_by_hand() -> None:
    x = np.array([[1, 2, 0], [0, 1, 3], [2, 0, 1]], np.float64)
    layer = Conv2d(1, 1, 3, dtype=np.float64)
    layer.weight.value = np.array([[[[1, 0, -1], [2, 0, -2], [1, 0, -1]]]], np.float64)
    layer.bias.value = np.array([0.5])
    # 1*1 + 2*0 + 0*-1  +  0*2 + 1*0 + 3*-2  +  2*1 + 0*0 + 1*-1  =  1 - 6 + 1  =  -4, and the bias
    assert layer.forward(x[None, None]).item() == -3.5


def test_max_pooling_by_hand() -> None:
    x = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]], np.float64)
    assert MaxPool2d(2).forward(x[None, None])[0, 0].tolist() == [[6, 8], [3, 4]]


def test_reflect() -> None:
    x = np.arange(12.0).reshape(1, 1, 3, 4)
    np.testing.assert_array_equal(pad(x, 2, "reflect"), np.pad(x, [(0, 0), (0, 0), (2, 2), (2, 2)], "reflect"))
