"""One black and one white level for all deep images of a data set, learnt from a sample of them.

Shapes: N images.
"""

from dataclasses import dataclass

import numpy as np

from foveal.data.catalog.catalog import Catalog
from foveal.data.notes import plural
from foveal.errors import ImageError
from foveal.imaging.decode import read_deep
from foveal.imaging.depth import guess_levels
from foveal.imaging.header import read_header
from foveal.imaging.suffixes import SUFFIXES_OF
from foveal.ops.threads import in_threads
from foveal.types.reading import Reading

MAX_HEADERS = 400
"""Images whose headers are read to find deep ones."""
MAX_IMAGES = 64
"""Deep images whose values are pooled."""
VALUES_PER_IMAGE = 1 << 14
"""Values taken of each: a million in all, of which a thousand lie above the 99.9th percentile."""
NEVER_DEEP = tuple(suffix for kind in ("JPEG", "GIF", "BMP", "WebP") for suffix in SUFFIXES_OF[kind])
"""Formats of 8 bits; their headers need not be read."""


@dataclass(frozen=True)
class DataLevels:
    """What was learnt.

    Attributes:
        black: Value that becomes 0.
        white: Value that becomes 255.
        images: Deep images that it was learnt from.
    """

    black: float
    white: float
    images: int

    @property
    def text(self) -> str:
        """In words, for notes."""
        black = f"black {number(self.black)}, " if self.black else ""
        return f"{black}white {number(self.white)} (99.9 % of the values of {plural(self.images, 'image')})"


def learn_levels(catalog: Catalog, reading: Reading, *, seed: int = 0) -> DataLevels | None:
    """The levels of a data set's deep images; None where a sample has none.

    Args:
        catalog: The training split.
        reading: Bands, and the black level if it is known.
        seed: Which images are taken where there are many.

    Raises:
        DataError: A deep image cannot be read.
    """
    ends = tuple(map(str.encode, NEVER_DEEP))
    places = [i for i, name in enumerate(catalog.names.encoded()) if not name.lower().endswith(ends)]
    order = np.random.default_rng(seed).permutation(len(places))[:MAX_HEADERS]
    deep = [i for i in sorted(places[k] for k in order) if _is_deep(catalog, i)]
    deep = [deep[k] for k in np.unique(np.linspace(0, len(deep) - 1, MAX_IMAGES).astype(int))] if deep else []
    samples, declared, whole = [], set(), True
    for found in in_threads(lambda i: read_deep(catalog.path(i), reading=reading), deep):
        if found is None:
            continue
        try:
            samples.append(found.sample(VALUES_PER_IMAGE))
        except ValueError:  # nothing but nodata
            continue
        declared.add(found.declared)
        whole &= found.values.dtype.kind != "f"
    if not samples:
        return None
    pooled = np.sort(np.concatenate(samples))
    common = declared.pop() if len(declared) == 1 else 0.0
    return DataLevels(*guess_levels(pooled, common, whole=whole, black=reading.black), len(samples))


def number(value: float) -> str:
    """A level as people write it."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.6g}"


def _is_deep(catalog: Catalog, place: int) -> bool:
    try:
        return read_header(catalog.path(place)).mode == "deep"
    except ImageError:
        return False
