"""Do consecutive images look nearly alike, as frames of a video do?

Small gray thumbnails of images whose names follow each other are correlated. Two thumbnails are nearly alike from 0.9
on. Consecutive names are suspicious if that is common among them, and more so than among images of the same folder
whose names lie apart: photos from one fixture resemble each other whatever their order.

Shapes: N images, P pairs, S side of a thumbnail.
"""

import posixpath
import re

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foveal.data.catalog.catalog import Catalog
from foveal.data.formats.groups import FOLDER, with_groups
from foveal.errors import DataError, ImageError
from foveal.imaging.decode import decode
from foveal.ops.threads import in_threads
from foveal.types.arrays import FloatArray, IntArray

SIDE_PX = 16
MAX_IMAGES, RUN = 160, 4
"""Images looked at, and how many consecutive ones form a run where there are more."""
APART = 12
"""Places in the order of names from which two images lie apart."""
LEAST_PAIRS = 8
ALIKE, COMMON, UNCOMMON_APART = 0.9, 0.3, 90
"""Correlation of nearly alike thumbnails; share of consecutive pairs from which that is common; percentile of the
pairs apart that half the consecutive ones must exceed."""
RULES = (r"([^/]*?)[-_ ]?\d+\.\w+$", FOLDER, r"([^/]*?)\d{0,2}\.\w+$")
"""Rules to suggest: a file's name up to its number, its folder, its name but for the last two digits."""
MAX_SORTED = 20_000
"""Images whose names are sorted by their numbers; more stay in byte order, in which frames follow each other too."""


def neighbours_alike(catalog: Catalog) -> str | None:
    """A note where consecutive images look nearly alike and the data set has no groups; None: they do not.

    Reads at most 160 images, JPEGs at an eighth of their size. Images that cannot be read are left out.
    """
    if catalog.groups is not None or len(catalog) < LEAST_PAIRS:
        return None
    order = _sample(catalog)
    found = in_threads(lambda i: _thumbnail(catalog, i), order.tolist())
    read = [(place, one) for place, one in enumerate(found) if one is not None]
    if len(read) < LEAST_PAIRS:
        return None
    places, thumbnails = np.array([place for place, _ in read]), np.stack([one for _, one in read])
    folders = np.array([posixpath.dirname(catalog.names[int(order[place])]) for place in places])
    alike = thumbnails @ thumbnails.T
    following = np.flatnonzero((np.diff(places) == 1) & _adjacent(places, len(catalog)) & (folders[1:] == folders[:-1]))
    near = alike[following, following + 1]
    far = alike[(np.subtract.outer(places, places) >= APART) & (folders[:, None] == folders[None])]
    if len(near) < LEAST_PAIRS or np.mean(near >= ALIKE) < COMMON:
        return None
    if len(far) >= LEAST_PAIRS and np.median(near) <= np.percentile(far, UNCOMMON_APART):
        return None
    return (
        f"Neighbouring images look nearly alike ({int((near >= ALIKE).sum())} of {len(near)} pairs compared), like"
        " frames of one video, so the intervals, which take images as independent, are too narrow. Name what hangs"
        " together with --data.groups (evaluate: --groups): a column, 'folder', or a regular expression on the path,"
        f" such as '{_suggestion(catalog)}'."
    )


def _sample(catalog: Catalog) -> IntArray:
    """Indices of images by name: all, or runs of consecutive ones."""
    count = len(catalog)
    order = np.arange(count)
    if count <= MAX_SORTED:
        order = np.array(sorted(range(count), key=lambda i: _by_number(catalog.names[i])))
    if count <= MAX_IMAGES:
        return order
    starts = np.linspace(0, count - RUN, MAX_IMAGES // RUN).astype(int)
    return order[(starts[:, None] + np.arange(RUN)).ravel()]


def _adjacent(places: IntArray, count: int) -> NDArray[np.bool_]:
    """Whether each place and the next are of one run."""
    run = places // (count if count <= MAX_IMAGES else RUN)
    same: NDArray[np.bool_] = run[1:] == run[:-1]
    return same


def _by_number(name: str) -> list[tuple[int, str]]:
    """A key that sorts frame 10 after frame 9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _thumbnail(catalog: Catalog, index: int) -> FloatArray | None:
    """(S S) gray values of mean 0 and norm 1; None where the image cannot be read."""
    try:
        pixels = decode(catalog.path(index), min_side=SIDE_PX).pixels
    except ImageError:
        return None
    small = Image.fromarray(pixels).convert("L").resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX)
    values = np.asarray(small, np.float32).ravel()
    values = values - values.mean()
    normed: FloatArray = values / max(float(np.linalg.norm(values)), 1e-6)
    return normed


def _suggestion(catalog: Catalog) -> str:
    """The first rule that fits the names."""
    for rule in RULES:
        try:
            with_groups(catalog, rule)
        except DataError:
            continue
        return rule
    return RULES[-1]
