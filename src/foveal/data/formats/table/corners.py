"""Columns that say where an object lies."""

from dataclasses import dataclass
from typing import Literal

from foveal.data.formats.table.split_column import is_split
from foveal.data.formats.table.text import Sample, is_image_name
from foveal.data.formats.table.titles import plain

Kind = Literal["corners", "corner and size", "centre and size"]
SIDES: dict[Kind, tuple[tuple[str, ...], ...]] = {
    "corners": (
        ("xmin", "x1", "x_min", "left", "bbox_xmin", "bbox_x1", "bbox_x_min", "x_1", "bb_xmin", "box_xmin", "min_x"),
        ("ymin", "y1", "y_min", "top", "bbox_ymin", "bbox_y1", "bbox_y_min", "y_1", "bb_ymin", "box_ymin", "min_y"),
        ("xmax", "x2", "x_max", "right", "bbox_xmax", "bbox_x2", "bbox_x_max", "x_2", "bb_xmax", "box_xmax", "max_x"),
        ("ymax", "y2", "y_max", "bottom", "bbox_ymax", "bbox_y2", "bbox_y_max", "y_2", "bb_ymax", "box_ymax", "max_y"),
    ),
    "corner and size": (
        ("x", "bbox_x", "box_x", "left", "xmin", "x_min", "x1", "bbox_left", "bbox_xmin", "top_left_x", "region_x"),
        ("y", "bbox_y", "box_y", "top", "ymin", "y_min", "y1", "bbox_top", "bbox_ymin", "top_left_y", "region_y"),
        ("w", "bbox_w", "box_w", "bbox_width", "box_width", "bw", "width"),
        ("h", "bbox_h", "box_h", "bbox_height", "box_height", "bh", "height"),
    ),
    "centre and size": (
        ("cx", "x_center", "xcenter", "center_x", "x_centre", "centre_x", "xc", "bbox_cx", "bbox_x_center"),
        ("cy", "y_center", "ycenter", "center_y", "y_centre", "centre_y", "yc", "bbox_cy", "bbox_y_center"),
        ("w", "bbox_w", "box_w", "bbox_width", "box_width", "bw", "width"),
        ("h", "bbox_h", "box_h", "bbox_height", "box_height", "bh", "height"),
    ),
}
"""Titles of the four columns of a box, for each way to write it."""
RETINA_FIELDS = (6, 8)
"""Path, box and class; SKU-110K's tables have the image's width and height behind them."""
AUTOML_FIELDS = 10
"""Path, class and four corners."""
LARGEST_PART = 1.001
"""Largest coordinate of AutoML's, which are parts of the image's sides."""
MASKS = frozenset({"rle", "rles", "encodedpixels", "encoded_pixels", "rle_mask", "mask_rle", "segmentation", "polygon"})
"""Columns of masks, which no table is read for."""
VAGUE = MASKS | {"bbox", "bboxes", "box", "boxes", "bounding_box", "boxesstring", "region_shape_attributes"}
"""Columns of boxes or masks whose title does not say how they are written."""


@dataclass(frozen=True)
class Corners:
    """The columns of a box.

    Attributes:
        kind: How it is written.
        columns: Their four places, as ``SIDES`` orders them.
    """

    kind: Kind
    columns: tuple[int, int, int, int]


def corners_of(sample: Sample) -> Corners | None:
    """The columns of boxes; None: there are none.

    Without a header they are those of RetinaNet's tables: path, x1, y1, x2, y2, class, perhaps width and height; or
    those of Google's AutoML: split, path, class and up to four corners, of which the first and the third are a box.
    """
    if not sample.has_header:
        if _retina(sample):
            return Corners("corners", (1, 2, 3, 4))
        at = automl_path(sample)
        return None if at < 0 else Corners("corners", (at + 2, at + 3, at + 6, at + 7))
    plains = [plain(title) for title in sample.titles]
    for kind, sides in SIDES.items():
        found = [next((plains.index(word) for word in words if word in plains), -1) for words in sides]
        if min(found) >= 0:
            x, y, a, b = found
            return Corners(kind, (x, y, a, b))
    return None


def vague_box(sample: Sample) -> str:
    """The first column of boxes or masks whose title does not say how they are written; empty: none."""
    return next((title for title in sample.titles if plain(title) in VAGUE), "")


def _retina(sample: Sample) -> bool:
    if not sample.rows or len(sample.rows[0]) not in RETINA_FIELDS or not is_image_name(sample.rows[0][0]):
        return False
    values = [value for at in (1, 2, 3, 4) for value in sample.column(at)]
    sizes = [value for at in range(min(RETINA_FIELDS), len(sample.rows[0])) for value in sample.column(at)]
    return bool(values) and all(map(is_number, values)) and all(map(str.isdigit, sizes))


def automl_path(sample: Sample) -> int:
    """The column of paths in a table of AutoML's, before which its split may stand; -1: it is none."""
    first = sample.rows[0] if sample.rows else ()
    at = len(first) - AUTOML_FIELDS
    if at not in (0, 1) or not is_image_name(first[at]):
        return -1
    words = sample.column(0) if at else []
    sides = [value for column in range(at + 2, len(first)) for value in sample.column(column)]
    fits = all(map(is_split, words)) and all(map(is_number, sides)) and bool(sides)
    return at if fits and all(0 <= float(value) <= LARGEST_PART for value in sides) else -1


def is_number(text: str) -> bool:
    """Whether a field is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
