"""A stream: a text or a series of numbers once read, step after step.

Shapes: N steps, F values per step.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np

from foveal.brief import brief
from foveal.types.arrays import Array
from foveal.types.streams.series_spec import SeriesSpec
from foveal.types.streams.text_spec import TextSpec

CONTEXT = 1024
"""Steps that are kept from before a cut."""


@dataclass(frozen=True)
class Piece:
    """Steps of one file.

    Attributes:
        name: The file's, as messages have it.
        steps: (N,) numbers of characters, or (N, F) values.
        first: Steps of the file before these.
        times: (N,) the time of each step as it is written; empty for a text.
        context: Steps of the file right before these, which a model may read and is not evaluated on.
    """

    name: str
    steps: Array
    first: int = 0
    times: Sequence[str] = ()
    context: Array = field(default_factory=lambda: np.zeros(0))

    __repr__ = brief

    def cut(self, start: int, stop: int) -> Self:
        """The steps from ``start`` to before ``stop``."""
        return replace(
            self,
            steps=self.steps[start:stop],
            first=self.first + start,
            times=self.times[start:stop],
            context=self.steps[max(0, start - CONTEXT) : start],
        )


@dataclass(frozen=True)
class Stream:
    """Files of one kind, joined in the order of their names.

    Attributes:
        path: The file or folder.
        spec: What a step is.
        pieces: At least one, none of them empty.
        notes: What the reader noticed.
    """

    path: Path
    spec: TextSpec | SeriesSpec
    pieces: tuple[Piece, ...]
    notes: tuple[str, ...] = ()

    __repr__ = brief

    def __len__(self) -> int:
        """N."""
        return sum(len(piece.steps) for piece in self.pieces)

    @property
    def steps(self) -> Array:
        """(N,) or (N, F)."""
        return np.concatenate([piece.steps for piece in self.pieces])

    def split(self, held_out: float, *, later: int = 0) -> tuple[Self, Self]:
        """The steps to train on, and the last ``held_out`` of each file; at least one of each file is trained on.

        Args:
            held_out: A fraction of each file.
            later: Blocks of that length at the end that are left out of both, so that an earlier one is held out.
        """
        cuts = []
        for piece in self.pieces:
            number, block = len(piece.steps), round(len(piece.steps) * held_out)
            cuts.append((max(1, number - (later + 1) * block), max(1, number - later * block)))
        heads = tuple(piece.cut(0, at) for piece, (at, _) in zip(self.pieces, cuts, strict=True))
        tails = [piece.cut(at, stop) for piece, (at, stop) in zip(self.pieces, cuts, strict=True)]
        return replace(self, pieces=heads), replace(self, pieces=tuple(tail for tail in tails if len(tail.steps)))

    def locate(self, step: int) -> tuple[Piece, int]:
        """The piece that a step is in, and its place there."""
        for piece in self.pieces:
            if step < len(piece.steps):
                return piece, step
            step -= len(piece.steps)
        raise IndexError(step)

    def facts(self) -> dict[str, str]:
        """What its steps are, in words."""
        if isinstance(self.spec, TextSpec):
            kinds = f"{self.spec.size} {self.spec.unit}s"
            shown = (
                ""
                if self.spec.unit == "byte"
                else "  " + "".join(c for c in self.spec.alphabet if c.isprintable())[:60]
            )
            return {"alphabet": kinds + shown}
        return {"columns": ", ".join(column.name for column in self.spec.columns)}

    def fingerprint(self) -> str:
        """Equal for equal steps in equal files."""
        whole = hashlib.sha256(self.spec.model_dump_json(include={"kind", "unit", "alphabet"}).encode())
        for piece in self.pieces:
            whole.update(f"{piece.name}\0{piece.steps.shape}\0".encode("utf-8", "surrogatepass"))
            whole.update(np.ascontiguousarray(piece.steps).tobytes())
        return whole.hexdigest()
