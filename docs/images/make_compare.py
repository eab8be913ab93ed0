"""The figure of the guide to comparisons: the page of two small networks on scikit-learn's handwritten digits.

    python docs/images/make_compare.py [--runs RUN RUN]

Trains both for about a minute, or takes two finished runs, and writes docs/images/compare.webp. Needs Chromium.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

import foveal
from foveal.runs.digits import write_digits

OUT = Path(__file__).with_name("compare.webp")
SIZE = (1400, 1800)
"""Width and height of the window, in pixels."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SETTINGS = {"train": {"epochs": 6}, "data": {"split_seed": 0}}


def main() -> None:
    """Train if need be, compare, keep a screenshot of the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, nargs=2, help="two finished runs; by default they are trained")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if runs is None:
            write_digits(place / "digits")
            runs = [place / "runs" / name for name in ("plain", "mixed")]
            for run, mixup in zip(runs, (0.0, 0.4), strict=True):
                settings = {**SETTINGS, "augment": {"mixup": mixup}}
                foveal.train(place / "digits", recipe="scratch", settings=settings, out=run)
        foveal.compare(*runs, out=place / "out")
        page = place / "page.html"
        text = (place / "out" / "report.html").read_text("utf-8")
        for run in runs:
            text = text.replace(f"{run.resolve().parent}/", "runs/")
        page.write_text(text.replace(f"{place.resolve()}/", ""), "utf-8")  # no path of this machine
        browser = next(filter(None, map(shutil.which, BROWSERS)))
        size = "{},{}".format(*SIZE)
        shot = place / "page.png"
        command = [browser, "--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={size}"]
        subprocess.run([*command, f"--screenshot={shot}", page.as_uri()], check=True, capture_output=True)
        with Image.open(shot) as image:
            image.convert("RGB").save(OUT, "WEBP", quality=82, method=6)
    sys.stdout.write(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
