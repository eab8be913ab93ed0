"""A Catalog as images with masks: ``images/`` and ``masks/``, each with a folder per split, and ``classes.csv``.

Masks are PNG files with a palette. Pixel values stay where they fit into 8 bits, else classes are counted from 0.
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from foveal.data.catalog.as_masks import as_masks
from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.class_maps import read_mask
from foveal.data.formats import layout
from foveal.data.formats.image_folder.writer import count_lost
from foveal.data.formats.mask_folder.class_map import VOID
from foveal.data.formats.sidecar.writer import NOWHERE, Aside
from foveal.errors import CategoryError, DataError
from foveal.ops.threads import in_threads
from foveal.types.predictions.masks import IGNORE

IMAGES, MASKS, TABLE = "images", "masks", "classes.csv"
IGNORED_COLOR = (224, 224, 224)


def masks_of(catalog: Catalog) -> Catalog:
    """The data set with semantic masks; objects are rasterised.

    Raises:
        DataError: It has labels of whole images only, or boxes without segmentations.
        CategoryError: A class name that the table cannot hold.
    """
    if catalog.annotation == "labels":
        raise DataError(
            f"{catalog.root} has class labels only; mask_folder needs masks or segmentations.",
            "Convert it to image_folder or table.",
        )
    masked = as_masks(catalog) if catalog.annotation == "boxes" else catalog
    for name in masked.categories.names:
        if name != name.strip() or not name.isprintable() or name.strip("_ ").casefold() in VOID:
            raise CategoryError(f"The class {name!r} would not be read back from {TABLE}.", "Rename it.")
    return masked


def place(catalog: Catalog, own: Sequence[str]) -> list[str]:
    """Target name of each image; masks have the images' stems, so stems must differ."""
    found = layout.found_by_walk(catalog, own)
    names = [f"{split}{name}" for split, name in zip(layout.split_folders(catalog), found, strict=True)]
    return [f"{IMAGES}/{name}" for name in layout.unique(names, by_stem=True)]


def write(catalog: Catalog, folder: Path, names: Sequence[str], extras: Sequence[dict[str, Any]], aside: Aside) -> None:
    """Write masks and class table.

    Args:
        catalog: From ``masks_of``.
        folder: The new data set.
        names: Target name of each image.
        extras: Further fields of each image.
        aside: Counts what masks cannot hold.

    Raises:
        DataError: A mask cannot be read.
    """
    values = _values(catalog)
    own = catalog.categories
    colors = [own.color(k) for k in range(len(own))]
    palette = np.zeros((256, 3), np.uint8)
    palette[IGNORE] = IGNORED_COLOR
    palette[values] = colors
    table = np.full(256, IGNORE, np.uint8)
    table[: len(values)] = values

    def save(index: int) -> None:
        file = folder / mask_name(names[index])
        file.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(table[read_mask(catalog, index)])
        image.putpalette(palette.tobytes())
        image.save(file)

    for _ in in_threads(save, range(len(catalog))):
        pass
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["name", "id", "r", "g", "b"])
    rows.writerows([name, value, *color] for name, value, color in zip(own.names, values, colors, strict=True))
    (folder / TABLE).write_text(text.getvalue(), "utf-8", newline="")
    _count(catalog, values, extras, aside)


def mask_name(image: str) -> str:
    """The name of an image's mask: its own in ``masks``, as PNG."""
    return f"{MASKS}/{PurePosixPath(image.partition('/')[2]).with_suffix('.png')}"


def _values(catalog: Catalog) -> list[int]:
    """The pixel value of each class: the source's if it can stay, else its place."""
    own = catalog.categories
    most = IGNORE if own.ignore_ids or catalog.masks is None else IGNORE + 1
    if own.source_ids and all(0 <= value < most for value in own.source_ids):
        return list(own.source_ids)
    return list(range(len(own)))


def _count(catalog: Catalog, values: Sequence[int], extras: Sequence[dict[str, Any]], aside: Aside) -> None:
    count_lost(catalog, extras, aside)
    source = catalog.categories.source_ids
    if source and list(source) != list(values):
        aside.count("pixel values, counted anew from 0", TABLE, len(values))
    if catalog.masks is None and catalog.objects is not None:
        aside.count("objects as such, rasterised into masks", NOWHERE, len(catalog.objects.labels))
    if catalog.categories.ignore_ids not in ((), (IGNORE,)):
        aside.count(f"ignored pixel values, now {IGNORE}", NOWHERE, len(catalog.categories.ignore_ids))
