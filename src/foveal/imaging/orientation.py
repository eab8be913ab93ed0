"""EXIF orientation (1 to 8): how stored pixels become an upright image.

Shapes: H W height and width.
"""

import re

import numpy as np
from PIL import Image

from foveal.imaging.codecs import jpeg, tiff
from foveal.types.arrays import RGB

ORIENTATION_TAG = jpeg.ORIENTATION_TAG
XMP_ORIENTATION = re.compile(rb"tiff:Orientation(?:=\"|>)([1-8])")


def orient(pixels: RGB, orientation: int) -> RGB:
    """Rotate and flip stored pixels by their EXIF orientation (1 to 8), so that the image is upright; C-contiguous."""
    match orientation:
        case 2:
            pixels = pixels[:, ::-1]
        case 3:
            pixels = pixels[::-1, ::-1]
        case 4:
            pixels = pixels[::-1]
        case 5:
            pixels = pixels.transpose(1, 0, 2)
        case 6:
            pixels = pixels.transpose(1, 0, 2)[:, ::-1]
        case 7:
            pixels = pixels[::-1, ::-1].transpose(1, 0, 2)
        case 8:
            pixels = pixels.transpose(1, 0, 2)[::-1]
    return np.ascontiguousarray(pixels)


def upright(width: int, height: int, orientation: int) -> tuple[int, int]:
    """(width, height) as seen of an image stored with this EXIF orientation."""
    return (height, width) if orientation >= 5 else (width, height)


def stored_size(image: Image.Image) -> tuple[int, int]:
    """Before orientation; newer Pillows give a TIFF's size after it, so the tags are asked."""
    tags = getattr(image, "tag_v2", {256: image.width, 257: image.height})
    return int(tags[256]), int(tags[257])


def orientation_of(image: Image.Image) -> int:
    """Of an image that is no plain JPEG; by our own parser, since Pillow's warns, and PNG's reads all pixels."""
    value: object = 1
    if hasattr(image, "tag_v2"):  # of a TIFF; 1 once Pillow has loaded and turned it
        try:
            with tiff.muted():
                value = Image.Image.getexif(image).get(ORIENTATION_TAG, 1)
        except Exception:  # a broken EXIF block costs the orientation, not the image
            return 1
    else:
        text = image.info.get("Raw profile type exif")
        block = image.info.get("exif")
        if block is None and isinstance(text, str):
            try:
                block = bytes.fromhex("".join(text.split("\n")[3:]))
            except ValueError:
                block = b""
        found = jpeg.exif_orientation(block.removeprefix(b"Exif\0\0"), default=0) if isinstance(block, bytes) else 0
        value = found or _xmp_orientation(image)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _xmp_orientation(image: Image.Image) -> int:
    packet = image.info.get("XML:com.adobe.xmp") or image.info.get("xmp") or b""
    match = XMP_ORIENTATION.search(packet.encode() if isinstance(packet, str) else packet)
    return int(match[1]) if match else 1
