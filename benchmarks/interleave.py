"""Measuring two things side by side, so that whatever else the machine does falls on both alike."""

import os
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMAGENETTE = "imagenette"


def data_folder(name: str) -> Path:
    """A set of real images below ``FOVEAL_DATA`` (default ``../shared/data`` from the repository's root)."""
    folder = Path(os.environ.get("FOVEAL_DATA", ROOT.parent / "shared" / "data")) / name
    if not folder.is_dir():
        raise SystemExit(f"{folder}: no such folder; set FOVEAL_DATA to where {name}/ is.")
    return folder


def interleave(sides: Mapping[str, Callable[[], float]], *, rounds: int) -> dict[str, list[float]]:
    """Run each side once a round, in turns.

    Args:
        sides: Each gives its own measure, such as seconds.
        rounds: How often.

    Returns:
        The measures of each side, in order.
    """
    found: dict[str, list[float]] = {name: [] for name in sides}
    forth = list(sides.items())
    for i in range(rounds):
        for name, measure in forth if i % 2 == 0 else reversed(forth):
            found[name].append(measure())
    return found


def median_ratio(upper: list[float], lower: list[float]) -> float:
    """Median over rounds of upper / lower: each round's two measures saw the same machine."""
    return statistics.median(a / b for a, b in zip(upper, lower, strict=True))


def seconds(function: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def verdict(what: str, ratio: float, limit: float, *, at_most: bool = False) -> bool:
    """Print a ratio beside its limit, a least or a most, and the machine's load; whether it is reached."""
    load = " ".join(f"{v:.1f}" for v in os.getloadavg())
    reached = ratio <= limit if at_most else ratio >= limit
    sign = "<=" if at_most else ">="
    print(
        f"{what}: ratio {ratio:.3f}, limit {sign} {limit:g}: {'reached' if reached else 'MISSED'} (load {load})",
        flush=True,
    )
    return reached
