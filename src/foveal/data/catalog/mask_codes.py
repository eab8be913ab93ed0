"""The numbers that a mask file holds, untouched: no colour profile, no EXIF orientation, no scaling.

A pixel's code is its gray value (1 to 16 bits), its place in the palette, or its colour as 0xRRGGBB.

Shapes: H W rows and columns as the file stores them, P colours of a palette, C different codes.
"""

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foveal.errors import DataError, ImageError
from foveal.imaging.decode import decode, kind_of, read_header, read_size
from foveal.types.arrays import Array

Kind = Literal["gray", "palette", "colour"]
"""What codes are: gray values, places in a palette, or colours."""
Color = tuple[int, int, int]
LOSSLESS = ("PNG", "BMP", "TIFF", "GIF")
"""Formats that keep numbers as they are."""
SCALED = {"L;2": 85, "L;4": 17, "L;2I": 85, "L;4I": 17}
"""Pillow spreads gray of 2 and 4 bits over 0 to 255; by these factors."""
FEW = 32
"""An image of at most so many colours is a drawing, not a photo."""
MASKS_A_TURN = 16
"""Masks that a thread reads before it takes the next turn."""


@dataclass(frozen=True)
class Codes:
    """A mask file as read.

    Attributes:
        kind: What the codes are.
        pixels: (H, W) unsigned or int32 codes.
        palette: (P, 3) uint8; empty where there is none.
    """

    kind: Kind
    pixels: Array
    palette: NDArray[np.uint8]


@dataclass(frozen=True)
class Seen:
    """What reading a mask beside its image told.

    Attributes:
        size: (width, height) of the image, as a person sees it.
        mask_size: (width, height) of the mask.
        kind: What the codes are.
        codes: (C,) int64, those that occur, rising.
        colors: (C, 3) uint8 of the palette; empty where there is none.
    """

    size: tuple[int, int]
    mask_size: tuple[int, int]
    kind: Kind
    codes: NDArray[np.int64]
    colors: NDArray[np.uint8]


def read_codes(path: Path) -> Codes:
    """Read a mask.

    Raises:
        ImageError: The file is missing, damaged, or of a format that changes numbers (JPEG) or has none.
    """
    head = read_header(path)  # says in our words what is wrong, and stops bombs
    if head.kind not in LOSSLESS:
        raise ImageError(path, f"is {head.kind}, which does not keep the codes of a mask", "Save the mask as PNG.")
    try:
        with Image.open(io.BytesIO(path.read_bytes()), formats=LOSSLESS) as image:
            return _codes(image, path)
    except ImageError:
        raise
    except Exception as error:  # plugins raise whatever their parsing stumbles over
        text = str(error).strip().rstrip(".") or type(error).__name__
        reason = "is truncated" if "truncated" in text.lower() else f"is damaged ({text})"
        raise ImageError(path, reason) from None


