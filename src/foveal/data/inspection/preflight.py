"""Preflight check: can every image for training be read, and which are left out?"""

import shlex
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foveal.brief import brief
from foveal.data.catalog.catalog import SPLITS, Catalog
from foveal.data.catalog.looks import Fact, Rows, looks_at
from foveal.data.catalog.split import with_splits
from foveal.data.inspection.folds import Fold, with_fold
from foveal.data.notes import listed
from foveal.errors import DataError, ImageError
from foveal.imaging.decode import decode
from foveal.imaging.integrity import check_image
from foveal.ops.threads import in_threads
from foveal.types.reading import AS_STORED, Reading

TEST = SPLITS.index("test")
FILES_PER_CALL = 64
"""Files that a thread checks at once."""


@dataclass(frozen=True)
class Skipped:
    """An image that is left out.

    Attributes:
        path: Relative to the data set's root.
        reason: Why it cannot be read, in a few words.
    """

    path: str
    reason: str

    __repr__ = brief

    def to_dict(self) -> dict[str, str]:
        """Plain values for JSON."""
        return {"path": self.path, "reason": self.reason}


def find_bad(catalog: Catalog, *, reading: Reading = AS_STORED) -> list[Skipped]:
    """Decode every image outside the test split, in threads; those that cannot be read, in order."""
    places = np.flatnonzero(catalog.splits != TEST).tolist()

    def fault(place: int) -> str | None:
        try:
            decode(catalog.path(place), min_side=1, reading=reading)
        except ImageError as error:
            return error.reason
        return None

    faults = zip(places, in_threads(fault, places), strict=True)
    return [Skipped(catalog.names[place], reason) for place, reason in faults if reason is not None]


def split_without(
    catalog: Catalog, names: Collection[str], *, val_fraction: float, seed: int, fold: Fold | None = None
) -> Catalog:
    """The data set with a validation split and without some images.

    The split is that of all images, so that the others stay where they are; but it depends on the files' bytes, so
    files that cannot be opened at all are left out before.

    ``fold``: the part of a cross-validation that is held out in place of a fraction.

    Raises:
        DataError: No image is left, or too few to hold any out.
    """
    without(catalog.take(np.flatnonzero(catalog.splits != TEST)), names)  # the error of a data set without any
    left_out = [place for place in range(len(catalog)) if catalog.names[place] in names] if names else []
    unopened = {catalog.names[place] for place in left_out if not _opens(catalog.path(place))}
    there = without(catalog, unopened)
    if fold is not None:
        return without(with_fold(there, fold, seed=seed), names)
    return without(with_splits(there, val_fraction=val_fraction, seed=seed), names)


def without(catalog: Catalog, names: Collection[str]) -> Catalog:
    """The data set without some images.

    Raises:
        DataError: None is left.
    """
    if not names and len(catalog):
        return catalog
    kept = [place for place in range(len(catalog)) if catalog.names[place] not in names]
    if not kept:
        raise DataError(f"{catalog.root}: none of its images can be read.", "Replace the files.")
    return catalog if len(kept) == len(catalog) else catalog.take(np.array(kept))


def _opens(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError:
        return False
    return True


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

    def note(_: Rows, __: int, error: ImageError | None) -> bool:
        return error is None

    faults = looks_at(catalog.root, catalog.names).look(Fact.WHOLE, fault, note, wanted=places)
    if reading.bands:  # what is known is about files read as they are
        faults = zip(places.tolist(), in_threads(fault, places.tolist(), per_call=FILES_PER_CALL), strict=True)
    bad = {place: error for place, error in faults if error is not None}
    if not bad:
        return
    check = f"`foveal data check {shlex.quote(path)}`"
    if len(bad) == 1:
        (error,) = bad.values()
        raise DataError(error.what, f"{error.hint} {check} decodes every image; --skip-bad leaves it out.")
    listing = listed([f"{catalog.names[i]}: {error.reason}" for i, error in bad.items()])
    raise DataError(
        f"{catalog.root}: {len(bad):,} images cannot be read: {listing}.",
        f"Replace or remove the files; {check} lists all; --skip-bad leaves them out.",
    )
