"""Flat columns for rows and strings of unequal length: tens of bytes per row, shared by worker processes.

Shapes: N rows.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.brief import brief, listed
from foveal.types.arrays import Array, IntArray

ROWS_PER_PIECE = 1 << 15
"""Rows that ``Ragged.take`` moves at once."""
LONG = 32
"""Mean length from which rows are moved one by one, which needs no index per value."""


@dataclass(frozen=True)
class Ragged:
    """Rows of unequal length in one flat array: row i is ``values[offsets[i]:offsets[i + 1]]``."""

    values: Array
    offsets: NDArray[np.int64]

    __repr__ = brief

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]], dtype: type[np.generic] = np.int32) -> "Ragged":
        """Pack a list of rows."""
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        flat = np.fromiter((value for row in rows for value in row), dtype, count=int(offsets[-1]))
        return cls(flat, offsets)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> Array:
        """One row, a view."""
        row: Array = self.values[self.offsets[index] : self.offsets[index + 1]]
        return row

    def take(self, indices: IntArray) -> "Ragged":
        """The rows at ``indices``, in that order; in chunks, so that little extra memory is needed."""
        pieces = range(0, len(indices), ROWS_PER_PIECE)
        offsets = np.zeros(len(indices) + 1, np.int64)
        for first in pieces:
            rows = indices[first : first + ROWS_PER_PIECE]
            offsets[first + 1 : first + 1 + len(rows)] = self.offsets[1:][rows] - self.offsets[:-1][rows]
        np.cumsum(offsets, out=offsets)
        values = np.empty(offsets[-1], self.values.dtype)
        long = len(values) >= LONG * len(indices)
        for first in pieces:
            rows = indices[first : first + ROWS_PER_PIECE]
            starts = self.offsets[:-1][rows]
            begin, end = offsets[first], offsets[first + len(rows)]
            if long:
                spans = zip(starts.tolist(), self.offsets[1:][rows].tolist(), strict=True)
                np.concatenate([self.values[start:stop] for start, stop in spans], out=values[begin:end])
            else:
                own = offsets[first : first + len(rows) + 1]
                shift = np.repeat(starts - own[:-1], np.diff(own))
                values[begin:end] = self.values[shift + np.arange(begin, end)]
        return Ragged(values, offsets)


@dataclass(frozen=True)
class Names:
    """Many strings in one byte array: about their own length plus eight bytes each."""

    text: Ragged

    def __repr__(self) -> str:
        """One line with the first: ``Names(49: ('ants/1.jpg', 'ants/2.jpg', 'ants/3.jpg', ...))``."""
        return f"Names({len(self):,}: {listed(self[i] for i in range(len(self)))})"

    @classmethod
    def of(cls, names: Sequence[str]) -> "Names":
        """Pack a list of strings (UTF-8, with undecodable file-name bytes kept)."""
        encoded = [name.encode("utf-8", "surrogateescape") for name in names]
        offsets = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(name) for name in encoded], out=offsets[1:])
        return cls(Ragged(np.frombuffer(b"".join(encoded), np.uint8), offsets))

    def __len__(self) -> int:
        """Number of strings."""
        return len(self.text)

    def __getitem__(self, index: int) -> str:
        """One string."""
        return bytes(self.text[index]).decode("utf-8", "surrogateescape")

    def encoded(self) -> list[bytes]:
        """All strings in UTF-8: quicker than one by one where all are needed."""
        text = self.text.values.tobytes()
        return [text[start:end] for start, end in itertools.pairwise(self.text.offsets.tolist())]

    def take(self, indices: IntArray) -> "Names":
        """The strings at ``indices``."""
        return Names(self.text.take(indices))
