"""The figure of the READMEs: the top of a report, of a small network trained on scikit-learn's handwritten digits.

    python docs/images/make_report.py [--run RUN]

Trains for about a minute, or takes a finished run, and writes docs/images/report.webp. Needs Chromium.
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

OUT = Path(__file__).with_name("report.webp")
SIZE = (1400, 1640)
"""Width and height of the window, in pixels."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Train if need be, open the page, keep a screenshot of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, help="a finished run; by default one is trained")
    run = parser.parse_args().run
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if run is None:
            write_digits(place / "digits")
            run = place / "runs" / "digits"
            foveal.train(place / "digits", recipe="scratch", out=run)
        page = place / "page.html"
        text = (run / "report.html").read_text("utf-8")
        page.write_text(text.replace(f"{place.resolve()}/", ""), "utf-8")  # no path of this machine
        browser = next(filter(None, map(shutil.which, BROWSERS)))
        size = "{},{}".format(*SIZE)
        shot = place / "report.png"
        command = [browser, "--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={size}"]
        subprocess.run([*command, f"--screenshot={shot}", page.as_uri()], check=True, capture_output=True)
        with Image.open(shot) as image:
            image.convert("RGB").save(OUT, "WEBP", quality=82, method=6)
    sys.stdout.write(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
