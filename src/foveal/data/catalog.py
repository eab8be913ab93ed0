"""A data set once read, whatever its format: columns, not objects.

Shapes: N pictures, L labels in all.
"""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from foveal.errors import DataError
from foveal.types.arrays import Array, IntArray
from foveal.types.categories import Categories

SPLITS = ("train", "val", "test")
"""Split names; a picture's code is the place of its split here, or UNASSIGNED."""
Annotation = Literal["labels"]
"""What a data set can say of a picture."""
UNASSIGNED = 255
"""Code of a picture that no split claims yet."""
ROWS_A_PIECE = 1 << 15
"""Rows that ``Ragged.take`` moves at once."""
FILES_A_TURN = 64
"""Files that a thread hashes before it takes the next turn."""


@dataclass(frozen=True)
class Ragged:
    """Rows of unequal length in one flat array: row i is ``values[offsets[i]:offsets[i + 1]]``."""

    values: Array
    offsets: NDArray[np.int64]

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
        """The rows at ``indices``, in that order; done in pieces, so that little memory is needed beside the result."""
        starts = self.offsets[:-1][indices]
        lengths = self.offsets[1:][indices] - starts
        offsets = np.zeros(len(indices) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        values = np.empty(offsets[-1], self.values.dtype)
        for first in range(0, len(indices), ROWS_A_PIECE):
            piece = slice(first, first + ROWS_A_PIECE)
            begin, end = offsets[first], offsets[min(first + ROWS_A_PIECE, len(indices))]
            shift = np.repeat(starts[piece] - offsets[:-1][piece], lengths[piece])
            values[begin:end] = self.values[shift + np.arange(begin, end)]
        return Ragged(values, offsets)


@dataclass(frozen=True)
class Names:
    """Many strings in one byte array: about their own length plus eight bytes each."""

    text: Ragged

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

    def take(self, indices: IntArray) -> "Names":
        """The strings at ``indices``."""
        return Names(self.text.take(indices))


@dataclass(frozen=True)
class Catalog:
    """Pictures and what is said of them; immutable.

    Attributes:
        root: Folder that ``names`` are relative to.
        format: Name of the reader, such as ``image_folder``.
        annotation: What is said of each picture; ``tasks.table`` knows which task learns from it.
        categories: The class map.
        names: N paths relative to ``root``, with forward slashes.
        splits: (N,) uint8 codes into ``SPLITS``, or UNASSIGNED.
        labels: N rows of class ids; one a picture unless ``multi_label``.
        multi_label: Whether a picture may carry any number of labels.
        notes: Remarks of the reader, for ``foveal data inspect``.
    """

    root: Path
    format: str
    annotation: Annotation
    categories: Categories
    names: Names
    splits: NDArray[np.uint8]
    labels: Ragged
    multi_label: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Columns agree in length; anything else is our own mistake."""
        assert len(self.names) == len(self.splits) == len(self.labels), "columns differ in length"
        assert self.multi_label or bool((np.diff(self.labels.offsets) == 1).all()), "one label a picture"

    def __len__(self) -> int:
        """N, the number of pictures."""
        return len(self.names)

    def path(self, index: int) -> Path:
        """Where a picture is."""
        return self.root / self.names[index]

    def paths(self) -> Iterator[Path]:
        """Where each picture is, in order."""
        return (self.path(i) for i in range(len(self)))

    def has(self, split: str) -> bool:
        """Whether any picture belongs to a split."""
        return bool((self.splits == SPLITS.index(split)).any())

    def split(self, name: str) -> "Catalog":
        """The pictures of one split.

        Raises:
            DataError: The split does not exist here; the message names those that do.
        """
        there = [s for s in SPLITS if self.has(s)]
        if name not in there:
            raise DataError(
                f"{self.root} has no {name!r} split.", f"Its splits: {', '.join(there) if there else 'none'}."
            )
        return self.take(np.flatnonzero(self.splits == SPLITS.index(name)))

    def take(self, indices: IntArray) -> "Catalog":
        """The pictures at ``indices``, in that order."""
        taken = Catalog(
            self.root,
            self.format,
            self.annotation,
            self.categories,
            self.names.take(indices),
            self.splits[indices],
            self.labels.take(indices),
            self.multi_label,
            self.notes,
        )
        if "content_hashes" in self.__dict__:
            taken.__dict__["content_hashes"] = self.content_hashes[indices]
        return taken

    def assign(self, splits: NDArray[np.uint8]) -> "Catalog":
        """The same pictures in other splits, (N,) codes."""
        assigned = replace(self, splits=splits)
        if "content_hashes" in self.__dict__:
            assigned.__dict__["content_hashes"] = self.content_hashes
        return assigned

    def class_counts(self) -> NDArray[np.int64]:
        """(K,) pictures (labels, where several are allowed) of each class."""
        return np.bincount(self.labels.values, minlength=len(self.categories)).astype(np.int64)

    @cached_property
    def content_hashes(self) -> NDArray[np.void]:
        """(N,) 16-byte BLAKE2b hashes of the files' bytes, computed in threads and once."""
        out = np.zeros(len(self), "V16")

        def fill(first: int) -> None:
            for i in range(first, min(first + FILES_A_TURN, len(self))):
                out[i] = np.void(content_hash(self.path(i)))

        with ThreadPoolExecutor(thread_name_prefix="foveal-hash") as pool:
            list(pool.map(fill, range(0, len(self), FILES_A_TURN)))
        return out

    def content_fingerprint(self) -> str:
        """A hash of the files' bytes alone, whatever their order, names, labels and splits."""
        return hashlib.blake2b(np.sort(self.content_hashes.view("S16")).tobytes(), digest_size=16).hexdigest()

    def fingerprint(self) -> str:
        """A hash of everything that training sees: names, bytes, labels, splits and the class map."""
        digest = hashlib.blake2b(digest_size=16)
        for column in (self.names.text.values, self.names.text.offsets, self.splits, self.labels.values):
            digest.update(np.ascontiguousarray(column).tobytes())
        digest.update(self.labels.offsets.tobytes() + self.content_hashes.tobytes())
        digest.update("\0".join(self.categories.names).encode())
        return digest.hexdigest()


def content_hash(path: Path) -> bytes:
    """16-byte BLAKE2b hash of a file's bytes.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).", "Check the file and its permissions.") from None
