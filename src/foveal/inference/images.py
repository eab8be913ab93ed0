"""An image in any form that Foveal takes, decoded to the same RGB pixels.

Shapes: H W height and width.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from foveal.errors import ConfigError, ImageError
from foveal.imaging.decode import Decoded, MinSide, TooLargeError, decode, decode_image
from foveal.imaging.windows import open_windows
from foveal.types.arrays import RGB, Array
from foveal.types.reading import AS_STORED, Reading

MAX_WHOLE_PIXELS = 250_000_000
"""Largest image that predictions are drawn on: 750 MB, twice."""
ImageLike = str | Path | bytes | Array | Image.Image
"""A path, the bytes of a file, an (H, W, 3) uint8 array or a Pillow image."""


def read_image(source: ImageLike, *, reading: Reading = AS_STORED) -> RGB:
    """The (H, W, 3) uint8 pixels of an image at its full size, which may be larger than ``decode_any`` takes.

    Raises:
        ImageError: It cannot be read.
        ConfigError: Not an image.
    """
    try:
        return decode_any(source, reading=reading).pixels
    except TooLargeError:
        if not isinstance(source, str | Path | bytes):
            raise
    with open_windows(Path(source) if isinstance(source, str) else source, reading=reading) as windows:
        width, height = windows.size
        if width * height > MAX_WHOLE_PIXELS:
            raise ImageError(
                source if isinstance(source, str | Path) else "image",
                f"is {width} x {height} pixels, too large to be drawn on",
                "Predict without --save, or cut it into parts.",
            )
        return windows.crop((0, 0, width, height))


def decode_any(source: ImageLike, *, min_side: MinSide = 0, reading: Reading = AS_STORED) -> Decoded:
    """Decode an image wherever it comes from; a file is opened once.

    Args:
        source: A path, bytes, an (H, W, 3) uint8 array or a Pillow image.
        min_side: Shorter side that is enough, see ``decode``; arrays and Pillow images keep their size.
        reading: Levels of deep images, and bands; arrays are taken as they are.

    Raises:
        ImageError: It cannot be read.
        ConfigError: Not an image.
    """
    match source:
        case np.ndarray() as array:
            if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or not array.size:
                raise ImageError(
                    "array",
                    f"has shape {array.shape} and type {array.dtype}",
                    "Pass (height, width, 3) uint8 in RGB order.",
                )
            return Decoded.full(array)
        case Image.Image() as image:
            return decode_image(image, reading=reading)
        case str() | Path() | bytes():
            return decode(Path(source) if isinstance(source, str) else source, min_side=min_side, reading=reading)
    raise ConfigError(
        f"Not an image: {type(source).__name__}.",
        "Pass a path, the bytes of a file, an (H, W, 3) uint8 array or a Pillow image.",
    )
