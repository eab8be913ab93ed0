"""The evidence for one subject: a map, and what is read off it in the image's own pixels. NumPy alone.

Shapes: H W height and width of the image, h w of a map. Boxes are xyxy pixels of the image.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from foveal.ops.blend import to_pixels
from foveal.types.arrays import FloatArray
from foveal.types.geometry import Geometry
from foveal.types.predictions.subject import Subject

LEAST = 1e-6
"""Evidence below this is the rounding of 32-bit numbers."""
MEASURED_PX = 512
"""Longest side at which peaks and boxes are found; the maps are far coarser."""
Pixels = NDArray[np.float32]


@dataclass(frozen=True, repr=False)
class Evidence:
    """Where the evidence for one subject lies.

    Attributes:
        subject: What it speaks for.
        method: How it was found.
        grid: (h, w) over the whole input, its mean the ``total``; positive for the subject, negative against it, or for
            the class that it is compared with.
        geometry: From the image's pixels to the area that the grid covers.
        converged: Whether more passes would hardly change it.
        passes: Forward passes that it took, for all subjects of the image; a backward pass counts as two.
        part: Which part of the model it is of, such as ``head 2``; empty: all of it.
    """

    subject: Subject
    method: str
    grid: FloatArray
    geometry: Geometry
    converged: bool = True
    passes: int = 1
    part: str = ""

    def __post_init__(self) -> None:
        """Check the map and lock it; a number that is not finite is a bug."""
        grid = np.asarray(self.grid, np.float32)
        assert grid.ndim == 2 and grid.size and np.isfinite(grid).all(), "a map of finite numbers"
        grid.setflags(write=False)
        object.__setattr__(self, "grid", grid)

    def __repr__(self) -> str:
        """One line: ``Evidence(bees 99.8%, cam 7 x 7, total 6.31, peak (412, 187))``."""
        rows, columns = self.grid.shape
        found = f"peak {self.peak}" if self.found else "none"
        head = f"{self.subject.title[:60]} {self.subject.score:.1%}"
        return f"Evidence({head}, {self.method} {columns} x {rows}, total {self.total:.3g}, {found})".replace("\n", " ")

    @property
    def signed(self) -> bool:
        """Whether what is negative is evidence too: for the class that is compared with."""
        return self.subject.against is not None

    @property
    def total(self) -> float:
        """The mean of the map: how much of the score it explains, in the method's unit."""
        return float(self.grid.mean(dtype=np.float64))

    @property
    def positive(self) -> float:
        """The part of all evidence that speaks for the subject, in [0, 1]."""
        size = float(np.abs(self.grid).sum(dtype=np.float64))
        return float(self.grid.clip(0).sum(dtype=np.float64)) / size if size > 0 else 0.0

    @property
    def highest(self) -> float:
        """The strongest evidence of a place."""
        return float(np.abs(self.grid).max() if self.signed else self.grid.max())

    @property
    def found(self) -> bool:
        """Whether some places have more evidence than others."""
        return self.highest > LEAST and float(np.ptp(self.grid)) > LEAST * max(1.0, self.highest)

    @property
    def outside(self) -> float:
        """The part of the positive evidence that lies in the borders of a letterbox, in [0, 1]."""
        weights = self.grid.clip(0).astype(np.float64)
        (w, h), shape = self.geometry.input_size, self.grid.shape
        (x1, y1), (x2, y2) = self.geometry.to_input(np.array([[0, 0], self.geometry.source_size], np.float64))
        inside = np.outer(_overlaps(shape[0], h, y1, y2), _overlaps(shape[1], w, x1, x2))
        return float(1 - (weights * inside).sum() / weights.sum()) if weights.sum() > 0 else 0.0

    @property
    def seen(self) -> tuple[int, int, int, int]:
        """The part of the image that was in the input, xyxy."""
        return seen(self.geometry)

    @property
    def array(self) -> Pixels:
        """(H, W) float32, the map in the image's pixels, 0 where the model saw nothing of it."""
        return self.at(self.geometry.source_size)

    def at(self, size: tuple[int, int]) -> Pixels:
        """(h, w) float32, the map in the pixels of a copy of the image with this (width, height)."""
        geometry = self.geometry.of_original(size)
        out: Pixels = to_pixels(self.grid[None], geometry)[0]
        x1, y1, x2, y2 = seen(geometry)
        for part in (out[:y1], out[y2:], out[:, :x1], out[:, x2:]):
            part[...] = 0
        return out

    @property
    def peak(self) -> tuple[int, int] | None:
        """(x, y) of the image's pixel with most evidence; None: there is none."""
        if not self.found:
            return None
        row, column = np.unravel_index(int(self._measured.argmax()), self._measured.shape)
        return self._pixel(float(column) + 0.5, float(row) + 0.5)

    @property
    def box_of_half(self) -> tuple[int, int, int, int] | None:
        """The box around the strongest places that together have half of the positive evidence; None: there is none."""
        places = half(self._measured)
        if not self.found or not places.any():
            return None
        rows, columns = np.flatnonzero(places.any(1)), np.flatnonzero(places.any(0))
        x1, y1 = self._pixel(columns[0], rows[0])
        (width, height), (w, h) = self.geometry.source_size, self._size
        return x1, y1, -(-(int(columns[-1]) + 1) * width // w), -(-(int(rows[-1]) + 1) * height // h)

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        subject, box, peak = self.subject, self.box_of_half, self.peak
        own: dict[str, object] = {"kind": subject.kind, "name": subject.name}
        if subject.number:
            own["object"] = subject.number
        if subject.box is not None:
            own["box"] = [round(v, 3) for v in subject.box]
        if subject.rival:
            own["against"] = subject.rival
        if self.part:
            own["part"] = self.part
        evidence: dict[str, object] = {
            "found": self.found,
            "grid": [self.grid.shape[1], self.grid.shape[0]],
            "peak": None if peak is None else list(peak),
            "total": _figures(self.total),
            "highest": _figures(self.highest),
            "positive": round(self.positive, 4),
            "box_of_half": None if box is None else list(box),
            "outside": round(self.outside, 4),
        }
        return {
            **own,
            "score": round(subject.score, 6),
            "evidence": evidence,
            "converged": self.converged,
            "forward_passes": self.passes,
        }

    @property
    def _size(self) -> tuple[int, int]:
        """(width, height) at which peaks are found."""
        width, height = self.geometry.source_size
        shrink = min(1.0, MEASURED_PX / max(width, height))
        return max(1, round(width * shrink)), max(1, round(height * shrink))

    @cached_property
    def _measured(self) -> Pixels:
        return self.at(self._size)

    def _pixel(self, x: float, y: float) -> tuple[int, int]:
        (width, height), (w, h) = self.geometry.source_size, self._size
        return min(int(x * width / w), width - 1), min(int(y * height / h), height - 1)


def half(values: Pixels) -> NDArray[np.bool_]:
    """Of a map, the fewest places that together have half of what is positive."""
    flat = values.ravel().clip(0).astype(np.float64)
    order = np.argsort(-flat, kind="stable")
    count = int(np.searchsorted(np.cumsum(flat[order]), flat.sum() / 2)) + 1
    out = np.zeros(flat.shape, bool)
    if flat.any():
        out[order[:count]] = True
    return out.reshape(values.shape)


def seen(geometry: Geometry) -> tuple[int, int, int, int]:
    """The part of the source that lies in the input, xyxy in whole pixels, at least one."""
    (x1, y1), (x2, y2) = geometry.to_source(np.array([[0, 0], geometry.input_size], np.float64))
    width, height = geometry.source_size
    left, top = min(max(0, round(x1)), width - 1), min(max(0, round(y1)), height - 1)
    return left, top, min(max(round(x2), left + 1), width), min(max(round(y2), top + 1), height)


def _overlaps(cells: int, length: float, start: float, end: float) -> FloatArray:
    """(cells,) the fraction of each of equal cells of a length that lies between start and end."""
    edges = np.linspace(0, length, cells + 1)
    inside: FloatArray = (np.minimum(edges[1:], end) - np.maximum(edges[:-1], start)).clip(0) / np.diff(edges)
    return inside


def _figures(value: float) -> float:
    """Five figures."""
    return float(f"{value:.5g}")
