"""Names of files of which a million may be there, kept to ask whether one is among them."""

import os
from array import array
from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

import numpy as np

MOST = 100_000
"""Names that are kept as text: 10 MB."""


class ManyNames:
    """Tells whether a name is among others by 64-bit hashes: in 8 bytes a name in place of a hundred.

    The chance that a name that is not there is taken for one of a million is less than 1 in 10^13.
    """

    def __init__(self, names: Iterable[str]) -> None:
        hashes = array("q", map(hash, names))
        np.frombuffer(hashes, np.int64).sort() if hashes else None
        self._hashes = hashes

    def __len__(self) -> int:
        """Number of names."""
        return len(self._hashes)

    def __contains__(self, name: object) -> bool:
        """Whether a name is one of them."""
        own = hash(name)
        at = bisect_left(self._hashes, own)
        return at < len(self._hashes) and self._hashes[at] == own


def names_in(folder: Path, room: int = MOST) -> tuple[Container[str], int]:
    """The names in a folder, as hashes where there are more than ``room``; and how much room is left.

    A folder that is not there, or cannot be read, has none.
    """
    try:
        with os.scandir(folder) as entries:
            each: Iterator[str] = (entry.name for entry in entries)
            few = list(islice(each, room + 1))
            if len(few) <= room:
                return frozenset(few), room - len(few)
            return ManyNames(chain(few, each)), room
    except (OSError, ValueError):
        return frozenset(), room
