"""Images inside the page, as data URIs."""

import base64
import io

from PIL import Image

from foveal.types.arrays import RGB


def webp_uri(image: RGB, *, side: int, quality: int = 72) -> str:
    """An image, shrunk to fit a square; a third smaller than a JPEG that looks the same.

    Args:
        image: (height, width, 3) uint8.
        side: Longest side in the page's file, in pixels.
        quality: Of the WebP, 1 to 100.
    """
    photo = Image.fromarray(image)
    photo.thumbnail((side, side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    photo.save(file, "WEBP", quality=quality, method=2)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()
