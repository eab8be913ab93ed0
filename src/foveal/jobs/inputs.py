"""The list of a job's images, kept on the disk: one line each, of which a part is read at a time."""

import hashlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foveal.artifact.atomic import AtomicFile
from foveal.errors import DataError
from foveal.jobs.items import Item

KEY_BYTES = 8
"""Of the hash by which images that are named twice are found: 8 MB per million images; equal names decide."""
TOLD_EVERY = 1000


@dataclass(frozen=True)
class Inputs:
    """Images in parts of equal size.

    Attributes:
        file: The list.
        count: How many images.
        digest: SHA-256 of the list: names, sizes and ages.
        per_part: Images in each part but the last.
        starts: Where each part begins in the list, in bytes.
        repeated: Mentions of images that had been named before.
    """

    file: Path
    count: int
    digest: str
    per_part: int
    starts: "array[int]"
    repeated: int = 0

    def __len__(self) -> int:
        """The number of parts."""
        return len(self.starts)

    def part(self, number: int) -> list[Item]:
        """The images of a part."""
        with self.file.open("rb") as file:
            file.seek(self.starts[number])
            return [Item.from_line(file.readline()) for _ in range(self.size(number))]

    def size(self, number: int) -> int:
        """The number of images in a part."""
        return min(self.per_part, self.count - number * self.per_part)


def write_inputs(
    items: Iterable[Item], file: Path, *, per_part: int, done: Callable[[int], None] = lambda _: None
) -> Inputs:
    """List images on the disk, each once: what is named again is left out.

    Args:
        items: The images.
        file: Where to.
        per_part: Images per part.
        done: Called with the number of images so far, now and then.

    Raises:
        DataError: There is none.
        RunError: The list cannot be written.
    """
    keys = array("Q")

    def hashed() -> Iterator[Item]:
        for count, item in enumerate(items, start=1):
            keys.append(_hash(item))
            if count % TOLD_EVERY == 0:
                done(count)
            yield item

    inputs = _write(hashed(), file, per_part)
    if not inputs.count:
        raise DataError("No images are named.", "Name files, folders or lists of paths.")
    values = np.frombuffer(keys, np.uint64)
    values.sort()  # in place
    if not (again := frozenset(values[1:][values[1:] == values[:-1]].tolist())):
        return inputs
    once = _write(_first_mentions(file, again), file, per_part)
    return Inputs(file, once.count, once.digest, per_part, once.starts, inputs.count - once.count)


def items_of(file: Path) -> Iterator[Item]:
    """The images of a list."""
    with file.open("rb") as lines:
        yield from map(Item.from_line, lines)


def _write(items: Iterable[Item], file: Path, per_part: int) -> Inputs:
    digest, starts, place, count = hashlib.sha256(), array("Q"), 0, 0
    with AtomicFile(file) as out:
        for item in items:
            if count % per_part == 0:
                starts.append(place)
            line = item.line().encode()
            out.write(line)
            digest.update(line)
            place += len(line)
            count += 1
    return Inputs(file, count, digest.hexdigest(), per_part, starts)


def _first_mentions(file: Path, again: frozenset[int]) -> Iterator[Item]:
    seen: set[str] = set()
    for item in items_of(file):
        if _hash(item) in again:
            if item.key in seen:
                continue
            seen.add(item.key)
        yield item


def _hash(item: Item) -> int:
    key = item.key.encode(errors="surrogateescape")
    return int.from_bytes(hashlib.blake2b(key, digest_size=KEY_BYTES).digest(), "little")
