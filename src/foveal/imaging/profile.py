"""Embedded colour profiles: pixels of any profile become sRGB, which is what networks were pretrained on.

LittleCMS, which Pillow contains, does the work. A profile is compared with sRGB once by its effect, not by its name;
where nothing would change visibly the pixels stay as they are, to the bit.
"""

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from foveal.types.arrays import RGB

MODES = {"RGB ": "RGB", "CMYK": "CMYK", "GRAY": "L"}
"""Pillow's mode by a profile's colour space."""
SAME = 3
"""Largest difference, of 255 levels, of a profile that counts as sRGB: approximations of its curve differ by that."""
MAX_PROFILE_BYTES = 16 << 20
"""Larger profiles are ignored; those of printers take 3 MB."""


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """An image in RGB, CMYK or gray with its profile applied, as RGB; unchanged where the profile is sRGB or broken."""
    if not profile or len(profile) > MAX_PROFILE_BYTES or image.mode not in MODES.values():
        return image
    transform = _transform(bytes(profile), image.mode)
    if transform is None:
        return image
    from PIL import ImageCms

    return ImageCms.applyTransform(image, transform) or image


def pixels_to_srgb(pixels: RGB, profile: bytes) -> RGB:
    """(H, W, 3) pixels with an RGB profile applied; the same array where nothing changes."""
    if not profile or _transform(profile, "RGB") is None:
        return pixels
    return np.asarray(to_srgb(Image.fromarray(pixels), profile))


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> Any:
    """From a profile to sRGB; None where it is broken, for another colour space, or sRGB itself."""
    try:
        from PIL import ImageCms
    except ImportError:  # a Pillow that was built without LittleCMS
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if MODES.get(source.profile.xcolor_space) != mode:
            return None
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        colours = _colours(mode)
        seen = ImageCms.applyTransform(colours, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    if mode == "CMYK":
        return transform
    change = np.abs(np.asarray(seen).astype(int) - np.asarray(colours.convert("RGB")))
    return transform if change.max() > SAME else None


def _colours(mode: str) -> Image.Image:
    """An image with colours spread over the whole space."""
    steps = np.arange(0, 256, 17, dtype=np.uint8)
    axes = np.meshgrid(*[steps[:: 5 if mode == "CMYK" else 1]] * len(mode), indexing="ij")
    grid = np.stack(axes, axis=-1)
    return Image.frombytes(mode, (grid[..., 0].size, 1), grid.tobytes())
