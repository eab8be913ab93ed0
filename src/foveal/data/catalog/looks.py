"""What earlier commands saw of files: hashes of their bytes, headers, and that they are whole.

Kept in the user's cache folder, a file per data set, and believed only where a file's size and time of change are the
same. A cache that is damaged, read-only or not there costs time and nothing else.

Shapes: N files asked for, R files known.
"""

import hashlib
import io
import os
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import IntFlag
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from foveal.artifact.atomic import write_atomic
from foveal.data.catalog.columns import Names
from foveal.data.outside import lies_inside
from foveal.errors import FovealError
from foveal.ops.threads import in_threads, in_threads_if_waiting
from foveal.types.arrays import IntArray
from foveal.version import __version__

FOLDER = "looks"
"""Folder in the cache folder."""
VERSION = f"1 {__version__}"
"""Another Foveal may see more in a file."""
LEAST = 256
"""Files below which a data set is looked at again: that takes less than a second."""
MAX_BYTES = 1 << 28
"""Of all files together; the ones used longest ago go first. A million files take about 100 MB."""
SETTLED_NS = 2_000_000_000
"""A file changed less than this before it is looked at may change again within one tick of the file system's clock."""
PER_CALL = 64
"""Files that a thread looks at once."""
Rows = NDArray[np.void]
Seen = TypeVar("Seen")
Batch = TypeVar("Batch")


@dataclass
class _Keeping:
    """Where looks are kept, and those of each data set that this command asked for last."""

    folder: Path
    last: dict[Path, "Looks"] = field(default_factory=dict)


_keeping: ContextVar[_Keeping | None] = ContextVar("where looks are kept", default=None)


class Fact(IntFlag):
    """What is known of a file."""

    CONTENT = 1
    """The 16-byte hash of its bytes."""
    HEADER = 2
    """Size, format and mode, as its header says."""
    WHOLE = 4
    """It is an image that is complete."""


ROW = np.dtype(
    [
        ("bytes", "<i8"),
        ("changed_ns", "<i8"),
        ("facts", "u1"),
        ("content", "V16"),
        ("width", "<i4"),
        ("height", "<i4"),
        ("bands", "<u4"),
        ("kind", "S12"),
        ("mode", "S12"),
    ]
)


@contextmanager
def looks_kept_in(folder: Path | None) -> Iterator[None]:
    """Keep what is seen of files in a cache folder while the context lasts; None: keep nothing."""
    token = _keeping.set(None if folder is None else _Keeping(folder))
    try:
        yield
    finally:
        _keeping.reset(token)


def looks_at(root: Path, names: Names) -> "Looks":
    """What is known of a data set's files; N paths relative to its root."""
    keeping = _keeping.get()
    if keeping is None or len(names) < LEAST or lies_inside(keeping.folder, root):
        return Looks(names.encoded())
    known = keeping.last.get(root)
    if known is None or known.names != names.encoded():
        own = hashlib.blake2b(os.fsencode(root.resolve()), digest_size=16).hexdigest()
        known = keeping.last[root] = Looks(names.encoded(), root, keeping.folder / FOLDER / f"{own}.npz")
    return known


