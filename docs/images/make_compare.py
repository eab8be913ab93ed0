"""The figure of the guide to comparisons: the page of two small networks on scikit-learn's handwritten digits.

    python docs/images/make_compare.py [--runs RUN RUN]

Trains both for about a minute, or takes two finished runs, and writes docs/images/compare.webp. Needs Chromium.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from page_shot import keep_shot

import foveal
from foveal.runs.digits import write_digits

OUT = Path(__file__).with_name("compare.webp")
SIZE = (1400, 1800)
"""Width and height of the window, in pixels."""
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
        text = (place / "out" / "report.html").read_text("utf-8")
        for run in runs:
            text = text.replace(f"{run.resolve().parent}/", "runs/")
        keep_shot(text, place, OUT, size=SIZE)
    sys.stdout.write(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
