"""Folds of a cross-validation: several files for each split, of which each image is in several splits."""

from collections.abc import Sequence

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats.coco.source import Source
from foveal.data.notes import listed
from foveal.errors import DataError

MANY = 0.5
"""Share of a split's images in another split from which on it is no slip."""


def refuse_folds(sources: Sequence[Source]) -> None:
    """Check that files of one split and of another do not list the same images.

    Raises:
        DataError: They do, and there are several files of one split: which are read together is the user's to say.
    """
    by_split: dict[int, set[str]] = {}
    for source in sources:
        if source.split != UNASSIGNED:
            by_split.setdefault(source.split, set()).update(source.listed)
    claimed = [source for source in sources if source.split != UNASSIGNED]
    if len(claimed) <= len(by_split):
        return
    for split, names in by_split.items():
        others = set[str]().union(*(own for other, own in by_split.items() if other != split))
        if names and len(names & others) >= MANY * len(names):
            titles = [source.title for source in claimed]
            raise DataError(
                f"{claimed[0].path.parent} has {len(claimed)} files that list the same images in several splits, as the"
                f" folds of a cross-validation do: {listed(titles)}.",
                f"Name the file to train on, --data.labels {titles[0]}, or a folder that has the files of one fold.",
            )
