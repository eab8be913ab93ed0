"""A CSV file of numbers whose last column is to be predicted.

Shapes: N rows, F columns to predict from.
"""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from foveal.types.arrays import FloatArray
from foveal.types.streams.series_spec import Column, SeriesSpec


@dataclass(frozen=True)
class Table:
    """Rows of named numbers, each with its target."""

    names: tuple[str, ...]
    """Of the F columns."""
    inputs: FloatArray
    """(N, F)."""
    targets: FloatArray
    """(N,)."""
    lines: tuple[int, ...]
    """Where each row stands in the file."""

    def __len__(self) -> int:
        """N."""
        return len(self.targets)

    def part(self, *, of: int, held_out: bool) -> Self:
        """Every ``of``-th row, which is held out, or all the others."""
        chosen = np.flatnonzero((np.arange(len(self)) % of == 0) == held_out)
        lines = tuple(self.lines[i] for i in chosen)
        return type(self)(self.names, self.inputs[chosen], self.targets[chosen], lines)

    def fingerprint(self) -> str:
        """Equal for equal numbers."""
        return hashlib.sha256(self.inputs.tobytes() + self.targets.tobytes()).hexdigest()

    def spec(self) -> SeriesSpec:
        """The columns and their statistics."""
        statistics = zip(self.names, self.inputs.mean(0), self.inputs.std(0), strict=True)
        return SeriesSpec(columns=tuple(Column(name=n, mean=float(m), std=float(s)) for n, m, s in statistics))


def write_table(path: Path, *, num_rows: int = 120, seed: int = 0) -> Path:
    """Rooms with a length, a width and a useless number; what is sought is their area."""
    generator = np.random.default_rng(seed)
    length, width, noise = generator.uniform((2, 2, 0), (9, 5, 1), (num_rows, 3)).T
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["length_m", "width_m", "noise", "area_m2"])
        writer.writerows(np.stack([length, width, noise, length * width], axis=1).tolist())
    return path


def read_table(path: Path) -> Table:
    """Read what ``write_table`` wrote."""
    header, *rows = csv.reader(path.read_text().splitlines())
    values = np.array(rows, np.float64)
    return Table(tuple(header[:-1]), values[:, :-1], values[:, -1], tuple(range(2, len(rows) + 2)))
