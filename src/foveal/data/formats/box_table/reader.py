"""A table with one box per row: TensorFlow's and Roboflow's ``_annotations.csv``, RetinaNet's, Open Images'.

``xmin, ymin, xmax, ymax`` or ``x, y, w, h`` in pixels or, where none exceeds 1, as fractions of the image's sides.
There may be a table per split. A row without a box is an image without objects.
"""

from pathlib import Path

from foveal.data.catalog.catalog import Catalog
from foveal.data.formats.annotations.assemble import assemble, find_images, report_unlisted
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.box_table.boxes import Boxes, finish
from foveal.data.formats.box_table.classes import ClassTable, class_table
from foveal.data.formats.box_table.columns import BoxColumns, box_columns_of
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.table.columns import note_unread
from foveal.data.formats.table.corners import corners_of
from foveal.data.formats.table.images import Images
from foveal.data.formats.table.tables import Tables, open_tables
from foveal.data.formats.table.text import sample_of
from foveal.data.notes import listed, plural
from foveal.errors import DataError
from foveal.types.categories import Categories

NAME = "box_table"


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read a table of boxes, or a folder with one per split.

    Args:
        path: The table, or the folder.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: A column is missing, no row has a usable box, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks.
    """
    request = request or Request()
    missing = DataError(f"{path} has no table of boxes.", "Name the CSV or TSV file itself.")
    tables = open_tables(path, request, has_boxes, missing=missing)
    images = Images(tables.root, tables.names, request.images)
    boxes, notes, read_as = Boxes(images, request), dict[str, None](), list[BoxColumns]()
    others = _others(images.tree, tables)
    is_open = _open_images(tables)
    classes = class_table(images.tree, others, open_images=is_open)
    for name, code in zip(tables.names, tables.codes, strict=True):
        table = path if path.is_file() else tables.root / name
        columns = boxes.add(table, name, code, classes)
        read_as.append(columns)
        notes |= dict.fromkeys([*columns.splits.notes, *note_unread(columns.unread)])
    categories = request.categories or _class_map(path, boxes, classes)
    fractions = is_open or any(columns.whole for columns in read_as) or (boxes.fractions and boxes.broken)
    if fractions and not is_open:
        notes["No coordinate exceeds 1: boxes are read as fractions of the images' sides."] = None
    if boxes.decimal_commas:
        notes[f"{plural(boxes.decimal_commas, 'row')} with decimal commas in coordinates."] = None
    if classes.files:
        of_table = {*classes.titles.values(), *classes.order}
        named = {*boxes.titles} <= of_table if not is_open else True
        told = f"Classes are named by {listed(classes.files)}." if named else f"Not read: {listed(classes.files)}."
        notes[told] = None
    there = find_images(boxes.drafts.values(), tables.root, request.repairs)
    finish(there, boxes, read_as[0].corners.kind, fractions=fractions, order=categories, fixed=request.categories)
    unlisted = images.unlisted((draft.name for draft in there), len(there))
    report_unlisted(tables.root, unlisted, tables.names[0], request.repairs)
    catalog = assemble(
        there,
        root=tables.root,
        format=NAME,
        categories=categories,
        repairs=request.repairs,
        notes=[*notes, *images.notes(())],
    )
    return usable(catalog, path, request.repairs)


def usable(catalog: Catalog, path: Path, repairs: Repairs) -> Catalog:
    """The same, if it has objects.

    Raises:
        DataError: It has none: all were invalid.
    """
    if catalog.objects is None or not len(catalog.objects.boxes):
        raise DataError(f"{path}: no row has a usable box.{repairs.first()}", "Check the boxes and their images.")
    return catalog


def has_boxes(path: Path) -> bool:
    """Whether a file is a table with columns of paths, boxes and classes."""
    try:
        sample = sample_of(path)
        return corners_of(sample) is not None and bool(box_columns_of(path, sample))
    except DataError:
        return False


def named_classes(tree: Tree, tables: Tables) -> list[str]:
    """The table of classes that is read beside tables of boxes."""
    return list(class_table(tree, _others(tree, tables), open_images=_open_images(tables)).files)


def _open_images(tables: Tables) -> bool:
    every = (tables.root / name for name in tables.names)
    return any(box_columns_of(table, sample_of(table)).open_images for table in every)


def _others(tree: Tree, tables: Tables) -> list[str]:
    """Tables beside those of boxes."""
    homes = dict.fromkeys(["", *(name.rpartition("/")[0] for name in tables.names)])
    below = [tree.folder(home).inside(name) for home in homes for name in tree.folder(home).folders]
    above = [home.rpartition("/")[0] + "/metadata" for home in homes if "/" in home]
    every = (name for home in dict.fromkeys([*homes, *above, *below]) for name in tree.folder(home).with_suffix(".csv"))
    return [name for name in dict.fromkeys(every) if name not in tables.names]


def _class_map(path: Path, boxes: Boxes, classes: ClassTable) -> Categories:
    """The classes of the class table where all are in it, else those of the boxes, by name."""
    if not boxes.titles:
        raise DataError(
            f"{path}: no row has a usable box.{boxes.request.repairs.first()}", "Check the columns of the table."
        )
    known = {*boxes.titles} <= {*classes.order}
    return Categories(classes.order if known else tuple(sorted(boxes.titles)))
