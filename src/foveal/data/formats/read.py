"""Any data set: recognise its format, then read it.

Where several formats fit a folder, the first of these is used: a COCO JSON file, Pascal VOC's XML, YOLO's YAML or
text files, a table, images with masks, an image folder. A task's annotations may change that: Pascal VOC trees may have
masks as well, and segmentations of objects can be rasterised as semantic masks.
"""

from collections.abc import Sequence
from pathlib import Path

from foveal.data.catalog.as_masks import as_masks
from foveal.data.catalog.catalog import Annotation, Catalog
from foveal.data.config import Format
from foveal.data.formats import image_folder, table
from foveal.data.formats.annotations.repair import Bad, Repairs
from foveal.data.formats.coco import reader as coco
from foveal.data.formats.coco.record import NAME as COCO
from foveal.data.formats.coco.source import find as find_coco
from foveal.data.formats.groups import with_groups
from foveal.data.formats.mask_folder import reader as mask_folder
from foveal.data.formats.mask_folder.layout import find_voc
from foveal.data.formats.mask_folder.pairs import looks_like as looks_like_masks
from foveal.data.formats.voc import reader as voc
from foveal.data.formats.voc.record import NAME as VOC
from foveal.data.formats.yolo import reader as yolo
from foveal.data.formats.yolo.layout import find as find_yolo
from foveal.data.formats.yolo.record import NAME as YOLO
from foveal.errors import DataError
from foveal.types.categories import Categories

ANNOTATED = {COCO: coco.read, VOC: voc.read, YOLO: yolo.read}
KINDS = {
    **dict.fromkeys(table.SUFFIXES, table.NAME),
    ".json": COCO,
    ".yaml": YOLO,
    ".yml": YOLO,
}
"""Format of a file by its suffix."""


def read(
    path: str | Path,
    *,
    format: Format = "auto",  # noqa: A002
    categories: Categories | None = None,
    bad: Bad = "clip",
    classes: str = "",
    ignore: Sequence[int] = (),
    annotations: Sequence[Annotation] | None = None,
    groups: str = "",
    tiled: bool = False,
) -> Catalog:
    """Read a data set.

    Args:
        path: A folder, a table, a COCO JSON file or a YOLO YAML file.
        format: Its format; auto: detected.
        categories: A model's class map to enforce instead of the data set's own; some classes may then be missing.
        bad: Treatment of invalid annotations of objects, see ``annotations.repair``.
        classes: Classes of masks, see ``mask_folder.read``.
        ignore: Pixel values of masks to ignore.
        annotations: Annotations that a task learns from, in order of preference; None: the data set's main annotations.
        groups: Rule that names the images' groups, see ``groups``; empty: images are independent.
        tiled: Whether images with boxes may be too large to be decoded at once, since they are read part by part.

    Raises:
        DataError: No such path, or its content is invalid; the message names the file and the reason.
        CategoryError: A class that the class map lacks.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder.", _suggestion(path))
    kind, where = recognise(path) if format == "auto" else (format, path)
    masks_first = _masks_first(annotations or ())
    if kind == VOC and masks_first and where.is_dir() and find_voc(where) is not None:
        kind = mask_folder.NAME
    if kind != mask_folder.NAME and (classes or ignore):
        raise DataError(
            f"{path} is read as {kind}; classes and ignored pixel values are for mask folders.",
            "Leave out --classes and --ignore, or use images with masks.",
        )
    if kind == mask_folder.NAME:
        catalog = mask_folder.read(where, categories=categories, classes=classes, ignore=ignore)
    elif kind in ANNOTATED:
        _check_kind(kind, where)
        catalog = ANNOTATED[kind](where, categories=categories, repairs=Repairs(bad, tiled=tiled))
        catalog = as_masks(catalog, fixed=categories is not None) if masks_first else catalog
    else:
        catalog = _read_labelled(kind, where, categories, groups)
    return with_groups(catalog, groups)


def _read_labelled(kind: str, where: Path, categories: Categories | None, groups: str) -> Catalog:
    """An image folder or a table."""
    if kind == image_folder.NAME:
        if not where.is_dir():
            raise DataError(
                f"{where} is a file, not an image folder.", "Name the folder, or use the format 'table' for a table."
            )
        return image_folder.read(where, categories=categories)
    if not where.is_file():
        raise DataError(f"{where} is a folder, not a table.", "Name the CSV or TSV file itself.")
    return table.read(where, categories=categories, groups=groups)


def recognise(path: Path) -> tuple[str, Path]:
    """Name of the format, and the file or folder to read: a folder that holds one table and no classes is that table.

    Raises:
        DataError: An empty folder, or an unknown kind of file.
    """
    if path.is_file():
        kind = KINDS.get(path.suffix.lower())
        if kind is None:
            raise DataError(
                f"{path} is not a data set.",
                "Name a folder, a table (.csv or .tsv), a COCO .json or a YOLO .yaml file.",
            )
        return kind, path
    entries = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
    if not entries:
        raise DataError(f"{path} is an empty folder.", "Use a folder with one sub-folder of images per class.")
    if find_coco(path)[1]:
        return COCO, path
    if voc.find(path) is not None:
        return VOC, path
    if find_yolo(path) is not None:
        return YOLO, path
    tables = [entry for entry in entries if entry.suffix.lower() in (".csv", ".tsv") and entry.is_file()]
    images_alone = {entry.name for entry in entries if entry.is_dir()} <= {table.IMAGES}
    if len(tables) == 1 and (images_alone or not image_folder.looks_like(path)):
        return table.NAME, tables[0]
    return (mask_folder.NAME if looks_like_masks(path) else image_folder.NAME), path


def _masks_first(annotations: Sequence[Annotation]) -> bool:
    """Whether masks are preferred to boxes."""
    return "masks" in annotations and "boxes" not in annotations[: annotations.index("masks")]


def _check_kind(kind: str, where: Path) -> None:
    """Check that the given format fits the path."""
    if kind == COCO and not find_coco(where)[1]:
        raise DataError(
            f"{where} has no COCO JSON file.", "Name the file, or a folder with annotations/instances*.json in it."
        )


def _suggestion(path: Path) -> str:
    """A hint with the nearest existing parent."""
    parent = next((p for p in path.absolute().parents if p.is_dir()), None)
    return f"The nearest folder that exists is {parent}." if parent else "Check the path."
