"""``foveal predict --out`` beside ``--csv``, ``--ray`` with one and two workers beside it, and its memory.

    python benchmarks/job_speed.py [--images N] [--rounds N] [--listed FEW MANY] [--without-ray]

Makes JPEG files of 320 x 240 pixels and an exported classifier (the default backbone at 128 pixels) in a temporary
folder. Each command is a process of its own and runs on all images and on one; the difference is the time of the images
without that of the start. Prints the median of each and its ratio to the plain job, and the same of whole commands.
Then the peak memory of a job over MANY paths beside FEW (of files that do not exist, which takes no time).
Exit code 1 if the plain job takes more than 1.1 times as long as ``--csv``, or MANY paths take more than 50 MB more.
Linux only: the peak is VmHWM of /proc/self/status.
"""

import argparse
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

SLOWER, LIMIT_MB = 1.1, 50.0
TRAIN = ["--size=128", "--epochs=1", "--workers=0", "--quiet", "--batch-size=8"]
PEAK = """
import sys
from pathlib import Path
from foveal.cli.app import run
assert run(sys.argv[1:]) == 1  # no image can be read
print(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")).split()[1])
"""
PLAIN = "--out .parquet"


def write_images(folder: Path, *, count: int) -> Path:
    """JPEG files of coarse noise."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    contents = []
    for _ in range(20):
        buffer = io.BytesIO()
        coarse = random.integers(0, 256, (15, 20, 3), np.uint8)
        Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=85)
        contents.append(buffer.getvalue())
    for i in range(count):
        (folder / f"photo-{i:06d}.jpg").write_bytes(contents[i % len(contents)] + b"%d" % i)
    return folder


def make_model(folder: Path) -> Path:
    """A classifier, trained for an epoch and exported."""
    for name in ("cats", "dogs"):
        write_images(folder / "data" / name, count=8)
    for command in (["train", "data", "--out", "run", *TRAIN], ["export", "run", "--data", "data", "--out", "m.onnx"]):
        subprocess.run([sys.executable, "-m", "foveal", *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder / "m.onnx"


def seconds(folder: Path, model: Path, images: Path, options: Sequence[str]) -> float:
    """Of a whole command."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "foveal", "predict", str(model), str(images), *options]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure(
    folder: Path, ways: Mapping[str, Sequence[str]], *, count: int, rounds: int
) -> dict[str, tuple[float, float]]:
    """Median seconds of the images alone, and of the whole command, by way."""
    model, images = make_model(folder), write_images(folder / "images", count=count)
    one = next(images.iterdir())
    whole: dict[str, list[float]] = {way: [] for way in ways}
    alone: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, options in ways.items():
            start = seconds(folder, model, one, options)
            whole[way].append(seconds(folder, model, images, options))
            alone[way].append(whole[way][-1] - start)
    return {way: (statistics.median(alone[way]), statistics.median(whole[way])) for way in ways}


def peak_mb(folder: Path, count: int) -> float:
    """Peak resident MB of a job over so many paths, none of which exists."""
    names = folder / f"{count}.txt"
    with names.open("w") as file:
        file.writelines(f"archive/2024/camera-{i % 97}/photo-{i:08d}.jpg\n" for i in range(count))
    command = [sys.executable, "-c", PEAK, "predict", "m.onnx", f"@{names}", "--out", f"{count}.parquet"]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) * 1024 / 1e6


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description="Speed and memory of jobs.")
    parser.add_argument("--images", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--listed", nargs=2, type=int, default=[20_000, 200_000], metavar=("FEW", "MANY"))
    parser.add_argument("--without-ray", action="store_true")
    options = parser.parse_args(arguments)
    ways: dict[str, Sequence[str]] = {
        "--csv": ["--csv", "t.csv"],
        PLAIN: ["--out", "t.parquet", "--fresh"],
        "--out .jsonl": ["--out", "t.jsonl", "--fresh"],
    }
    if find_spec("ray") is not None and not options.without_ray:
        ways |= {
            f"--ray --workers {n}": ["--out", f"r{n}.parquet", "--fresh", "--ray", "--workers", str(n)] for n in (1, 2)
        }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = measure(folder, ways, count=options.images, rounds=options.rounds)
        plain_alone, plain_whole = found[PLAIN]
        for way, (alone, whole) in found.items():
            print(
                f"{way:<18} {options.images / alone:6.0f} images/s  {alone / plain_alone:5.2f} x the plain job's time;"
                f"  whole command {whole:5.1f} s, {whole / plain_whole:5.2f} x",
                flush=True,
            )
        few, many = (peak_mb(folder, count) for count in options.listed)
    load = " ".join(f"{v:.1f}" for v in os.getloadavg())
    slower = plain_alone / found["--csv"][0]
    print(f"peak memory: {few:.1f} MB of {options.listed[0]:,} paths, {many:.1f} MB of {options.listed[1]:,}")
    print(
        f"job_speed: {slower:.2f} x --csv (limit {SLOWER:g}), {many - few:+.1f} MB (limit {LIMIT_MB:g}) (load {load})"
    )
    return int(slower > SLOWER or many - few > LIMIT_MB)


if __name__ == "__main__":
    sys.exit(main())
