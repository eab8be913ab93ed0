"""Fewer pixels: the largest or the mean of each window.

Shapes: B batch, C channels, H W and h w height and width in and out.
"""

import numpy as np

from foveal.scratch.layer import Array, Layer
from foveal.scratch.windows import channels_first, output_size, pad, place, unpad


class MaxPool2d(Layer):
    """The largest of each window; the gradient goes to the first pixel that has it.

    Args:
        kernel_size: K.
        stride: Pixels from one window to the next; None: K, so that windows do not overlap.
        padding: Pixels added on each side, which are never the largest.

    Raises:
        ValueError: The padding is more than half of K, so that some windows would have no pixel of the image.
    """

    def __init__(self, kernel_size: int, stride: int | None = None, padding: int = 0) -> None:
        if 2 * padding > kernel_size:
            raise ValueError(f"A padding of {padding} is more than half of the window's {kernel_size} pixels.")
        self.kernel_size, self.stride, self.padding = kernel_size, stride or kernel_size, padding

    def forward(self, x: Array) -> Array:
        """(B, C, H, W) -> (B, C, h, w).

        Raises:
            SizeError: h or w is not a whole number.
        """
        height, width = (output_size(n, self.kernel_size, self.stride, self.padding) for n in x.shape[2:])
        self._size = (height, width)
        padded = pad(x, self.padding, fill=-np.inf)
        self._shape = padded.shape
        best = place(padded, 0, 0, self._size, self.stride).copy(order="K")
        self._where = np.zeros_like(best, np.uint8 if self.kernel_size < 16 else np.int64)
        for at in range(1, self.kernel_size**2):
            value = place(padded, *divmod(at, self.kernel_size), self._size, self.stride)
            np.copyto(self._where, at, where=value > best)
            np.maximum(best, value, out=best)
        return best

    def backward(self, grad: Array) -> Array:
        """(B, C, h, w) -> (B, C, H, W)."""
        out = channels_first(self._shape, grad.dtype)
        for at in range(self.kernel_size**2):
            view = place(out, *divmod(at, self.kernel_size), self._size, self.stride)
            view += grad * (self._where == at)
        return unpad(out, self.padding)


class AvgPool2d(Layer):
    """The mean of each window; pixels that were added count as zeros.

    Args:
        kernel_size: K.
        stride: Pixels from one window to the next; None: K.
        padding: Pixels added on each side.
    """

    def __init__(self, kernel_size: int, stride: int | None = None, padding: int = 0) -> None:
        self.kernel_size, self.stride, self.padding = kernel_size, stride or kernel_size, padding

    def forward(self, x: Array) -> Array:
        """(B, C, H, W) -> (B, C, h, w).

        Raises:
            SizeError: h or w is not a whole number.
        """
        height, width = (output_size(n, self.kernel_size, self.stride, self.padding) for n in x.shape[2:])
        self._size = (height, width)
        padded = pad(x, self.padding)
        self._shape = padded.shape
        total = place(padded, 0, 0, self._size, self.stride).copy(order="K")
        for at in range(1, self.kernel_size**2):
            total += place(padded, *divmod(at, self.kernel_size), self._size, self.stride)
        return total / total.dtype.type(self.kernel_size**2)

    def backward(self, grad: Array) -> Array:
        """(B, C, h, w) -> (B, C, H, W): an equal share for each pixel of a window."""
        out, share = channels_first(self._shape, grad.dtype), grad / grad.dtype.type(self.kernel_size**2)
        for at in range(self.kernel_size**2):
            view = place(out, *divmod(at, self.kernel_size), self._size, self.stride)
            view += share
        return unpad(out, self.padding)


class GlobalAvgPool2d(Layer):
    """The mean of each channel, (B, C, H, W) -> (B, C): any input size, no weights (Lin et al. 2013, section 3.2)."""

    def forward(self, x: Array) -> Array:
        """The mean over height and width."""
        self._shape = x.shape
        out: Array = x.mean((2, 3))
        return out

    def backward(self, grad: Array) -> Array:
        """(B, C) -> (B, C, H, W)."""
        _, _, height, width = self._shape
        share = grad / grad.dtype.type(height * width)
        return np.broadcast_to(share[:, :, None, None], self._shape).copy()
