"""An image in any form that Foveal takes, decoded to the same RGB pixels.

Shapes: H W height and width.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from foveal.errors import ConfigError, ImageError
from foveal.imaging.decode import Decoded, MinSide, decode, decode_image
from foveal.types.arrays import RGB, Array

ImageLike = str | Path | bytes | Array | Image.Image
"""A path, the bytes of a file, an (H, W, 3) uint8 array or a Pillow image."""


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
        source: A path, bytes, an (H, W, 3) uint8 array or a Pillow image.
        min_side: Shorter side that is enough, see ``decode``; arrays and Pillow images keep their size.

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
            return Decoded.full(decode_image(image))
        case str() | Path() | bytes():
            return decode(Path(source) if isinstance(source, str) else source, min_side=min_side)
    raise ConfigError(
        f"Not an image: {type(source).__name__}.",
        "Pass a path, the bytes of a file, an (H, W, 3) uint8 array or a Pillow image.",
    )
