"""A survey of all masks of a data set: sizes, kinds, pixel values and colours.

Shapes: C distinct pixel values of a mask.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data.catalog.pixel_values import LOSSLESS, Color, Kind, read_pixel_values, read_united, value_runs
from foveal.errors import DataError, ImageError
from foveal.imaging.codecs.pillow import kind_of
from foveal.imaging.decode import decode
from foveal.imaging.header import read_size
from foveal.ops.threads import in_threads

FEW = 32
"""Up to this many colours, an image is taken for a mask, not a photo."""


@dataclass(frozen=True)
class Seen:
    """Properties of an image and its mask.

    Attributes:
        size: (width, height) of the image, as displayed.
        mask_size: (width, height) of the mask.
        kind: Kind of the pixel values.
        values: (C,) int64, those that occur, rising.
        colors: (C, 3) uint8 of the palette; empty where there is none.
        lossy: Whether a file is JPEG, and was made black and white.
    """

    size: tuple[int, int]
    mask_size: tuple[int, int]
    kind: Kind
    values: NDArray[np.int64]
    colors: NDArray[np.uint8]
    lossy: bool = False


def survey(pairs: Sequence[tuple[Path, Sequence[Path]]]) -> list[Seen]:
    """Read every mask, in threads.

    Args:
        pairs: Each image and the files of its mask.

    Raises:
        ImageError: The first image or mask that cannot be read.
    """
    found = list(in_threads(_see, pairs))
    faults = [one for one in found if isinstance(one, ImageError)]
    if faults:
        first, more = faults[0], len(faults) - 1
        raise ImageError(first.path, first.reason + (f" (and {more} more cannot be read)" if more else ""), first.hint)
    return [one for one in found if isinstance(one, Seen)]


def palette_of(seen: Sequence[Seen], names: Sequence[str], root: Path) -> dict[int, Color]:
    """The colour of each palette entry that any mask uses.

    Args:
        seen: The masks.
        names: Their names.
        root: The data set, for messages.

    Raises:
        DataError: Two masks give one entry different colours: the same value would have two meanings.
    """
    colors: dict[int, tuple[Color, str]] = {}
    for one, name in zip(seen, names, strict=True):
        for value, color in zip(one.values.tolist(), one.colors.tolist(), strict=False):
            known, where = colors.setdefault(value, (tuple(color), name))
            if known != tuple(color):
                raise DataError(
                    f"{root}: the palettes differ: {value} is {_hex(known)} in {where} and {_hex(color)} in {name}.",
                    "Save all masks with one palette, or as RGB with a class table.",
                )
    return {value: color for value, (color, _) in sorted(colors.items())}


def looks_drawn(path: Path) -> bool:
    """Whether a file may be a mask: few colours, or mostly areas of one colour, unlike a photo.

    Raises:
        ImageError: It cannot be read, or has no class values.
    """
    try:
        if kind_of(_head(path)) in LOSSLESS:
            mask = read_pixel_values(path)
            if mask.kind == "palette":
                return True
            pixels = mask.pixels
        else:
            pixels = decode(path).pixels[..., 1]
    except OSError:
        return False
    values, _, _ = value_runs(pixels)
    return len(values) * 2 < pixels.size or len(np.unique(values)) <= FEW


def is_mask_of(mask: Path, image: Path) -> bool:
    """Whether a file is surely a mask, for all that its pixels tell: lossless, of few values, of its image's size."""
    try:
        found = read_pixel_values(mask)
        width, height = read_size(image)
    except (ImageError, OSError):
        return False
    return found.pixels.shape == (height, width) and len(np.unique(value_runs(found.pixels)[0])) <= FEW


def is_uniform(mask: Path) -> bool:
    """Whether all pixels of a file have one value."""
    try:
        return len(np.unique(value_runs(read_pixel_values(mask).pixels)[0])) < 2
    except (ImageError, OSError):
        return False


def _see(pair: tuple[Path, Sequence[Path]]) -> Seen | ImageError:
    image, masks = pair
    try:
        size, pixel_values = read_size(image), read_united(masks)
    except ImageError as error:
        return error
    values = np.unique(value_runs(pixel_values.pixels)[0]).astype(np.int64)
    height, width = pixel_values.pixels.shape
    colors = pixel_values.palette[values[values < len(pixel_values.palette)]]
    return Seen(size, (width, height), pixel_values.kind, values, colors, pixel_values.lossy)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16)


def _hex(color: Sequence[int]) -> str:
    return "#" + "".join(f"{value:02x}" for value in color)
