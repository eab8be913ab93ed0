"""A Catalog as an image folder: ``SPLIT/CLASS/NAME``, or ``CLASS/NAME`` where there are no splits."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from foveal.data.catalog.catalog import UNASSIGNED, Catalog
from foveal.data.formats import layout
from foveal.data.formats.sidecar.writer import NOWHERE, Aside
from foveal.data.notes import listed
from foveal.errors import CategoryError, DataError
from foveal.imaging.walk import is_hidden

UNSAFE = re.compile(r'[\x00-\x1f<>:"/\\|?*]')
"""Characters that the name of a folder may not have on every system."""
MAX_BYTES = 255


def check(catalog: Catalog) -> None:
    """Check that a data set has one label per image.

    Raises:
        DataError: It has not.
    """
    if catalog.annotation != "labels":
        raise DataError(
            f"{catalog.root} has {catalog.annotation}, which an image folder cannot hold; it needs one class per"
            " image.",
            "Convert it to coco, voc or yolo, or cut its objects out with --crops."
            if catalog.annotation == "boxes"
            else "Convert it to mask_folder.",
        )
    if catalog.multi_label:
        raise DataError(
            f"{catalog.root} has several labels per image, which an image folder cannot hold.",
            "Convert it to a table: --to table.",
        )
    check_folders(catalog.categories.names)


def check_folders(classes: Sequence[str]) -> None:
    """Check that classes can be folders.

    Raises:
        CategoryError: One cannot, or two would be the same where case does not count.
    """
    for name in classes:
        if UNSAFE.search(name) or is_hidden(name) or name != name.rstrip(". ") or len(name.encode()) > MAX_BYTES:
            raise CategoryError(
                f"The class {name!r} cannot be the name of a folder.", "Rename it, or write class labels as a table."
            )
    folded = [name.casefold() for name in classes]
    twins = [name for name in classes if folded.count(name.casefold()) > 1]
    if twins:
        raise CategoryError(
            f"The classes {listed(twins)} would be one folder where case does not count.",
            "Rename one, or write class labels as a table.",
        )


def place(catalog: Catalog, own: Sequence[str]) -> list[str]:
    """Target name of each image; folders of its own are joined to its name, since some would look like a layout."""
    homes = [
        f"{split}{catalog.categories.names[int(catalog.labels[i][0])]}"
        for i, split in enumerate(layout.split_folders(catalog))
    ]
    flat = [name.replace("/", "_") for name in layout.found_by_walk(catalog, own)]
    names = [f"{home}/{name}" for home, name in zip(homes, flat, strict=True)]
    return layout.unique(names, by_stem=False)


def write(catalog: Catalog, _: Path, __: Sequence[str], extras: Sequence[dict[str, Any]], aside: Aside) -> None:
    """Count what an image folder cannot hold; the folders are made with the images."""
    count_lost(catalog, extras, aside)
    present = {int(label) for label in np.unique(catalog.labels.values)}
    names = [catalog.categories.names[k] for k in sorted(present)]
    if len(names) < len(catalog.categories):
        aside.count("class without images", NOWHERE, len(catalog.categories) - len(names))
    if names != sorted(names) or catalog.categories.source_ids:
        aside.count("class ids and order", NOWHERE, len(names))


def count_lost(catalog: Catalog, extras: Sequence[dict[str, Any]], aside: Aside, *, groups: bool = True) -> None:
    """Count what is kept nowhere by formats without a side-car."""
    bare = int((catalog.splits == UNASSIGNED).sum())
    if 0 < bare < len(catalog):
        aside.count("images without a split, now in train", NOWHERE, bare)
    more = sum(bool(set(extra) - {layout.NAME_KEY}) for extra in extras)
    if more:
        aside.count("further fields of images", NOWHERE, more)
    if catalog.about:
        aside.count("further fields of the data set", NOWHERE)
    if groups and catalog.groups is not None:
        aside.count("groups", NOWHERE, catalog.num_groups)
