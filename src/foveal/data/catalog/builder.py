"""Collects images one by one into a Catalog, in little more memory than the Catalog takes.

Shapes: N images.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, starmap
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data.catalog.catalog import UNASSIGNED, Annotation, Catalog
from foveal.data.catalog.columns import ROWS_PER_PIECE, Names, Ragged
from foveal.types.categories import Categories

BLOCK = 8
"""Bytes of a name compared at once, as one 64-bit number."""


@dataclass(frozen=True)
class Twin:
    """Two entries of one image, by their order of adding."""

    first: int
    second: int


class CatalogBuilder:
    """Columns that grow."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._text_ends = array("q", [0])
        self._labels = array("i")
        self._label_ends = array("q", [0])
        self._splits = bytearray()
        self._sorted: tuple[NDArray[np.int64], NDArray[np.bool_]] | None = None

    def __len__(self) -> int:
        """Images so far."""
        return len(self._splits)

    def add(self, name: str, labels: Sequence[int], split: int = UNASSIGNED) -> None:
        """Add one image.

        Args:
            name: Path relative to the root, with forward slashes.
            labels: Class ids, which ``build`` may renumber.
            split: Code of its split.
        """
        self._text += name.encode("utf-8", "surrogateescape")
        self._text_ends.append(len(self._text))
        self._labels.extend(labels)
        self._label_ends.append(len(self._labels))
        self._splits.append(split)

    def add_all(self, names: Sequence[str], label: int, split: int = UNASSIGNED) -> None:
        """Add images of one class and one split, as ``add`` does; a hundred thousand of them."""
        encoded = [name.encode("utf-8", "surrogateescape") for name in names]
        text_end, label_end = len(self._text), len(self._labels)
        self._text += b"".join(encoded)
        self._text_ends.extend([text_end + end for end in accumulate(map(len, encoded))])
        self._labels.extend([label] * len(names))
        self._label_ends.extend(range(label_end + 1, label_end + 1 + len(names)))
        self._splits += bytes([split]) * len(names)

    @property
    def names(self) -> Names:
        """All names so far, in the order of adding; do not add while holding it."""
        return Names(Ragged(np.frombuffer(self._text, np.uint8), np.frombuffer(self._text_ends, np.int64)))

    @property
    def labels(self) -> Ragged:
        """All labels so far, in the order of adding; do not add while holding it."""
        return Ragged(np.frombuffer(self._labels, np.int32), np.frombuffer(self._label_ends, np.int64))

    @property
    def splits(self) -> Sequence[int]:
        """Codes of all splits so far, in the order of adding."""
        return self._splits

    def unlike_twins(self) -> tuple[int, list[Twin]]:
        """The number of pairs with one name, and those of them whose splits or labels may differ."""
        pairs = self._twins()
        first, second = pairs.T
        splits, offsets = np.frombuffer(self._splits, np.uint8), np.frombuffer(self._label_ends, np.int64)
        values = np.append(np.frombuffer(self._labels, np.int32), np.int32(-1))
        counts = np.diff(offsets)
        only = np.where(counts == 1, values[offsets[:-1]], -1)
        unlike = (splits[first] != splits[second]) | (counts[first] != counts[second])
        unlike |= (only[first] != only[second]) | (counts[first] > 1)
        return len(pairs), list(starmap(Twin, pairs[unlike].tolist()))

    def twins(self) -> list[Twin]:
        """Pairs with one name."""
        return list(starmap(Twin, self._twins().tolist()))

    def _twins(self) -> NDArray[np.int64]:
        """(T, 2) indices of pairs with one name."""
        order, same = self._in_order()
        at = np.flatnonzero(same)
        return np.column_stack([order[at], order[at + 1]])

    def _in_order(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """(N,) indices that sort the names, and (N - 1,) whether each equals the next; kept until one is added."""
        if self._sorted is None or len(self._sorted[0]) != len(self):
            names = self.names
            order = sorted_order(names)
            self._sorted = order, _same_as_next(names, order)
        return self._sorted

    def build(
        self,
        root: Path,
        *,
        format: str,  # noqa: A002
        annotation: Annotation,
        categories: Categories,
        renumber: Sequence[int] | None = None,
        multi_label: bool = False,
        notes: Sequence[str] = (),
    ) -> Catalog:
        """The Catalog, sorted by name; of entries with one name the first stays.

        Args:
            root: Folder that names are relative to.
            format: Name of the reader.
            annotation: What each image has.
            categories: The class map.
            renumber: New id of each class id given to ``add``; None keeps them.
            multi_label: Whether an image may carry any number of labels.
            notes: Remarks of the reader.
        """
        names = self.names
        order, same = self._in_order()
        if same.any():
            order = np.delete(order, np.flatnonzero(same) + 1)
        labels = self.labels.take(order)
        if renumber is not None:
            labels = Ragged(np.asarray(renumber, np.int32)[labels.values], labels.offsets)
        splits = np.frombuffer(self._splits, np.uint8)[order]
        return Catalog(
            root, format, annotation, categories, names.take(order), splits, labels, multi_label, tuple(notes)
        )


def sorted_order(names: Names) -> NDArray[np.int64]:
    """(N,) indices that sort the names in byte order; equal names keep their order.

    A radix sort on blocks of eight bytes, last block first: no Python object per name.
    """
    order = np.arange(len(names))
    for block in reversed(range(_num_blocks(names))):
        order = order[np.argsort(_keys(names, block)[order], kind="stable")]
    return order


def _same_as_next(names: Names, order: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(N - 1,) whether each name in sorted order equals the one after it."""
    lengths = np.diff(names.text.offsets)[order]
    same: NDArray[np.bool_] = lengths[1:] == lengths[:-1]
    for block in range(_num_blocks(names)):
        keys = _keys(names, block)[order]
        same &= keys[1:] == keys[:-1]
    return same


def _num_blocks(names: Names) -> int:
    return -(-int(np.diff(names.text.offsets).max(initial=0)) // BLOCK)


def _keys(names: Names, block: int) -> NDArray[np.uint64]:
    """(N,) bytes ``8 block`` to ``8 block + 7`` of each name as a big-endian number, zeros after its end."""
    every = np.zeros(len(names), np.uint64)
    for first in range(0, len(names), ROWS_PER_PIECE):  # so that little extra memory is needed
        keys = every[first : first + ROWS_PER_PIECE]
        own = names.text.offsets[first : first + len(keys) + 1]
        starts, ends = own[:-1], own[1:]
        for at in range(block * BLOCK, block * BLOCK + BLOCK):
            keys <<= np.uint64(8)
            inside = np.flatnonzero(starts + at < ends)
            keys[inside] |= names.text.values[starts[inside] + at].astype(np.uint64)
    return every
