"""COCO's run-length encoded (RLE) masks: runs of zeros and ones, column by column, zeros first.

Shapes: H W height and width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.brief import brief

OFFSET, DATA_BITS, MORE, SIGN = 48, 5, 0x20, 0x10
"""A compressed run is a variable-length number, five bits per character from ``0`` on, lowest first."""


@dataclass(frozen=True)
class Rle:
    """A mask as runs.

    Attributes:
        size: (H, W).
        runs: (R,) lengths, column by column: zero, one, zero ...; they sum to H W. The first may be 0.
    """

    size: tuple[int, int]
    runs: NDArray[np.uint32]

    __repr__ = brief

    @classmethod
    def of(cls, mask: NDArray[Any]) -> "Rle":
        """From an (H, W) mask of 0 and 1, or bool."""
        flat = np.asarray(mask, bool).T.reshape(-1)
        edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
        first = [0, 0] if flat.size and flat[0] else [0]
        runs = np.diff(np.concatenate([first, edges, [flat.size]])).astype(np.uint32)
        return cls((mask.shape[0], mask.shape[1]), runs)

    @classmethod
    def from_coco(cls, rle: dict[str, Any]) -> "Rle":
        """From ``{"size": [h, w], "counts": ...}``; counts are a list of runs, or COCO's compressed text.

        Raises:
            ValueError: The runs do not fill the size, or are invalid.
        """
        height, width = (int(v) for v in rle["size"])
        counts = rle["counts"]
        runs = _unpack(counts) if isinstance(counts, str) else [int(c) for c in counts]
        if min(runs, default=0) < 0 or sum(runs) != height * width:
            raise ValueError(f"runs of {sum(runs)} pixels for a mask of {height} x {width}")
        return cls((height, width), np.array(runs, np.uint32))

    @property
    def area(self) -> int:
        """Pixels of the mask."""
        return int(self.runs[1::2].sum())

    def mask(self) -> NDArray[np.bool_]:
        """(H, W)."""
        height, width = self.size
        return np.repeat(np.arange(len(self.runs)) % 2 == 1, self.runs).reshape(width, height).T

    def to_coco(self, *, compressed: bool = True) -> dict[str, Any]:
        """COCO's form: with the runs as its compressed text, or as a list."""
        runs = self.runs.tolist()
        return {"size": list(self.size), "counts": _pack(runs) if compressed else runs}


def _unpack(text: str) -> list[int]:
    """Runs from text: from the fourth on, each is written as the difference to the run two before it."""
    runs: list[int] = []
    value = shift = 0
    for character in text:
        code = ord(character) - OFFSET
        value |= (code & 0x1F) << shift
        shift += DATA_BITS
        if not code & MORE:
            if code & SIGN:
                value -= 1 << shift
            runs.append(value + runs[-2] if len(runs) > 2 else value)
            value = shift = 0
    return runs


def _pack(runs: Sequence[int]) -> str:
    characters = []
    for at, run in enumerate(runs):
        value = run - runs[at - 2] if at > 2 else run
        more = True
        while more:
            code = value & 0x1F
            value >>= DATA_BITS
            more = value != -1 if code & SIGN else value != 0
            characters.append(chr((code | MORE if more else code) + OFFSET))
    return "".join(characters)
