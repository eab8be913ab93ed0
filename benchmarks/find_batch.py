"""``foveal tune --find batch`` under a limit of memory: does the run after it fit, and how near the best speed is it?

The limit is the kernel's (``ulimit -d``): what exceeds it gets no memory. Per data set: the finder, a whole run with
the settings that it printed, and every other batch size of a list that leaves a tenth of the memory free as a reference
for the speed, in several rounds, of which the fastest counts.

    python benchmarks/find_batch.py DATA [DATA ...] [--limit-gib 2] [--rounds 2] [--batches 8 12 16 24 32 48 64]
"""

import argparse
import json
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from foveal.tune.finders.attempts import attempt

GIB = 2**30
NEAR = 0.95
NO_MEMORY = ("allocate memory", "MemoryError", "bad_alloc", "out of memory")


def limited(words: Sequence[str], limit_gib: float) -> subprocess.CompletedProcess[str]:
    """A command of Foveal's under the limit."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (int(limit_gib * GIB),) * 2)

    command = [sys.executable, "-m", "foveal", *words]
    return subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, check=False)


def measured(data: str, limit_gib: float, batches: Sequence[int], rounds: int) -> bool:
    """One data set; whether both bars are kept."""
    began = time.monotonic()
    done = limited(["tune", data, "--find", "batch", "--json"], limit_gib)
    if done.returncode:
        print(done.stderr)
        return False
    found = json.loads(done.stdout)
    print(f"{data}: limit {limit_gib:g} GiB, {time.monotonic() - began:.0f} s, on {found['device_name']}")
    for one in found["tries"]:
        memory = one["memory"][0]["most_bytes"] / GIB if one["memory"] else float("nan")
        speed = one["images_per_s"] or float("nan")
        print(f"  batch {one['batch_size']:4d}  {speed:7.1f} images/s  {memory:5.2f} GiB  {one['state']}")
    with tempfile.TemporaryDirectory() as folder:
        words = shlex.split(found["command"])[1:]
        run = limited([*words, "--epochs", "1", "--out", str(Path(folder) / "run"), "--quiet"], limit_gib)
        whole = run.returncode == 0 and (Path(folder) / "run" / "report.html").exists()
    lack = any(text in run.stderr for text in NO_MEMORY)
    print(f"  {found['command']} --epochs 1: {'finished' if whole else 'OUT OF MEMORY' if lack else run.stderr}")
    resource.setrlimit(resource.RLIMIT_DATA, (int(limit_gib * GIB), resource.RLIM_INFINITY))
    speeds: dict[int, float] = {}
    asked: dict[str, object] = {"data": data, "recipe": None, "settings": {}}
    for _ in range(rounds):
        for batch in sorted({*batches, found["batch_size"]}):
            _, one = attempt(asked, batch)
            if one.state == "measured":
                speeds[batch] = max(speeds.get(batch, 0.0), one.images_per_s)
    resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    best = max(speeds.values())
    share = speeds[found["batch_size"]] / best
    print("  " + ", ".join(f"{batch}: {speed:.1f}" for batch, speed in speeds.items()) + " images/s")
    print(f"  chosen {found['batch_size']}: {share:.1%} of the best, {best:.1f} images/s\n")
    return whole and share >= NEAR


def main() -> None:
    """Measure what is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+")
    parser.add_argument("--limit-gib", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--batches", type=int, nargs="+", default=[8, 12, 16, 24, 32, 48, 64])
    options = parser.parse_args()
    kept = [measured(data, options.limit_gib, options.batches, options.rounds) for data in options.data]
    print(f"T8, no lack of memory in the run and at least 95% of the best speed: {'kept' if all(kept) else 'NOT KEPT'}")
    sys.exit(0 if all(kept) else 1)


if __name__ == "__main__":
    main()
