"""Images that are arrays or tensors already, in the forms that libraries have them.

Shapes: H W height and width, C channels.
"""

from typing import Any

import numpy as np

from foveal.errors import ImageError
from foveal.imaging.decode import flatten
from foveal.types.arrays import RGB, Array

CHANNELS = (1, 3, 4)


def from_array(array: Array, *, bgr: bool = False) -> RGB:
    """(H, W, 3) uint8 RGB from an array.

    Args:
        array: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) with alpha, which is blended onto white; uint8, or float in
            [0, 1].
        bgr: Whether the first three channels are blue, green, red.

    Raises:
        ImageError: Another shape, type or range; the message says which.
    """
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in CHANNELS or not array.size:
        raise ImageError("array", f"has shape {array.shape}", _advice(array.shape))
    if array.dtype.kind == "f":
        low, high = float(np.min(array)), float(np.max(array))
        if not (low >= 0 and high <= 1):
            what = f"has values of {low:g} to {high:g} in {array.dtype}"
            raise ImageError("array", what, "Pass floats in 0 to 1, or uint8 in 0 to 255; undo any normalisation.")
        array = np.rint(array * 255).astype(np.uint8)
    elif array.dtype != np.uint8:
        raise ImageError("array", f"has type {array.dtype}", "Pass uint8 in 0 to 255, or floats in 0 to 1.")
    pixels = flatten(array)
    return np.ascontiguousarray(pixels[:, :, ::-1] if bgr else pixels)


def _advice(shape: tuple[int, ...]) -> str:
    if len(shape) == 4:
        return "This is a batch: pass its images as a list, such as list(array)."
    if len(shape) == 3 and shape[0] in CHANNELS:
        return "Channels come last: pass array.transpose(1, 2, 0)."
    return "Pass (height, width, 3) in RGB order, uint8 or float in 0 to 1."


def is_tensor(source: object) -> bool:
    """Whether this is a torch tensor, without importing torch."""
    return type(source).__module__.partition(".")[0] == "torch" and hasattr(source, "detach")


def from_tensor(tensor: Any) -> Array:
    """(H, W, C) from a torch tensor (C, H, W) or (H, W).

    Raises:
        ImageError: Another shape; the message says which.
    """
    array = tensor.detach().cpu()
    array = (array.float() if array.is_floating_point() else array).numpy()
    if array.ndim == 4:
        raise ImageError("tensor", f"has shape {array.shape}", "This is a batch: pass its images as a list(tensor).")
    if array.ndim == 3:
        if array.shape[0] not in CHANNELS:
            hint = "Channels come first in a tensor: pass tensor.permute(2, 0, 1), or tensor.numpy() as an array."
            raise ImageError("tensor", f"has shape {array.shape}", hint)
        array = array.transpose(1, 2, 0)
    return np.asarray(array)
