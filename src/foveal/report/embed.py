"""Images inside the page, as data URIs."""

import base64
import io

from PIL import Image

from foveal.types.arrays import RGB


def jpeg_uri(image: RGB, *, side: int = 288, quality: int = 82) -> str:
    """A photograph, shrunk to fit a square.

    Args:
        image: (height, width, 3) uint8.
        side: Longest side in the page's file, in pixels.
        quality: Of the JPEG, 1 to 95.
    """
    photo = Image.fromarray(image)
    photo.thumbnail((side, side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=quality, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
