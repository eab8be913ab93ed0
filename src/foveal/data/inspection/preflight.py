"""Before the first step: can every image be read that training will meet?"""

import shlex
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from foveal.data.catalog.catalog import FILES_A_TURN, SPLITS, Catalog
from foveal.data.notes import listed
from foveal.errors import DataError, ImageError
from foveal.imaging.integrity import check_image

TEST = SPLITS.index("test")


def check_readable(catalog: Catalog, *, path: str) -> None:
    """Look at both ends of every file outside the test split, in threads.

    Args:
        catalog: The data set.
        path: What the user calls it.

    Raises:
        DataError: Images that cannot be read; the message names the first with the reason of each.
    """
    places = np.flatnonzero(catalog.splits != TEST)
    bad: dict[int, ImageError] = {}

    def look(first: int) -> None:
        for i in places[first : first + FILES_A_TURN]:
            try:
                check_image(catalog.path(i))
            except ImageError as error:
                bad[int(i)] = error

    with ThreadPoolExecutor(thread_name_prefix="foveal-look") as pool:
        list(pool.map(look, range(0, len(places), FILES_A_TURN)))
    if not bad:
        return
    check = f"`foveal data check {shlex.quote(path)}`"
    if len(bad) == 1:
        (error,) = bad.values()
        raise DataError(error.what, f"{error.hint} {check} decodes every image.")
    told = listed([f"{catalog.names[i]}: {bad[i].reason}" for i in sorted(bad)])
    raise DataError(
        f"{catalog.root}: {len(bad):,} images cannot be read: {told}.",
        f"Replace or remove the files; {check} lists all.",
    )
