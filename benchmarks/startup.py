"""How long `foveal --help` and `foveal --version` take, and how much faster they are than the `yolo` command's.

    python benchmarks/startup.py [--rounds N]

The comparison needs `pip install ultralytics` in an environment of its own that also sees Foveal; without it only the
seconds are evaluated. Limits: 0.35 s each, and 5 times faster. The first round, which reads from disk, is not
counted.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from interleave import interleave, median_ratio, seconds, verdict

LIMIT_S = 0.35
LIMIT_RATIO = 5.0
FOVEAL = {"--help": ["--help"], "--version": ["--version"]}
PEER = {"--help": ["help"], "--version": ["version"]}
"""What the same questions are called there."""


def cpu_seconds(command: Sequence[str]) -> float:
    """Processor time of a command, which other programs on the machine hardly change."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def time_command(command: Sequence[str], folder: Path) -> float:
    """Seconds until a command has answered."""
    environment = {**os.environ, "YOLO_OFFLINE": "true", "YOLO_CONFIG_DIR": str(folder), "YOLO_AUTOINSTALL": "false"}
    return seconds(lambda: subprocess.run(command, env=environment, check=True, capture_output=True))


def find_command(name: str) -> str | None:
    """A console command of this environment, or else of the PATH."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description="Start-up time of the command line.")
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args(arguments).rounds
    foveal, yolo = find_command("foveal"), find_command("yolo")
    ours = [foveal] if foveal else [sys.executable, "-m", "foveal"]
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        for name in FOVEAL:
            sides = {"foveal": lambda n=name: time_command([*ours, *FOVEAL[n]], Path(folder))}
            if yolo:
                sides["yolo"] = lambda n=name: time_command([yolo, *PEER[n]], Path(folder))
            found = interleave(sides, rounds=rounds + 1)
            medians = {side: statistics.median(values[1:]) for side, values in found.items()}
            print(f"{name}: " + ", ".join(f"{side} {value:.3f} s" for side, value in medians.items()), end="; ")
            word = "reached" if medians["foveal"] <= LIMIT_S else "MISSED"
            spent = statistics.median(cpu_seconds([*ours, *FOVEAL[name]]) for _ in range(5))
            print(f"limit {LIMIT_S} s: {word}; processor time {spent:.3f} s")
            missed |= medians["foveal"] > LIMIT_S
            if yolo:
                ratio = median_ratio(found["yolo"][1:], found["foveal"][1:])
                missed |= not verdict(f"startup {name}", ratio, LIMIT_RATIO)
    if not yolo:
        print("The peer is missing: pip install ultralytics (in an environment of its own, see above).")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
