"""The figure of the READMEs: the top of a report, of a small network trained on scikit-learn's handwritten digits.

    python docs/images/make_report.py [--run RUN]

Trains for about a minute, or takes a finished run, and writes docs/images/report.webp. Needs Chromium.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from page_shot import keep_shot

import foveal
from foveal.runs.digits import write_digits

OUT = Path(__file__).with_name("report.webp")
SIZE = (1400, 1640)
"""Width and height of the window, in pixels."""


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
        keep_shot((run / "report.html").read_text("utf-8"), place, OUT, size=SIZE)
    sys.stdout.write(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
