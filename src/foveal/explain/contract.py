"""Explanations: for one image, a map of evidence for each subject. NumPy and Pillow; no torch.

Shapes: H W height and width of the image, h w of a map. Boxes are xyxy pixels of the image.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from foveal.brief import LINE_CHARACTERS
from foveal.errors import FovealError
from foveal.inference.drawing import Drawing
from foveal.ops.blend import to_pixels
from foveal.types.arrays import FloatArray
from foveal.types.geometry import Geometry
from foveal.types.predictions.shown import NOTEBOOK_PX
from foveal.types.subject import Subject

if TYPE_CHECKING:
    from PIL import Image

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


@dataclass(frozen=True, repr=False)
class Explanation:
    """Why a model predicted what it did for one image: the evidence for each subject.

    Attributes:
        evidence: One for each subject, as asked or by falling score; empty: nothing of that kind was predicted.
        size: (width, height) of the image in pixels.
        method: How it was found.
        drawing: Its image, and how it is read.
        scales: The evidence that gets the strongest colour, by ``scale_key``; shared by the images of one call.
    """

    evidence: tuple[Evidence, ...]
    size: tuple[int, int]
    method: str
    drawing: Drawing
    scales: "dict[tuple[str, str], float] | None" = None

    def __len__(self) -> int:
        """The number of subjects."""
        return len(self.evidence)

    def __iter__(self) -> Iterator[Evidence]:
        """The evidence for each subject."""
        return iter(self.evidence)

    def __getitem__(self, place: int) -> Evidence:
        """The evidence for a subject, by its place."""
        return self.evidence[place]

    def __repr__(self) -> str:
        """One line: ``Explanation(cam: bees 99.8%; 640 x 480 px)``."""
        parts: list[str] = []
        for one in self.evidence:
            part = f"{one.subject.title[:60]} {one.subject.score:.1%}{'' if one.found else ' (no evidence)'}"
            if sum(map(len, parts)) + len(part) > LINE_CHARACTERS - 50:
                parts.append(f"and {len(self) - len(parts)} more")
                break
            parts.append(part)
        width, height = self.size
        text = f"Explanation({self.method}: {', '.join(parts) or 'nothing predicted'}; {width} x {height} px)"
        return text.replace("\n", " ")

    @property
    def arrays(self) -> list[Pixels]:
        """For each subject the (H, W) float32 map in the image's pixels."""
        return [one.array for one in self.evidence]

    def draw(self, image: object = None, *, only: int | None = None) -> "Image.Image":
        """The image beside its maps, one below the other.

        Args:
            image: In any form that ``predict`` takes; None: the image that was explained.
            only: The place of one subject; None: all.

        Raises:
            ImageError: The image cannot be read, or is there no longer.
            ConfigError: The explanation does not know its image, and none is passed.
        """
        from PIL import Image

        from foveal.explain.panels import panel, stacked

        pixels = self.drawing.pixels(image, self.size)
        chosen = self.evidence if only is None else (self.evidence[only],)
        scales = self.scales or scales_of([self])
        return Image.fromarray(stacked([panel(pixels, one, scale=scales[scale_key(one)]) for one in chosen], pixels))

    def save(self, path: str | Path, image: object = None) -> Path:
        """Save what ``draw`` gives; the suffix says in which format.

        Raises:
            ImageError: The image cannot be read.
            ConfigError: The suffix is not that of an image format that can be written.
            RunError: The file cannot be written.
        """
        self.drawing.write(Path(path), self.draw(image))
        return Path(path)

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON: ``size``, ``method``, ``seen`` and the subjects."""
        return {
            "size": list(self.size),
            "method": self.method,
            "seen": list(self.evidence[0].seen) if self.evidence else None,
            "subjects": [one.to_dict() for one in self.evidence],
        }

    def shared(self, scales: "dict[tuple[str, str], float]") -> Self:
        """The same, drawn on these scales."""
        return replace(self, scales=scales)

    def _repr_png_(self) -> bytes | None:
        """What a notebook shows; None, where its image is unknown or gone, leaves it the text."""
        try:
            drawn = self.draw()
        except FovealError:
            return None
        drawn.thumbnail((NOTEBOOK_PX, 4 * NOTEBOOK_PX))
        buffer = io.BytesIO()
        drawn.save(buffer, "PNG")
        return buffer.getvalue()


LEAST_SCALE = {"cam": 5.0, "cells": 5.0, "layercam": 5.0, "ig": 5.0, "smooth": 5.0, "attention": 2.0}
"""Evidence for a class of a full image that at least gets the strongest colour: logits, if all of the image were like that
place (148 to 1); of attention twice the even one. Where all is weaker, it is drawn weakly."""


def scale_key(one: Evidence) -> tuple[str, str]:
    """Maps with one key are drawn on one scale: those of one class, by one method."""
    return one.method, f"{one.subject.kind} {one.subject.name}\0{one.subject.rival}"


def scales_of(explanations: Sequence[Explanation]) -> dict[tuple[str, str], float]:
    """The scale of each class: its strongest evidence in any of the images."""
    scales: dict[tuple[str, str], float] = {}
    for one in (one for explanation in explanations for one in explanation):
        least = LEAST_SCALE.get(one.method, 0.0) if one.subject.kind == "class" else 0.0
        scales[scale_key(one)] = max(scales.get(scale_key(one), least), one.highest)
    return scales


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
