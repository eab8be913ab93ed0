"""Preflight check: can every image for training be read?"""

import shlex

import numpy as np

from foveal.data.catalog.catalog import SPLITS, Catalog
from foveal.data.notes import listed
from foveal.errors import DataError, ImageError
from foveal.imaging.integrity import check_image
from foveal.ops.threads import in_threads
from foveal.types.reading import AS_STORED, Reading

TEST = SPLITS.index("test")
FILES_PER_CALL = 64
"""Files that a thread checks at once."""


def check_readable(catalog: Catalog, *, path: str, reading: Reading = AS_STORED) -> None:
    """Check header and end of every file outside the test split, in threads.

    Args:
        catalog: The data set.
        path: The data set as the user named it.
        reading: Levels of deep images, and bands.

    Raises:
        DataError: Images that cannot be read; the message names the first with the reason of each.
    """
    places = np.flatnonzero(catalog.splits != TEST)

    def fault(place: int) -> ImageError | None:
        try:
            check_image(catalog.path(place), reading=reading)
        except ImageError as error:
            return error
        return None

    faults = zip(places.tolist(), in_threads(fault, places.tolist(), per_call=FILES_PER_CALL), strict=True)
    bad = {place: error for place, error in faults if error is not None}
    if not bad:
        return
    check = f"`foveal data check {shlex.quote(path)}`"
    if len(bad) == 1:
        (error,) = bad.values()
        raise DataError(error.what, f"{error.hint} {check} decodes every image.")
    listing = listed([f"{catalog.names[i]}: {error.reason}" for i, error in bad.items()])
    raise DataError(
        f"{catalog.root}: {len(bad):,} images cannot be read: {listing}.",
        f"Replace or remove the files; {check} lists all.",
    )
