"""Images of kept predictions, drawn where the file is still the one that was predicted on."""

from pathlib import Path

import numpy as np
from PIL import Image

from foveal.data.catalog.catalog import content_hash
from foveal.errors import FovealError
from foveal.inference.images import read_image
from foveal.runs.several.kept import Kept
from foveal.types.arrays import RGB
from foveal.types.reading import Reading

SIDE_PX = 576
"""Longest side of an image; small ones are enlarged, so that names can be read."""


def image_of_kept(kept: Kept, place: int) -> RGB | None:
    """An image with truth and prediction drawn on it; None: its file is gone, or has changed."""
    pixels = pixels_of(kept, place)
    if pixels is None:
        return None
    ((truth, prediction),) = kept.pairs([place])
    return kept.output().draw_evaluated(pixels, truth, prediction)


def pixels_of(kept: Kept, place: int) -> RGB | None:
    """The image itself; None: its file is gone, or has changed."""
    image, reading = kept.images[place], kept.header.get("reading", {})
    file = Path(kept.header["root"]) / image["path"]
    try:
        if content_hash(file).hex() != image["content"]:
            return None
        known = Reading(reading.get("black"), reading.get("white"), tuple(reading.get("bands", ())))
        pixels = read_image(file, reading=known)
    except FovealError:
        return None
    return resized(pixels, SIDE_PX)


def resized(pixels: RGB, side: int) -> RGB:
    """An image whose longest side is ``side``."""
    image = Image.fromarray(pixels)
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))
