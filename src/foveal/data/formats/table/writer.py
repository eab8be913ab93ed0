"""A Catalog as a table: ``labels.csv`` with path, label and split, and the images in ``images/``."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.formats import layout
from foveal.data.formats.image_folder.writer import count_lost
from foveal.data.formats.sidecar.writer import NOWHERE, Aside
from foveal.errors import CategoryError, DataError

TABLE, IMAGES = "labels.csv", "images"
SEPARATOR = "|"
"""Between the labels of one image, as the reader has it."""


def check(catalog: Catalog) -> None:
    """Check that a data set has labels of whole images.

    Raises:
        DataError: It has boxes or masks.
        CategoryError: A class name that a cell cannot hold.
    """
    if catalog.annotation != "labels":
        raise DataError(
            f"{catalog.root} has {catalog.annotation}, which a table of labels cannot hold; it needs class labels.",
            "Convert it to coco, voc or yolo." if catalog.annotation == "boxes" else "Convert it to mask_folder.",
        )
    for name in catalog.categories.names:
        if SEPARATOR in name or name != name.strip() or not name.isprintable():
            raise CategoryError(
                f"The class {name!r} cannot stand in a table, where {SEPARATOR!r} is between labels and blanks around"
                " them do not count.",
                "Rename it.",
            )


def place(catalog: Catalog, own: Sequence[str]) -> list[str]:
    """Target name of each image."""
    names = layout.unique(layout.found_by_walk(catalog, own), by_stem=False)
    strange = next((name for name in names if not name.isprintable() or name != name.strip()), None)
    if strange is not None:
        raise DataError(f"{catalog.root}: the file name {strange!r} cannot stand in a table.", "Rename the file.")
    return [f"{IMAGES}/{name}" for name in names]


def write(catalog: Catalog, folder: Path, names: Sequence[str], extras: Sequence[dict[str, Any]], aside: Aside) -> None:
    """Write the table, with a column of groups where there are any.

    Args:
        catalog: With labels.
        folder: The new data set.
        names: Target name of each image.
        extras: Further fields of each image.
        aside: Counts what the table cannot hold.
    """
    splits, groups = bool((catalog.splits != UNASSIGNED).any()), catalog.groups
    classes = catalog.categories.names
    labels = [SEPARATOR.join(classes[k] for k in catalog.labels[i].tolist()) for i in range(len(catalog))]
    if catalog.multi_label and not any(SEPARATOR in text for text in labels):
        labels[0] += SEPARATOR  # says that an image may have several
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["path", "label", *["split"] * splits, *(["group"] if groups is not None else [])])
    for i, (name, label) in enumerate(zip(names, labels, strict=True)):
        code = int(catalog.splits[i])
        split = ["" if code == UNASSIGNED else SPLITS[code]] if splits else []
        table.writerow([name, label, *split, *([] if groups is None else [groups[i]])])
    (folder / TABLE).write_text(text.getvalue(), "utf-8", newline="")
    count_lost(catalog.assign(np.zeros_like(catalog.splits)), extras, aside, groups=False)
    if groups is not None:
        aside.count("groups", f"{TABLE}, column group; --data.groups group uses it", catalog.num_groups)
    there = [name for k, name in enumerate(classes) if (catalog.labels.values == k).any()]
    if len(there) < len(classes):
        aside.count("class without images", NOWHERE, len(classes) - len(there))
    if there != sorted(there) or catalog.categories.source_ids:
        aside.count("class ids and order", NOWHERE, len(there))
