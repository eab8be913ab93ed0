"""Peak resident memory of ``foveal predict`` on many small files against few.

    python benchmarks/predict_memory.py [--images FEW MANY]

Makes JPEG files of 64 x 48 pixels and a small exported network in a temporary folder, then runs
``foveal predict --json --csv`` on both numbers of files, each in a process of its own with --json going to a file, and
prints the peak of each. Exit code 1 if the larger number takes more than 50 MB more. Linux only: the peak is VmHWM of
/proc/self/status, which unlike ``ru_maxrss`` inherits nothing from the parent.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

LIMIT_MB = 50.0
QUICK = ["--size=32", "--epochs=1", "--workers=0", "--quiet"]
PREDICT = """
import sys
from pathlib import Path
from foveal.cli.app import run
code = run(sys.argv[1:])
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(peak.split()[1], file=sys.stderr)
sys.exit(code)
"""


def write_images(folder: Path, *, count: int) -> Path:
    """JPEG files of noise that all differ in their bytes and their names."""
    folder.mkdir(parents=True)
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)).save(buffer, "JPEG")
    for i in range(count):
        (folder / f"photo-{i:06d}.jpg").write_bytes(buffer.getvalue() + b"%d" % i)
    return folder


def make_model(folder: Path) -> Path:
    """A small network, trained for an epoch and exported."""
    for name in ("cats", "dogs"):
        write_images(folder / "data" / name, count=8)
    for command in (
        ["train", "data", "--out", "run", "--model.backbone=conv4", "--model.weights=none", *QUICK],
        ["export", "run", "--data", "data", "--out", "model.onnx"],
    ):
        subprocess.run([sys.executable, "-m", "foveal", *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder / "model.onnx"


def peak_mb(model: Path, images: Path) -> tuple[float, float]:
    """Peak resident MB of predicting on a folder, and seconds."""
    out = images.with_suffix(".json")
    command = [sys.executable, "-c", PREDICT, "predict", model, images, "--json", "--csv", images.with_suffix(".csv")]
    start = time.perf_counter()
    with out.open("wb") as file:
        done = subprocess.run([str(part) for part in command], stdout=file, stderr=subprocess.PIPE, check=True)
    return int(done.stderr.split()[-1]) * 1024 / 1e6, time.perf_counter() - start


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 over the limit."""
    parser = argparse.ArgumentParser(description="Memory of foveal predict on many files against few.")
    parser.add_argument("--images", nargs=2, type=int, default=[2_000, 20_000], metavar=("FEW", "MANY"))
    options = parser.parse_args(arguments)
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        model = make_model(Path(folder))
        for count in options.images:
            peak, seconds = peak_mb(model, write_images(Path(folder, f"images-{count}"), count=count))
            peaks.append(peak)
            print(f"{count:>7,} images  peak {peak:6.1f} MB  in {seconds:.1f} s", flush=True)
    more = peaks[1] - peaks[0]
    load = " ".join(f"{v:.1f}" for v in os.getloadavg())
    print(f"predict_memory: {more:+.1f} MB, limit {LIMIT_MB:g} (load {load})")
    return int(more > LIMIT_MB)


if __name__ == "__main__":
    sys.exit(main())
