"""Any part of an image that is too large to be decoded at once.

A TIFF is read strip by strip or tile by tile, as parts are asked for. Other formats cannot be entered in the middle:
they are decoded once, into a temporary file that is mapped into memory and goes when the image is closed. Its pages
belong to the system, which takes them back when memory is short.

Shapes: H W height and width as displayed, h w of a part, S T height and width of the input.
"""

import io
import os
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

import numpy as np
from PIL import Image

from foveal.errors import ImageError
from foveal.imaging import decode as decoding
from foveal.imaging import depth, profile
from foveal.imaging.codecs import jpeg, tiff
from foveal.imaging.orientation import orient, orientation_of
from foveal.imaging.prepare import place
from foveal.imaging.resample import resample_strips
from foveal.types.arrays import RGB, Array
from foveal.types.geometry import Geometry
from foveal.types.input_spec import InputSpec
from foveal.types.reading import AS_STORED, Reading

Box = tuple[int, int, int, int]
"""(left, top, right, bottom) in whole pixels."""
MAX_PIXELS = 2_000_000_000
"""Largest image that is read part by part, 6 GB as RGB on disk: a slide scanner's, and still no decompression bomb."""
MAX_PILLOW_PIXELS = 500_000_000
"""Largest image of a format that Pillow can only decode whole, in memory: 2 GB."""
CACHE_BYTES = 256 << 20
"""Decoded strips and tiles of a TIFF that are kept: two rows of tiles overlap."""
STRIP_PIXELS = 8_000_000
"""Pixels that are scaled, converted or sampled at once."""