def code_runs(pixels: Array) -> tuple[Array, NDArray[np.int64], NDArray[np.int64]]:
    """Runs of equal codes, row by row: what each holds, where it starts, how long it is."""
    flat = np.ascontiguousarray(pixels).reshape(-1)
    starts = np.concatenate([np.zeros(1, np.int64), np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    return flat[starts], starts, np.diff(starts, append=flat.size)


def survey(pairs: Sequence[tuple[Path, Path]]) -> list[Seen]:
    """Read every mask, in threads.

    Args:
        pairs: Each image and its mask.

    Raises:
        ImageError: The first image or mask that cannot be read.
    """
    found: list[Seen | ImageError | None] = [None] * len(pairs)

    def fill(first: int) -> None:
        for at in range(first, min(first + MASKS_A_TURN, len(pairs))):
            try:
                found[at] = _see(*pairs[at])
            except ImageError as error:
                found[at] = error

    with ThreadPoolExecutor(thread_name_prefix="foveal-masks") as pool:
        list(pool.map(fill, range(0, len(pairs), MASKS_A_TURN)))
    seen = []
    faults = [one for one in found if isinstance(one, ImageError)]
    if faults:
        first, more = faults[0], len(faults) - 1
        raise ImageError(first.path, first.reason + (f" (and {more} more cannot be read)" if more else ""), first.hint)
    for one in found:
        assert isinstance(one, Seen), "every turn was taken"
        seen.append(one)
    return seen


def palette_of(seen: Sequence[Seen], names: Sequence[str], root: Path) -> dict[int, Color]:
    """The colour of each palette entry that any mask uses.

    Args:
        seen: The masks.
        names: What they are called.
        root: The data set, for messages.

    Raises:
        DataError: Two masks give one entry different colours: then the same code means two things.
    """
    colors: dict[int, tuple[Color, str]] = {}
    for one, name in zip(seen, names, strict=True):
        for code, color in zip(one.codes.tolist(), one.colors.tolist(), strict=False):
            known, where = colors.setdefault(code, (tuple(color), name))
            if known != tuple(color):
                raise DataError(
                    f"{root}: palettes differ: {code} is {_hex(known)} in {where} and {_hex(color)} in {name}.",
                    "Save all masks with one palette, or as RGB with a table of colours and classes.",
                )
    return {code: color for code, (color, _) in sorted(colors.items())}


def looks_drawn(path: Path) -> bool:
    """Whether a file may be a mask: few colours, or mostly areas of one colour, as no photo has."""
    try:
        if kind_of(_head(path)) in LOSSLESS:
            codes = read_codes(path)
            if codes.kind == "palette":
                return True
            pixels = codes.pixels
        else:
            pixels = decode(path).pixels[..., 1]
    except (ImageError, OSError):
        return False
    values, _, _ = code_runs(pixels)
    return len(values) * 2 < pixels.size or len(np.unique(values)) <= FEW


def code_text(code: int, kind: Kind) -> str:
    """A code as messages name it."""
    return f"#{code:06x} ({code})" if kind == "colour" else str(code)


def _codes(image: Image.Image, path: Path) -> Codes:
    raw = _raw_mode(image)  # gone once the pixels are loaded
    nothing = np.zeros((0, 3), np.uint8)
    match image.mode:
        case "P" | "PA":
            pixels = np.asarray(image)
            palette = np.array(image.getpalette("RGB") or [], np.uint8)
            return Codes("palette", pixels if pixels.ndim == 2 else pixels[..., 0], palette.reshape(-1, 3))
        case "1":
            return Codes("gray", np.asarray(image).astype(np.uint8), nothing)
        case "L":
            return Codes("gray", np.asarray(image) // np.uint8(SCALED.get(raw, 1)), nothing)
        case "LA":
            return Codes("gray", np.ascontiguousarray(np.asarray(image)[..., 0]), nothing)
        case "RGB" | "RGBA" | "RGBX":
            channels = np.asarray(image).astype(np.uint32)
            return Codes("colour", channels[..., 0] << 16 | channels[..., 1] << 8 | channels[..., 2], nothing)
    pixels = np.asarray(image)
    if not image.mode.startswith("I") or pixels.ndim != 2 or (pixels.dtype.kind == "i" and int(pixels.min()) < 0):
        raise ImageError(path, f"holds no codes (its mode is {image.mode})", "Save the mask as gray or palette PNG.")
    return Codes("gray", pixels.astype(pixels.dtype.newbyteorder("=")), nothing)


def _raw_mode(image: Image.Image) -> str:
    for *_, args in getattr(image, "tile", None) or ():
        return str(args[0] if isinstance(args, tuple) else args)
    return ""


def _see(image: Path, mask: Path) -> Seen:
    size = read_size(image)
    codes = read_codes(mask)
    values = np.unique(code_runs(codes.pixels)[0]).astype(np.int64)
    height, width = codes.pixels.shape
    colors = codes.palette[values[values < len(codes.palette)]]
    return Seen(size, (width, height), codes.kind, values, colors)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16)


def _hex(color: Sequence[int]) -> str:
    return "#" + "".join(f"{value:02x}" for value in color)