class Looks:
    """What is known of some files of a data set.

    Args:
        names: N paths relative to the data set's root.
        root: It.
        file: What is known of its files; None: nothing is, and nothing is kept.

    Attributes:
        rows: (N,) what is known of each.
    """

    def __init__(self, names: Sequence[bytes], root: Path = Path(), file: Path | None = None) -> None:
        self.names, self._file = names, file
        self.rows: Rows = np.zeros(len(names), ROW)
        self._began_ns = time.time_ns()
        if file is not None:
            self._stamp(root)
            self._recall(*_load(file))

    def look(
        self,
        fact: Fact,
        look: Callable[[int], Seen],
        note: Callable[[Rows, int, Seen], bool],
        *,
        wanted: IntArray | None = None,
    ) -> Iterator[tuple[int, Seen]]:
        """Look at the files of which a fact is not known, in threads, and keep what is seen.

        Args:
            fact: What is looked for.
            look: Called with a file's place, in threads.
            note: Writes what was seen into a file's row; false: there is nothing to keep.
            wanted: Places of the files that matter; None: all.

        Yields:
            Place of each file that was looked at, and what was seen.
        """

        def look_at(places: Sequence[int]) -> list[Seen]:
            return [look(place) for place in places]

        def note_all(rows: Rows, places: Sequence[int], seen: Sequence[Seen]) -> list[bool]:
            return [note(rows, place, one) for place, one in zip(places, seen, strict=True)]

        for places, seen in self.look_in_batches(fact, look_at, note_all, wanted=wanted):
            yield from zip(places, seen, strict=True)

    def look_in_batches(
        self,
        fact: Fact,
        look: Callable[[Sequence[int]], Batch],
        note: Callable[[Rows, Sequence[int], Batch], Sequence[bool]],
        *,
        wanted: IntArray | None = None,
        light: bool = False,
    ) -> Iterator[tuple[Sequence[int], Batch]]:
        """As ``look``, for many files at once: of a million, a call for each takes longer than the look.

        Args:
            fact: What is looked for.
            look: Called with files' places, in threads.
            note: Writes what was seen into the files' rows, and says of which there is something to keep.
            wanted: Places of the files that matter; None: all.
            light: Whether next to nothing is computed: then threads are for files that have to be waited for.

        Yields:
            Places of files that were looked at, and what was seen.
        """
        places = np.arange(len(self.rows)) if wanted is None else wanted
        new = places[(self.rows["facts"][places] & fact) == 0]
        batches = [new[start : start + PER_CALL].tolist() for start in range(0, len(new), PER_CALL)]
        for batch, seen in zip(batches, (in_threads_if_waiting if light else in_threads)(look, batches), strict=True):
            kept = np.array(batch)[np.array(note(self.rows, batch, seen), bool)]
            self.rows["facts"][kept] |= np.uint8(fact)
            yield batch, seen
        if len(new) and self._file is not None:
            self._keep()

    def _stamp(self, root: Path) -> None:
        """Size and time of change of each file; one that cannot be asked for them is never kept."""
        start = os.fsencode(root) + b"/"
        sizes, changed = array("q"), array("q")
        for name in self.names:
            try:
                status = os.stat(start + name)  # noqa: PTH116  (a million of them)
            except (OSError, ValueError):
                sizes.append(-1)
                changed.append(-1)
            else:
                sizes.append(status.st_size)
                changed.append(status.st_mtime_ns)
        self.rows["bytes"], self.rows["changed_ns"] = sizes, changed

    def _recall(self, names: Sequence[bytes], rows: Rows) -> None:
        """Take over what is known of files that are unchanged."""
        if names == self.names:
            here = there = np.arange(len(rows))
        else:
            places = {name: place for place, name in enumerate(names)}
            found = [(i, places[name]) for i, name in enumerate(self.names) if name in places]
            here, there = np.array(found, np.int64).reshape(-1, 2).T
        known = rows[there]
        same = (known["bytes"] == self.rows["bytes"][here]) & (known["changed_ns"] == self.rows["changed_ns"][here])
        self.rows[here[same]] = known[same]

    def _keep(self) -> None:
        """Write all that is known, with what another command has written since."""
        assert self._file is not None, "a data set whose looks are kept"
        names, rows = _load(self._file)
        mine = {name: place for place, name in enumerate(self.names)}
        others = [place for place, name in enumerate(names) if name not in mine]
        if len(others) > max(len(mine), 1 << 16):  # of files that are long gone, most likely
            others = []
        settled = self.rows.copy()
        settled["facts"][(self._began_ns - settled["changed_ns"] < SETTLED_NS) | (settled["bytes"] < 0)] = 0
        _save(self._file, [*self.names, *(names[k] for k in others)], np.concatenate([settled, rows[others]]))


def contents(root: Path, names: Names, content_hash: Callable[[Path], bytes]) -> NDArray[np.void]:
    """(N,) 16-byte hashes of files' bytes, computed in threads where they are not known."""
    looks = looks_at(root, names)

    def note(rows: Rows, place: int, seen: bytes) -> bool:
        rows["content"][place] = np.void(seen)
        return True

    for _ in looks.look(Fact.CONTENT, lambda i: content_hash(root / names[i]), note):
        pass
    return np.ascontiguousarray(looks.rows["content"])


def _load(file: Path) -> tuple[list[bytes], Rows]:
    """Names and rows; none where there is no file, or one that is damaged or of another version."""
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as kept:
            version, text, rows = kept["version"], kept["names"], kept["rows"]
        names = text.tobytes().split(b"\0")[:-1]
        if str(version) == VERSION and rows.dtype == ROW and rows.shape == (len(names),):
            with suppress(OSError):
                os.utime(file)
            return names, rows
    except Exception:  # noqa: S110  (damaged in whatever way: looked at again, and written anew)
        pass
    return [], np.zeros(0, ROW)


def _save(file: Path, names: Sequence[bytes], rows: Rows) -> None:
    text = np.frombuffer(b"".join(name + b"\0" for name in names), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, version=np.array(VERSION), names=text, rows=rows)
    with suppress(OSError, FovealError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, buffer.getvalue())
        _make_room(file)


def _make_room(newest: Path) -> None:
    """Remove files that were not used for longest until all fit."""
    kept = sorted(((one.stat().st_mtime, one.stat().st_size, one) for one in newest.parent.glob("*.npz")), reverse=True)
    total = 0
    for _, size, one in kept:
        total += size
        if total > MAX_BYTES:
            one.unlink(missing_ok=True)
