"""An image in any form that Foveal takes, decoded to the same RGB pixels.

Shapes: H W height and width, C channels.
"""

from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self

import numpy as np
from PIL import Image

from foveal.errors import ConfigError, ImageError
from foveal.imaging.decode import Decoded, MinSide, decode, decode_image
from foveal.types.arrays import RGB, Array


class Tensor(Protocol):
    """A torch tensor, known without torch."""

    def detach(self) -> Self:
        """The same values without their history."""
        ...

    def cpu(self) -> Self:
        """The same values in the CPU's memory."""
        ...


ImageLike = str | Path | bytes | bytearray | memoryview | BinaryIO | Array | Image.Image | Tensor
"""A path, an encoded image (bytes, an open binary file, BytesIO), an (H, W, 3) array, a Pillow image, or a torch tensor
(3, H, W)."""
FORMS = "Pass a path, the bytes of a file, an open binary file, an (H, W, 3) array, a Pillow image or a torch tensor."
CHANNELS = (1, 3, 4)


def is_one(source: object) -> bool:
    """Whether this is one image rather than several, although it can be iterated."""
    one = (str, Path, bytes, bytearray, memoryview, np.ndarray, Image.Image)
    return isinstance(source, one) or _is_file(source) or _is_tensor(source)


def read_image(source: ImageLike) -> RGB:
    """The (H, W, 3) uint8 pixels of an image at its full size.

    Raises:
        ImageError: It cannot be read.
        ConfigError: Not an image.
    """
    return decode_any(source).pixels


def decode_any(source: ImageLike, *, min_side: MinSide = 0) -> Decoded:
    """Decode an image wherever it comes from; a file is opened once.

    Args:
        source: A path; an encoded image as bytes or an open binary file, read from its start where it can be rewound;
            an (H, W, 3) array, gray (H, W) or with alpha (H, W, 4), uint8 or float in [0, 1]; a torch tensor (3, H, W)
            of the same types; a Pillow image.
        min_side: Shorter side that is enough, see ``decode``; arrays and Pillow images keep their size.

    Raises:
        ImageError: It cannot be read.
        ConfigError: Not an image.
    """
    if _is_tensor(source):
        source = _from_tensor(source)
    match source:
        case np.ndarray() as array:
            return Decoded.full(from_array(array))
        case Image.Image() as image:
            return Decoded.full(decode_image(image))
        case str() | Path():
            return decode(Path(source), min_side=min_side)
        case bytes() | bytearray() | memoryview():
            return decode(bytes(source), min_side=min_side)
    if _is_file(source):
        return decode(_content(source), min_side=min_side)
    raise ConfigError(f"Not an image: {type(source).__name__}.", FORMS)


def opened(source: ImageLike, *, bgr: bool) -> ImageLike:
    """The same image as something that can be read twice, and in RGB.

    Args:
        source: An open file is read; its bytes are returned.
        bgr: Whether arrays and tensors are in blue, green, red; files and Pillow images say themselves what they hold.

    Raises:
        ImageError: See ``from_array``.
        ConfigError: A file that is open as text.
    """
    if bgr and _is_tensor(source):
        source = _from_tensor(source)
    if bgr and isinstance(source, np.ndarray):
        return from_array(source, bgr=True)
    return _content(source) if _is_file(source) else source


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
    if array.shape[2] == 4:
        alpha = array[:, :, 3:].astype(np.uint16)
        array = ((array[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    if array.shape[2] == 1:
        array = np.repeat(array, 3, axis=2)
    elif bgr:
        array = array[:, :, ::-1]
    return np.ascontiguousarray(array)


def _advice(shape: tuple[int, ...]) -> str:
    if len(shape) == 4:
        return "This is a batch: pass its images as a list, such as list(array)."
    if len(shape) == 3 and shape[0] in CHANNELS:
        return "Channels come last: pass array.transpose(1, 2, 0)."
    return "Pass (height, width, 3) in RGB order, uint8 or float in 0 to 1."


def _is_file(source: object) -> bool:
    return hasattr(source, "read") and not isinstance(source, Path)


def _is_tensor(source: object) -> bool:
    return type(source).__module__.partition(".")[0] == "torch" and hasattr(source, "detach")


def _from_tensor(tensor: Any) -> Array:
    """(H, W, C) from a torch tensor (C, H, W) or (H, W)."""
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


def _content(file: Any) -> bytes:
    """All of an open file, from its start where it can be rewound.

    Raises:
        ConfigError: It is open as text.
    """
    if hasattr(file, "seekable") and file.seekable():
        file.seek(0)
    content = file.read()
    if not isinstance(content, bytes | bytearray | memoryview):
        raise ConfigError(
            f"{getattr(file, 'name', 'The file')} is open as text.", "Open images in binary: open(path, 'rb')."
        )
    return bytes(content)
