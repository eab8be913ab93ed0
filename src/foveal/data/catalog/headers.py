"""The headers of a data set's images, read in threads where they are not known from an earlier command."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foveal.data.catalog.columns import Names
from foveal.data.catalog.looks import Fact, Rows, looks_at
from foveal.errors import ImageError
from foveal.imaging.codecs import pillow
from foveal.imaging.header import Header, read_header
from foveal.imaging.suffixes import SUFFIXES_OF
from foveal.imaging.windows import MAX_PIXELS as MAX_TILED
from foveal.types.arrays import IntArray

FIELDS = list(Header._fields)
"""Columns of ``Rows`` with what a header says."""
NOTHING = Header(0, 0, "", "")
"""In the row of a file that cannot be read."""


@dataclass(frozen=True)
class Headers:
    """The headers of N images, in columns.

    Attributes:
        names: N paths relative to the data set's root.
        rows: (N,) what the headers say.
        faults: Why an image cannot be read, by its place, in order.
    """

    names: Sequence[bytes]
    rows: Rows
    faults: dict[int, ImageError]

    def __iter__(self) -> Iterator[Header | ImageError]:
        """N results, in order."""
        columns = (self.rows[name].tolist() for name in FIELDS)
        for place, (width, height, kind, mode, bands) in enumerate(zip(*columns, strict=True)):
            yield self.faults.get(place) or Header(width, height, kind.decode(), mode.decode(), bands)

    def sides(self, name: str) -> IntArray:
        """The ``width`` or ``height`` of each image that can be read, in pixels."""
        found: IntArray = np.delete(self.rows[name], list(self.faults))
        return found

    def kinds(self) -> Counter[Header]:
        """How many images have each format, mode and number of bands; the headers have no size."""
        columns = (np.delete(self.rows[name], list(self.faults)).tolist() for name in ("kind", "mode", "bands"))
        found = Counter(zip(*columns, strict=True))
        each = {Header(0, 0, kind.decode(), mode.decode(), bands): n for (kind, mode, bands), n in found.items()}
        return Counter(each)

    def misnamed(self) -> dict[int, str]:
        """The format of each image that can be read and has another format's suffix, by its place."""
        ends = {kind.encode(): tuple(map(str.encode, suffixes)) for kind, suffixes in SUFFIXES_OF.items()}
        ends[b""] = (b"",)
        kinds = self.rows["kind"].tolist()
        return {
            place: kind.decode()
            for place, (name, kind) in enumerate(zip(self.names, kinds, strict=True))
            if not name.lower().endswith(ends[kind]) and place not in self.faults
        }


def read_headers(root: Path, names: Names, *, tiled: bool = False) -> Headers:
    """The header of each image, or why it cannot be read.

    Args:
        root: Folder that names are relative to.
        names: N paths.
        tiled: Whether images may be too large to be decoded at once.
    """
    limit = MAX_TILED if tiled else pillow.MAX_PIXELS
    looks = looks_at(root, names)
    rows = looks.rows
    large = rows["width"].astype(np.int64) * rows["height"] > limit
    rows["facts"][large] &= ~np.uint8(Fact.HEADER)  # the error is not known
    start = os.path.join(os.fspath(root), "")  # noqa: PTH118  (a million paths)

    def look(places: Sequence[int]) -> list[Header | ImageError]:
        found: list[Header | ImageError] = []
        for place in places:
            try:
                found.append(read_header(start + looks.names[place].decode("utf-8", "surrogateescape"), limit=limit))
            except ImageError as error:
                found.append(error)
        return found

    faults: dict[int, ImageError] = {}
    for places, found in looks.look_in_batches(Fact.HEADER, look, _note, light=True):
        faults |= {p: seen for p, seen in zip(places, found, strict=True) if isinstance(seen, ImageError)}
    return Headers(looks.names, rows, faults)


def _note(rows: Rows, places: Sequence[int], found: Sequence[Header | ImageError]) -> list[bool]:
    seen = [isinstance(one, Header) for one in found]
    own = [one if isinstance(one, Header) else NOTHING for one in found]
    rows[FIELDS][places] = np.array(own, np.dtype([(name, rows.dtype[name]) for name in FIELDS]))
    return seen