class Windows:
    """An open image, part by part; close it, or use it in a ``with`` block.

    Args:
        size: Stored (width, height).
        orientation: EXIF orientation.
        read: Gives the stored pixels of a box.
        stack: Closed with the image.
        guessed: White level that was guessed, see ``Decoded``.

    Attributes:
        size: (width, height) as displayed.
    """

    def __init__(
        self,
        size: tuple[int, int],
        orientation: int,
        read: Callable[[Box], RGB],
        stack: ExitStack,
        guessed: float | None = None,
    ) -> None:
        self._stored, self._orientation, self._read, self._stack = size, orientation, read, stack
        self.size = (size[1], size[0]) if orientation >= 5 else size
        self.guessed = guessed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._stack.close()

    def crop(self, box: Box) -> RGB:
        """The (h, w, 3) pixels of a box inside the image as displayed.

        Raises:
            ImageError: That part of the file is truncated or damaged.
        """
        return orient(self._read(stored_box(box, self._stored, self._orientation)), self._orientation)

    def prepare(self, spec: InputSpec, *, flipped: bool = False) -> tuple[RGB, Geometry]:
        """All of the image, perhaps mirrored, fitted to the input: the pixels of ``imaging.prepare``, by strips."""
        width = self.size[0]
        rows = max(1, STRIP_PIXELS // width)

        def scale(size: tuple[int, int], box: tuple[float, float, float, float]) -> RGB:
            def read(top: int, bottom: int) -> RGB:
                return self.crop((0, top, width, bottom))[:, :: -1 if flipped else 1]

            return resample_strips(read, self.size, size, box, rows=rows, interpolation=spec.interpolation)

        return place(self.size, spec, scale)


def stored_box(box: Box, size: tuple[int, int], orientation: int) -> Box:
    """A box of the displayed image in the pixels as stored.

    Args:
        box: Of the displayed image.
        size: Stored (width, height).
        orientation: EXIF orientation, 1 to 8.
    """
    (x1, y1, x2, y2), (width, height) = box, size
    if orientation >= 5:
        x1, y1, x2, y2 = y1, x1, y2, x2
    if orientation in (2, 3, 7, 8):
        x1, x2 = width - x2, width - x1
    if orientation in (3, 4, 6, 7):
        y1, y2 = height - y2, height - y1
    return x1, y1, x2, y2


def open_windows(source: Path | bytes, *, name: str = "", reading: Reading = AS_STORED) -> Windows:
    """Open a large image.

    Args:
        source: A file, or the bytes of one.
        name: Name in messages; empty: the path.
        reading: Levels of deep images, and bands.

    Raises:
        ImageError: As ``decode`` does; the limit is higher.
    """
    name = name or (str(source) if isinstance(source, Path) else "image")
    with ExitStack() as stack:
        try:
            opened = source.open("rb") if isinstance(source, Path) else io.BytesIO(source)
        except OSError as error:
            raise ImageError(
                name, f"cannot be opened ({error.strerror})", "Check the file and its permissions."
            ) from None
        file = stack.enter_context(cast(BinaryIO, opened))
        windows = _open(file, name, reading, stack)
        windows._stack = stack.pop_all()
        return windows


def _open(file: BinaryIO, name: str, reading: Reading, stack: ExitStack) -> Windows:
    head = file.read(16)
    if head.startswith(tiff.MAGICS):
        layout = tiff.read_layout(file, name)
        check_size(layout.width, layout.height, name)
        if _in_parts(layout):
            return _open_tiff(file, layout, name, reading, stack)
    file.seek(0)
    data = file.read()
    if data.startswith(jpeg.MAGIC):
        header = jpeg.read_header(data)
        if header is not None and header.plain:
            check_size(header.width, header.height, name)
            pixels = _scratch(header.height, header.width, stack, name)
            decoding.decode_into(data, header, pixels, name)
            return _from_memory(pixels, header.orientation, reading, header.components, header.profile, name, stack)
    return _open_whole(data, name, reading, stack)


def check_size(width: int, height: int, name: str, limit: int = MAX_PIXELS) -> None:
    """Refuse what is too large even for parts.

    Raises:
        ImageError: It is.
    """
    if width < 1 or height < 1:
        raise ImageError(name, f"has no pixels ({width} x {height})")
    if width * height > limit:
        raise ImageError(
            name,
            f"is {width} x {height} pixels, over the limit of {limit:,} with --tile",
            "Save it as a tiled TIFF." if limit < MAX_PIXELS else "Cut it into parts.",
        )


def _in_parts(layout: tiff.Layout) -> bool:
    """Whether a TIFF's strips or tiles are small enough to be read one by one."""
    wide, high = layout.block
    by_rows = layout.compression == tiff.NONE and layout.readable
    plain = layout.is_numbers or not layout.planar
    return plain and (by_rows or wide * high <= max(STRIP_PIXELS, layout.width * 64))


def _open_tiff(file: BinaryIO, layout: tiff.Layout, name: str, reading: Reading, stack: ExitStack) -> Windows:
    if not layout.readable:
        return Windows(
            (layout.width, layout.height),
            layout.orientation,
            lambda box: _converted_segments(file, layout, box, reading, name),
            stack,
        )
    cache: OrderedDict[int, Array] = _Recent(CACHE_BYTES)
    levels, guessed = _levels(file, layout, reading, name)

    def read(box: Box) -> RGB:
        deep = tiff.read_part(file, layout, box, reading, name, cache=cache)
        pixels = decoding.flatten(deep.to_8_bit(levels))
        return profile.pixels_to_srgb(pixels, layout.profile) if layout.photometric == tiff.COLOUR else pixels

    return Windows((layout.width, layout.height), layout.orientation, read, stack, guessed)


def _levels(file: BinaryIO, layout: tiff.Layout, reading: Reading, name: str) -> tuple[depth.Levels, float | None]:
    """The levels of the values, and the white level if it is guessed: from strips spread over the image."""
    if layout.dtype == np.uint8:
        return (0.0, 255.0), None
    if reading.white is not None:
        return (reading.black or 0.0, reading.white), None
    rows = max(1, min(layout.height, STRIP_PIXELS // 8 // layout.width))
    tops = np.unique(np.linspace(0, layout.height - rows, 16).astype(int)).tolist()
    parts = [tiff.read_part(file, layout, (0, top, layout.width, top + rows), reading, name) for top in tops]
    levels = _guess(parts, reading)
    return levels, levels[1]


def _converted_segments(file: BinaryIO, layout: tiff.Layout, box: Box, reading: Reading, name: str) -> RGB:
    """A part of a TIFF of palettes, YCbCr or whatever else Pillow turns into colours."""
    x1, y1, x2, y2 = box
    wide, high = layout.block
    out = np.zeros((y2 - y1, x2 - x1, 3), np.uint8)
    for row in range(y1 // high, -(-y2 // high)):
        for column in range(x1 // wide, -(-x2 // wide)):
            left, top = column * wide, row * high
            image = tiff.segment_image(file, layout, row * layout.across + column, name)
            if layout.profile:
                image.info["icc_profile"] = layout.profile
            pixels = decoding.convert(image, reading, name)
            part = pixels[max(y1 - top, 0) : y2 - top, max(x1 - left, 0) : x2 - left]
            there = out[max(top - y1, 0) :, max(left - x1, 0) :]
            there[: part.shape[0], : part.shape[1]] = part[: there.shape[0], : there.shape[1]]
    return out


def _from_memory(
    pixels: RGB,
    orientation: int,
    reading: Reading,
    bands: int,
    icc: bytes,
    name: str,
    stack: ExitStack,
    guessed: float | None = None,
) -> Windows:
    def read(box: Box) -> RGB:
        x1, y1, x2, y2 = box
        part = np.ascontiguousarray(pixels[y1:y2, x1:x2])
        return decoding.pick_bands(decoding.apply_profile(part, icc, bands), bands, reading, name)

    return Windows((pixels.shape[1], pixels.shape[0]), orientation, read, stack, guessed)


def _scratch(height: int, width: int, stack: ExitStack, name: str) -> RGB:
    """(H, W, 3) uint8 in a temporary file without a name."""
    try:
        file = stack.enter_context(tempfile.TemporaryFile(prefix="foveal-"))  # noqa: SIM115
        os.posix_fallocate(file.fileno(), 0, height * width * 3) if hasattr(os, "posix_fallocate") else None
        return np.memmap(file, np.uint8, "w+", shape=(height, width, 3))
    except OSError as error:
        needed = height * width * 3 / 1e9
        raise ImageError(
            name,
            f"needs {needed:.1f} GB in {tempfile.gettempdir()} to be read part by part ({error.strerror})",
            "Set TMPDIR to a folder with more room.",
        ) from None


def _open_whole(data: bytes, name: str, reading: Reading, stack: ExitStack) -> Windows:
    """Decoded by Pillow as a whole, then handed to a temporary file strip by strip.

    Of 16-bit colour Pillow keeps only the high bytes.
    """
    image, is_deep = decoding.open_image(data, name, MAX_PILLOW_PIXELS)
    stack.enter_context(image)
    (width, height), orientation = image.size, orientation_of(image)
    rows = max(1, STRIP_PIXELS // width)

    def strip(top: int) -> Image.Image:
        return image.crop((0, top, width, min(top + rows, height)))

    def deep_strip(top: int) -> depth.Deep:
        part = strip(top)
        if depth.is_deep_gray(part):
            return replace(depth.read_deep_gray(image), values=np.asarray(part))
        return depth.Deep(np.asarray(part.convert("RGB")).astype(np.uint16) * np.uint16(257))

    tops = range(0, height, rows)
    levels, guessed = (reading.black or 0.0, reading.white or 255.0), None
    if is_deep and reading.white is None:
        levels = _guess([deep_strip(tops[k]) for k in np.unique(np.linspace(0, len(tops) - 1, 8).astype(int))], reading)
        guessed = levels[1]
    pixels = _scratch(height, width, stack, name)
    for top in tops:
        if is_deep:
            part = decoding.flatten(deep_strip(top).to_8_bit(levels))
            pixels[top : top + rows] = decoding.pick_bands(part, decoding.num_bands(image.mode), reading, name)
        else:
            pixels[top : top + rows] = decoding.convert(strip(top), reading, name)
    image.close()
    return _from_memory(pixels, orientation, AS_STORED, 3, b"", name, stack, guessed)


def _guess(parts: Sequence[depth.Deep], reading: Reading) -> depth.Levels:
    sample = np.sort(np.concatenate([part.sample() for part in parts]))
    return depth.guess_levels(sample, parts[0].declared, whole=parts[0].values.dtype.kind != "f", black=reading.black)


class _Recent(OrderedDict[int, Array]):
    """Segments, the oldest dropped once they take more than some bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._room = limit

    def __setitem__(self, key: int, value: Array) -> None:
        super().__setitem__(key, value)
        self._room -= value.nbytes
        while self._room < 0 and len(self) > 1:
            _, oldest = self.popitem(last=False)
            self._room += oldest.nbytes
