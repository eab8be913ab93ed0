"""A data set as a whole: are its boxes in pixels, and is anything left of them?

Shapes: M objects of all images. Boxes are xyxy pixels.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from foveal.data.catalog.catalog import Repair
from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.annotations.packed import Packed
from foveal.data.formats.annotations.repair import KINDS
from foveal.data.notes import plural
from foveal.errors import DataError

OF_OBJECTS = frozenset(
    {"outside", "no_area", "not_finite", "malformed", "unknown_class", "unknown_image", "twice", "duplicate_id"}
)
"""Kinds of faults for which an object is dropped."""
FIRST_PX = 1.01
"""Where the first pixel ends, with a little for rounding."""


def check_unit(root: Path, drafts: Sequence[Draft], packed: Packed | None = None) -> None:
    """Check that not every box lies in the first pixel of its image: then the numbers are parts of its sides.

    Raises:
        DataError: Every box does, with coordinates that are no whole numbers.
    """
    boxes = np.array([item.box for draft in drafts for item in draft.objects], np.float64).reshape(-1, 4)
    if packed is not None:
        rows, _ = packed.rows(drafts)
        boxes = np.concatenate([boxes, packed.columns.boxes[rows]])
    with np.errstate(invalid="ignore"):
        if len(boxes) < 2 or not ((boxes >= -1) & (boxes <= FIRST_PX)).all():
            return
        if (boxes == np.round(boxes)).all(1).any():
            return
    draft = next((d for d in drafts if d.objects), drafts[0])
    numbers = ", ".join(f"{value:.3g}" for value in boxes[0])
    raise DataError(
        f"{root}: all {plural(len(boxes), 'box')} lie in the first pixel of their images (such as {numbers}), so the"
        " numbers are likely parts of the image's width and height, not pixels.",
        f"Multiply them by the width and height of each image, or convert the data set again (the first is"
        f" {draft.name}).",
    )


def check_left(root: Path, num_objects: int, repairs: Sequence[Repair]) -> None:
    """Check that objects were not all dropped.

    Raises:
        DataError: They were; the message has the first.
    """
    lost = [repair for repair in repairs if repair.action == "dropped" and repair.kind in OF_OBJECTS]
    if num_objects or not lost:
        return
    first = lost[0]
    kinds = ", ".join(dict.fromkeys(KINDS[repair.kind] for repair in lost))
    raise DataError(
        f"{root}: not one object is left: {len(lost):,} of {len(lost):,} dropped ({kinds}). The first:"
        f" {f'{first.path} ' if first.path else ''}{first.message} ({first.where}).",
        "Correct the annotations, or name those that belong to the images with --data.labels.",
    )
