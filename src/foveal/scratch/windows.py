"""Windows of an image: how many there are, the border around them, and all of them as one matrix.

Shapes: B batch, C channels, H W height and width, K kernel size, h w windows down and across.

Arrays have the shape (B, C, H, W), but lie in memory channel by channel. The columns of a convolution then are one
matrix (C K K, B h w) without another copy, and each of its three products is a single one.
"""

import numpy as np

from foveal.scratch.layer import Array

PADDINGS = ("zeros", "reflect")


class SizeError(ValueError):
    """Sizes that do not fit: the message has the formula with its numbers."""


def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """How many windows fit along one axis: (W - K + 2P) / S + 1, where a dilated kernel covers D (K - 1) + 1 pixels.

    Args:
        size: W, pixels along the axis.
        kernel: K, weights along the axis.
        stride: S, pixels from one window to the next.
        padding: P, pixels added at each end.
        dilation: D, pixels from one weight to the next.

    Raises:
        SizeError: It is not a whole number, or there is no window at all.
    """
    if min(size, kernel, stride, dilation) < 1 or padding < 0:
        raise SizeError("Size, kernel, stride and dilation are 1 or more, padding is 0 or more.")
    covered = dilation * (kernel - 1) + 1
    steps, rest = divmod(size - covered + 2 * padding, stride)
    formula = f"({size} - {covered} + 2 * {padding}) / {stride} + 1"
    if steps < 0:
        raise SizeError(f"A window of {covered} pixels does not fit into {size} with a padding of {padding}.")
    if rest:
        raise SizeError(
            f"{formula} = {(steps + 1) + rest / stride:.6g} is not a whole number: change padding or stride."
        )
    return steps + 1


def channels_first(shape: tuple[int, ...], dtype: np.dtype, fill: float = 0.0) -> Array:
    """A new array (B, C, H, W) that lies in memory as (C, B, H, W)."""
    batch, channels, *rest = shape
    return np.full((channels, batch, *rest), fill, dtype).swapaxes(0, 1)


def pad(x: Array, border: int, mode: str = "zeros", fill: float = 0.0) -> Array:
    """(B, C, H, W) with a border of ``border`` pixels on all sides.

    Args:
        x: Images.
        border: Pixels.
        mode: zeros: of ``fill``; reflect: the image mirrored at its outermost pixels, which are not repeated.
        fill: The value of the border.

    Raises:
        SizeError: The border is as wide as the image or wider, so that it cannot be mirrored into it.
    """
    if not border:
        return x
    height, width = x.shape[2:]
    if mode == "reflect" and border >= min(height, width):
        raise SizeError(
            f"Reflect padding of {border} needs images of more than {border} pixels, not {height} x {width}."
        )
    out = channels_first((*x.shape[:2], height + 2 * border, width + 2 * border), x.dtype, fill)
    out[:, :, border:-border, border:-border] = x
    if mode == "reflect":
        for axis in (2, 3):
            view = np.moveaxis(out, axis, 0)
            view[:border] = view[2 * border : border : -1]
            view[-border:] = view[-border - 2 : -2 * border - 2 : -1]
    return out


def unpad(grad: Array, border: int, mode: str = "zeros") -> Array:
    """The gradient of ``pad``'s input: a mirrored pixel's goes to the pixel it mirrors. Changes ``grad``."""
    if not border:
        return grad
    if mode == "reflect":
        for axis in (3, 2):
            view = np.moveaxis(grad, axis, 0)
            view[border + 1 : 2 * border + 1] += view[border - 1 :: -1] if border else 0
            view[-2 * border - 1 : -border - 1] += view[: -border - 1 : -1]
    return grad[:, :, border:-border, border:-border]


def place(x: Array, down: int, across: int, size: tuple[int, int], stride: int) -> Array:
    """A view of one pixel of every window, (B, C, h, w): the one ``down`` and ``across`` from its upper left corner."""
    h, w = size
    return x[:, :, down : down + stride * (h - 1) + 1 : stride, across : across + stride * (w - 1) + 1 : stride]


def columns(x: Array, kernel: tuple[int, int], size: tuple[int, int], stride: int, dilation: int) -> Array:
    """All windows as a matrix (im2col): a row for each weight of the kernel, a column for each window.

    Args:
        x: (B, C, H, W), with its border.
        kernel: Weights down and across.
        size: Windows down and across, (h, w).
        stride: Pixels from one window to the next.
        dilation: Pixels from one weight to the next.

    Returns:
        (C K K, B h w).
    """
    batch, channels = x.shape[:2]
    out = np.empty((channels, *kernel, batch, *size), x.dtype)
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            out[:, i, j] = place(x, i * dilation, j * dilation, size, stride).swapaxes(0, 1)
    return out.reshape(channels * kernel[0] * kernel[1], -1)


def from_columns(
    matrix: Array, shape: tuple[int, ...], kernel: tuple[int, int], size: tuple[int, int], stride: int, dilation: int
) -> Array:
    """The sum of all windows where they lie (col2im), (B, C, H, W): the gradient of ``columns``'s input."""
    batch, channels = shape[:2]
    parts = matrix.reshape(channels, *kernel, batch, *size)
    out = channels_first(shape, matrix.dtype)
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            view = place(out, i * dilation, j * dilation, size, stride)
            view += parts[:, i, j].swapaxes(0, 1)
    return out
