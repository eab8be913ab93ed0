"""An image in any form that Foveal takes, decoded to the same RGB pixels.

Shapes: H W height and width.
"""

import io
import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self

import numpy as np
from PIL import Image

from foveal.brief import brief
from foveal.data.formats.left_out import VIDEO_SUFFIXES
from foveal.errors import ConfigError, ImageError
from foveal.imaging.array import from_array, from_tensor, is_tensor
from foveal.imaging.codecs.pillow import TooLargeError, kind_of
from foveal.imaging.decode import Decoded, MinSide, decode, decode_image, read_bytes
from foveal.imaging.windows import open_windows
from foveal.types.arrays import RGB, Array
from foveal.types.reading import AS_STORED, Reading

MAX_WHOLE_PIXELS = 250_000_000
"""Largest image that predictions are drawn on: 750 MB, twice."""
FORMS = "Pass a path, the bytes of a file, an open binary file, an (H, W, 3) array, a Pillow image or a torch tensor."
ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/{1,2}[^/]")
"""An address; ``Path`` leaves one slash of two. One letter is a drive of Windows."""


@dataclass(frozen=True)
class Named:
    """The bytes of a file that came through a pipe, and its name for messages."""

    name: str
    content: bytes

    __repr__ = brief


@dataclass(frozen=True)
class Watched:
    """A file that is opened once, for its image and for something else.

    Attributes:
        path: The file.
        seen: Called with its bytes, by the thread that decodes it; not for one too large to be decoded at once.
    """

    path: Path
    seen: Callable[[bytes], None]

    __repr__ = brief


class Tensor(Protocol):
    """A torch tensor, known without torch."""

    def detach(self) -> Self:
        """The same values without their history."""
        ...

    def cpu(self) -> Self:
        """The same values in the CPU's memory."""
        ...


ImageLike = str | Path | bytes | bytearray | memoryview | BinaryIO | Array | Image.Image | Tensor | Named | Watched
"""A path, an encoded image (bytes, an open binary file, BytesIO), an (H, W, 3) array, a Pillow image, or a torch tensor
(3, H, W)."""


def is_one(source: object) -> bool:
    """Whether this is one image, or no image at all, rather than several."""
    one = (str, Path, bytes, bytearray, memoryview, np.ndarray, Image.Image, Named, Watched)
    return not isinstance(source, Iterable) or isinstance(source, one) or _is_file(source) or is_tensor(source)


def read_image(source: ImageLike, *, reading: Reading = AS_STORED) -> RGB:
    """The (H, W, 3) uint8 pixels of an image at its full size, which may be larger than ``decode_any`` takes.

    Raises:
        ImageError: It cannot be read.
        ConfigError: Not an image.
    """
    source = readable(source)
    try:
        return decode_any(source, reading=reading).pixels
    except TooLargeError:
        if not isinstance(source, Stored):
            raise
    with open_windows(stored(source), reading=reading) as windows:
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
        source: A path; an encoded image as bytes or an open binary file, read from its start where it can be rewound;
            an (H, W, 3) array, gray (H, W) or with alpha (H, W, 4), uint8 or float in [0, 1]; a torch tensor (3, H, W)
            of the same types; a Pillow image.
        min_side: Shorter side that is enough, see ``decode``; arrays and Pillow images keep their size.
        reading: Levels of deep images, and bands; arrays are taken as they are.

    Raises:
        ImageError: It cannot be read.
        ConfigError: Not an image.
    """
    match readable(source):
        case np.ndarray() as array:
            return Decoded.full(from_array(array))
        case Image.Image() as image:
            return decode_image(image, reading=reading)
        case bytes() as content:
            return decode(content, min_side=min_side, reading=reading)
        case Named() as file:
            return decode(file.content, name=file.name, min_side=min_side, reading=reading)
        case Watched(path, seen):
            check_no_video(path)
            content = read_bytes(path, str(path))
            seen(content)
            return decode(content, name=str(path), min_side=min_side, reading=reading)
        case str() | Path() as name:
            check_no_address(str(name))
            path = Path(name)
            check_no_video(path)
            return decode(path, min_side=min_side, reading=reading)
    raise ConfigError(f"Not an image: {type(source).__name__}.", FORMS)


def readable(source: ImageLike, *, bgr: bool = False) -> ImageLike:
    """The same image as a path, bytes, an array or a Pillow image, so that it can be read twice.

    Args:
        source: An open file is read.
        bgr: Whether arrays and tensors are in blue, green, red; files and Pillow images say themselves what they hold.

    Raises:
        ImageError: See ``from_array``.
        ConfigError: A file that is open as text.
    """
    if is_tensor(source):
        source = from_tensor(source)
    if bgr and isinstance(source, np.ndarray):
        return from_array(source, bgr=True)
    if isinstance(source, bytearray | memoryview):
        return bytes(source)
    return _content(source) if _is_file(source) else source


Stored = str | Path | bytes | Named | Watched
"""An encoded image that can be read in parts."""


def stored(source: Stored) -> Path | bytes:
    """An encoded image as a file or its bytes."""
    if isinstance(source, Watched):
        return source.path
    if isinstance(source, Named):
        return source.content
    return Path(source) if isinstance(source, str) else source


def _is_file(source: object) -> bool:
    return hasattr(source, "read") and not isinstance(source, Path)


def _content(file: Any) -> bytes:
    """All of an open file, from its start where it can be rewound.

    Raises:
        ConfigError: It is open as text, or closed.
    """
    if getattr(file, "closed", False):
        raise ConfigError(f"{getattr(file, 'name', 'The file')} is closed.", "Pass it while it is open, or its path.")
    content = None
    if not isinstance(file, io.TextIOBase):  # reading an image as text is an error of its own
        if hasattr(file, "seekable") and file.seekable():
            file.seek(0)
        content = file.read()
    if not isinstance(content, bytes | bytearray | memoryview):
        raise ConfigError(
            f"{getattr(file, 'name', 'The file')} is open as text.", "Open images in binary: open(path, 'rb')."
        )
    return bytes(content)


def check_no_address(name: str) -> None:
    """Refuse an address: Foveal fetches nothing.

    Raises:
        ImageError: It is one.
    """
    if (address := ADDRESS.match(name)) is not None:
        whole = name.replace(":/", "://", 1) if "://" not in name else name
        stream = address[1].lower().startswith(("rtsp", "rtmp"))
        raise ImageError(
            whole,
            f"is {'a video stream' if stream else 'an address'}, and Foveal fetches nothing from the network uninvited",
            "`foveal predict` does with --allow-fetch"
            + ("." if stream else f"; or download it first: curl -O {shlex.quote(whole)}"),
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
        raise ImageError(path, "is a video, and an image is wanted here", "Predict on it with foveal.predict.")
