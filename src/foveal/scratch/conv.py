"""Convolution as one product of matrices.

Shapes: B batch, I and O channels in and out, K kernel size, H W and h w height and width in and out.
"""

import numpy as np

from foveal.scratch.layer import Array, Layer, Parameter
from foveal.scratch.windows import PADDINGS, columns, from_columns, output_size, pad, unpad


class Conv2d(Layer):
    """Each filter is laid on every window of the image: products with the pixels below it, their sum, and a bias.

    As all networks do it, this is cross-correlation: the filter is not flipped (LeCun et al. 1998; Dumoulin and Visin
    2016, section 2).

    Args:
        in_channels: I.
        out_channels: O, the number of filters.
        kernel_size: K.
        stride: Pixels from one window to the next.
        padding: Pixels added on each side.
        dilation: Pixels from one weight of a filter to the next.
        padding_mode: zeros, or reflect: the image mirrored at its outermost pixels.
        rng: Draws the first weights, uniform within 1 / sqrt(I K K); None: seed 0.
        dtype: Of weights and outputs.

    Attributes:
        weight: (O, I, K, K).
        bias: (O,).

    Raises:
        ValueError: An unknown padding mode.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        *,
        dilation: int = 1,
        padding_mode: str = "zeros",
        rng: np.random.Generator | None = None,
        dtype: type = np.float32,
    ) -> None:
        if padding_mode not in PADDINGS:
            raise ValueError(f"padding_mode {padding_mode!r} is neither zeros nor reflect.")
        rng = rng or np.random.default_rng(0)
        self.stride, self.padding, self.dilation, self.padding_mode = stride, padding, dilation, padding_mode
        self.kernel = (kernel_size, kernel_size)
        bound = (in_channels * kernel_size**2) ** -0.5
        shape = (out_channels, in_channels, *self.kernel)
        self.weight = Parameter(rng.uniform(-bound, bound, shape).astype(dtype))
        self.bias = Parameter(rng.uniform(-bound, bound, out_channels).astype(dtype))

    def forward(self, x: Array) -> Array:
        """(B, I, H, W) -> (B, O, h, w), where h = (H - K + 2 padding) / stride + 1.

        Raises:
            SizeError: h or w is not a whole number.
            ValueError: Another number of channels.
        """
        out_channels, in_channels = self.weight.value.shape[:2]
        if x.shape[1] != in_channels:
            raise ValueError(f"Images of {x.shape[1]} channels for filters of {in_channels}.")
        height, width = (output_size(n, self.kernel[0], self.stride, self.padding, self.dilation) for n in x.shape[2:])
        self._size = (height, width)
        padded = pad(x, self.padding, self.padding_mode)
        self._shape = padded.shape
        self._columns = columns(padded, self.kernel, self._size, self.stride, self.dilation)
        out = self.weight.value.reshape(out_channels, -1) @ self._columns
        out += self.bias.value[:, None]
        return out.reshape(out_channels, len(x), *self._size).swapaxes(0, 1)

    def backward(self, grad: Array) -> Array:
        """(B, O, h, w) -> (B, I, H, W)."""
        weight = self.weight.value
        rows = grad.swapaxes(0, 1).reshape(len(weight), -1)  # (O, B h w)
        self.weight.grad = (rows @ self._columns.T).reshape(weight.shape)
        self.bias.grad = rows.sum(1)
        matrix = weight.reshape(len(weight), -1).T @ rows
        padded = from_columns(matrix, self._shape, self.kernel, self._size, self.stride, self.dilation)
        return unpad(padded, self.padding, self.padding_mode)
