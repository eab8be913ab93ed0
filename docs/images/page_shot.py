"""A screenshot of an offline page, for the guide."""

import shutil
import subprocess
from pathlib import Path

from PIL import Image

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def keep_shot(text: str, place: Path, out: Path, *, size: tuple[int, int]) -> None:
    """Write what a page shows as a WebP image.

    Args:
        text: The page. Paths below ``place`` become relative: no path of this machine is shown.
        place: A folder for what comes and goes.
        out: The image.
        size: Width and height of the window, in pixels.
    """
    page, shot = place / "page.html", place / "page.png"
    page.write_text(text.replace(f"{place.resolve()}/", ""), "utf-8")
    browser = next(filter(None, map(shutil.which, BROWSERS)))
    window = "--window-size={},{}".format(*size)
    command = [browser, "--headless", "--no-sandbox", "--hide-scrollbars", window, f"--screenshot={shot}"]
    subprocess.run([*command, page.as_uri()], check=True, capture_output=True)
    with Image.open(shot) as image:
        image.convert("RGB").save(out, "WEBP", quality=82, method=6)
