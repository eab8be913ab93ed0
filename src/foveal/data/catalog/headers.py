"""The headers of a data set's images, read in threads where they are not known from an earlier command."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from foveal.data.catalog.columns import Names
from foveal.data.catalog.looks import Fact, Rows, looks_at
from foveal.errors import ImageError
from foveal.imaging.codecs import pillow
from foveal.imaging.header import Header, read_header
from foveal.imaging.windows import MAX_PIXELS as MAX_TILED


def read_headers(root: Path, names: Names, *, tiled: bool = False) -> Iterator[Header | ImageError]:
    """The header of each image, or why it cannot be read.

    Args:
        root: Folder that names are relative to.
        names: N paths.
        tiled: Whether images may be too large to be decoded at once.

    Yields:
        N results, in order.
    """
    limit = MAX_TILED if tiled else pillow.MAX_PIXELS
    looks = looks_at(root, names)
    rows = looks.rows
    large = rows["width"].astype(np.int64) * rows["height"] > limit
    rows["facts"][large] &= ~np.uint8(Fact.HEADER)  # the error is not known

    def look(place: int) -> Header | ImageError:
        try:
            return read_header(root / names[place], limit=limit)
        except ImageError as error:
            return error

    faults = {place: seen for place, seen in looks.look(Fact.HEADER, look, _note) if isinstance(seen, ImageError)}
    columns = (rows[name].tolist() for name in ("width", "height", "kind", "mode", "bands"))
    for place, (width, height, kind, mode, bands) in enumerate(zip(*columns, strict=True)):
        yield faults.get(place) or Header(width, height, kind.decode(), mode.decode(), bands)


def _note(rows: Rows, place: int, seen: Header | ImageError) -> bool:
    if isinstance(seen, ImageError):
        return False
    for name in ("width", "height", "bands"):
        rows[name][place] = getattr(seen, name)
    rows["kind"][place], rows["mode"][place] = seen.kind.encode(), seen.mode.encode()
    return True
