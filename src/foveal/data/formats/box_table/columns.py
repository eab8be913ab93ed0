"""Which column of a table of boxes is what."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from foveal.data.formats.table.corners import MASKS, Corners, automl_path, corners_of, vague_box
from foveal.data.formats.table.split_column import SplitColumns, split_columns
from foveal.data.formats.table.text import Sample, is_image_name
from foveal.data.formats.table.titles import ID_TITLES, LABEL_TITLES, PATH_TITLES, place, plain
from foveal.errors import DataError
from foveal.types.flags import Flag

SIZES = (("width", "image_width", "img_width", "im_width"), ("height", "image_height", "img_height", "im_height"))
"""Titles of the image's width and height."""
FLAGS: Mapping[str, Flag] = {
    "isgroupof": Flag.CROWD,
    "is_group_of": Flag.CROWD,
    "iscrowd": Flag.CROWD,
    "is_crowd": Flag.CROWD,
    "difficult": Flag.DIFFICULT,
    "truncated": Flag.TRUNCATED,
    "istruncated": Flag.TRUNCATED,
    "is_truncated": Flag.TRUNCATED,
    "ignore": Flag.IGNORE,
}
"""Titles of flags; those of Open Images among them."""
RETINA = ("path", "x1", "y1", "x2", "y2", "class")
"""The columns of a table without a header, which the image's width and height may follow."""
AUTOML = ("set", "path", "label", "x1", "y1", "x2", "y1", "x2", "y2", "x1", "y2")
"""The columns of a table of Google's AutoML; the first may be missing."""
OPEN_IMAGES = ("imageid", "labelname")
"""Titles of Open Images' tables, whose coordinates are fractions of the image's sides."""


@dataclass(frozen=True)
class BoxColumns:
    """A table's columns of paths, boxes and classes.

    Attributes:
        titles: Of all columns; without a header, their numbers.
        path: The column of paths.
        label: The column of classes.
        corners: The columns of boxes.
        size: The columns of the image's width and height, if it has both.
        flags: Columns of flags.
        splits: The columns of splits.
        open_images: Whether they are those of Open Images.
        whole: Whether columns that are not read say nothing more.
    """

    titles: tuple[str, ...]
    path: int
    label: int
    corners: Corners
    size: tuple[int, int] | None = None
    flags: tuple[tuple[int, Flag], ...] = ()
    splits: SplitColumns = SplitColumns()  # noqa: RUF009  (immutable)
    open_images: bool = False
    whole: bool = False

    @property
    def unread(self) -> list[str]:
        """Titles of the columns that are not read."""
        if self.whole:
            return []
        flags = [at for at, _ in self.flags]
        read = {self.path, self.label, *self.corners.columns, *(self.size or ()), *flags}
        read |= {*self.splits.columns, *self.splits.told}
        return [title or f"column {at + 1}" for at, title in enumerate(self.titles) if at not in read]


def box_columns_of(path: Path, sample: Sample) -> BoxColumns:
    """Find the columns.

    Raises:
        DataError: There are none of boxes, of paths or of classes.
    """
    corners, titles = corners_of(sample), sample.titles
    if corners is None:
        vague = vague_box(sample)
        what = f"{path} has no columns of boxes"
        if plain(vague) in MASKS:
            raise DataError(
                f"{path}: column {vague!r} holds masks, which are not read from tables.",
                "Convert them to COCO, whose segmentations are polygons or RLE, or to files of masks.",
            )
        raise DataError(
            f"{what}: the title of column {vague!r} does not say how a box is written." if vague else f"{what}.",
            "Write a box as four columns: xmin, ymin, xmax, ymax in pixels, or x, y, w, h.",
        )
    at = -1 if titles else automl_path(sample)
    if at >= 0:
        return BoxColumns(AUTOML[1 - at :], at, at + 1, corners, splits=SplitColumns(at - 1), whole=True)
    if not titles:
        sized = len(sample.rows[0]) > len(RETINA)
        return BoxColumns((*RETINA, "width", "height") if sized else RETINA, 0, 5, corners, (6, 7) if sized else None)
    found = [at for at in place(titles, (*PATH_TITLES, *ID_TITLES)) if at not in corners.columns]
    if not found:
        raise DataError(
            f"{path} has columns of boxes, but none of paths (filename, image, path, file_name or image_id).",
            f"Its columns: {', '.join(titles)}.",
        )
    at = next((at for at in found if any(map(is_image_name, sample.column(at)[:20]))), found[0])
    labels = [at_ for at_ in place(titles, LABEL_TITLES) if at_ not in (at, *corners.columns)]
    words = [at_ for at_ in labels if not all(value.isdigit() for value in sample.column(at_))]
    if not labels:
        raise DataError(
            f"{path} has columns of boxes, but none of classes (class, label, category or LabelName).",
            f"Its columns: {', '.join(titles)}. Add one that names the class of each box.",
        )
    label = (words or labels)[0]
    taken = (at, label, *corners.columns)
    sizes = [next((i for i in place(titles, words) if i not in taken), -1) for words in SIZES]
    flags = tuple((i, FLAGS[plain(title)]) for i, title in enumerate(titles) if plain(title) in FLAGS)
    splits = split_columns(sample, (*taken, *sizes, *(i for i, _ in flags)), one_hot=True)
    size = (sizes[0], sizes[1]) if min(sizes) >= 0 else None
    is_open = {*OPEN_IMAGES} <= {plain(title) for title in titles}
    return BoxColumns(titles, at, label, corners, size, flags, splits, is_open)
