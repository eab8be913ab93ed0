"""An image in any form that Foveal takes, decoded to the same RGB pixels.

Shapes: H W height and width.
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from foveal.data.formats.left_out import VIDEO_SUFFIXES
from foveal.errors import ConfigError, ImageError
from foveal.imaging.decode import Decoded, MinSide, decode, decode_image, kind_of
from foveal.types.arrays import RGB, Array

ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/{1,2}[^/]")
"""An address; ``Path`` leaves one slash of two. One letter is a drive of Windows."""


@dataclass(frozen=True)
class Named:
    """The bytes of a file that came through a pipe, and its name for messages."""

    name: str
    content: bytes


ImageLike = str | Path | bytes | Array | Image.Image | Named
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
        case bytes():
            return decode(source, min_side=min_side)
        case Named():
            return decode(source.content, name=source.name, min_side=min_side)
        case str() | Path():
            check_no_address(str(source))
            path = Path(source)
            check_no_video(path)
            return decode(path, min_side=min_side)
    raise ConfigError(
        f"Not an image: {type(source).__name__}.",
        "Pass a path, the bytes of a file, an (H, W, 3) uint8 array or a Pillow image.",
    )


def check_no_address(name: str) -> None:
    """Refuse an address: Foveal fetches nothing.

    Raises:
        ImageError: It is one.
    """
    if (address := ADDRESS.match(name)) is not None:
        whole = name.replace(":/", "://", 1) if "://" not in name else name
        what = "a video stream" if address[1].lower().startswith(("rtsp", "rtmp")) else "an address"
        raise ImageError(
            whole,
            f"is {what}, and Foveal fetches nothing from the network",
            f"Download it first: curl -O {shlex.quote(whole)}"
            if what == "an address"
            else f"Save images first: ffmpeg -i {shlex.quote(whole)} -r 1 frames/%06d.jpg",
        )


def check_no_video(path: Path) -> None:
    """Refuse a video by its suffix, unless it is an image after all; it is not read.

    Raises:
        ImageError: It is one.
    """
    if path.suffix.lower() not in VIDEO_SUFFIXES or not path.is_file():
        return
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        return  # decoding says what is wrong
    if not kind_of(head):
        command = f"ffmpeg -i {shlex.quote(str(path))} -r 1 frames/%06d.jpg"
        raise ImageError(path, "is a video", f"Extract images from it first: {command}")
