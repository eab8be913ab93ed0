"""Any data set: recognise its format, then read it."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from foveal.data.catalog.as_masks import as_masks
from foveal.data.catalog.catalog import Annotation, Catalog
from foveal.data.config import Format
from foveal.data.formats.annotations.repair import Bad, Repairs
from foveal.data.formats.groups import with_groups
from foveal.data.formats.mask_folder.reader import NAME as MASK_FOLDER
from foveal.data.formats.recognition.evidence import Evidence, Sure
from foveal.data.formats.recognition.recognise import Choice
from foveal.data.formats.recognition.recognise import recognise as weigh
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.registry import FORMATS
from foveal.errors import DataError
from foveal.types.categories import Categories


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
    images: str = "",
    labels: str = "",
) -> Catalog:
    """Read a data set.

    Args:
        path: A folder or a file, such as a table, a COCO JSON file or a YOLO YAML file.
        format: Its format; auto: recognised.
        categories: A model's class map to enforce instead of the data set's own; some classes may then be missing.
        bad: Treatment of invalid annotations of objects, see ``annotations.repair``.
        classes: Classes of masks, see ``mask_folder.read``.
        ignore: Pixel values of masks to ignore.
        annotations: Annotations that a task learns from, in order of preference; None: the data set's main annotations.
        groups: Rule that names the images' groups, see ``groups``; empty: images are independent.
        tiled: Whether images with boxes may be too large to be decoded at once, since they are read part by part.
        images: The folder of images, where the layout does not show it; relative to the data set, or to here.
        labels: The file or folder with the annotations, likewise.

    Raises:
        DataError: No such path, no format is sure, or its content is invalid; the message names the file and the
            reason.
        CategoryError: A class that the class map lacks.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder.", _suggestion(path))
    request = Request(
        categories=categories,
        repairs=Repairs(bad, tiled=tiled),
        classes=classes,
        ignore=ignore,
        annotations=annotations or (),
        groups=groups,
        images=named(path, images, "images"),
        root=path if labels and path.is_dir() else None,
    )
    choice = recognise(path, format=format, request=request, labels=labels)
    if choice.format.name != MASK_FOLDER and (classes or ignore):
        raise DataError(
            f"{path} is read as {choice.format.title}; classes and ignored pixel values are for mask folders.",
            "Leave out --classes and --ignore, or use images with masks.",
        )
    catalog = choice.format.read(choice.evidence.where, request)
    if catalog.annotation == "boxes" and _masks_first(request.annotations):
        catalog = as_masks(catalog, fixed=categories is not None)
    found = replace(catalog, why=choice.why, notes=(*choice.notes(), *catalog.notes))
    return with_groups(found, groups)


def recognise(
    path: Path,
    *,
    format: Format = "auto",  # noqa: A002
    request: Request | None = None,
    labels: str = "",
) -> Choice:
    """The format of a data set, and what its reader is to be given.

    Args:
        path: A folder or a file.
        format: A format that the user named; auto: the evidence decides.
        request: What is asked; None: nothing in particular.
        labels: The file or folder with the annotations, as the user named it.

    Raises:
        DataError: No format is sure, or several are equally unsure.
    """
    request = request or Request()
    tree = Tree(path, labels=named(path, labels, "labels"), images=request.images)
    if format == "auto":
        return weigh(tree, FORMATS.values(), request.annotations)
    own = FORMATS[format]
    try:
        return weigh(tree, [own])
    except DataError:  # the reader has the last word
        return Choice(own, Evidence(tree.labels or path, f"--data.format {format}", Sure.CERTAIN, ()))


def named(path: Path, text: str, what: str) -> Path | None:
    """A file or folder that the user named, relative to the data set or to the working folder.

    Raises:
        DataError: It does not exist.
    """
    if not text:
        return None
    home = path if path.is_dir() else path.parent
    for there in (home / text, Path(text)):
        if there.exists():
            return there
    raise DataError(f"--data.{what} {text}: no such file or folder, neither in {home} nor here.", "Check the path.")


def _masks_first(annotations: Sequence[Annotation]) -> bool:
    """Whether masks are preferred to boxes."""
    return "masks" in annotations and "boxes" not in annotations[: annotations.index("masks")]


def _suggestion(path: Path) -> str:
    """A hint with a name that is nearly the missing one, else with the nearest existing parent."""
    path = path.absolute()
    parent = next((p for p in path.parents if p.is_dir()), None)
    if parent is None:
        return "Check the path."
    names = [there.name for there in islice(parent.glob("*"), 1000)]  # matching is slow
    near = get_close_matches(path.relative_to(parent).parts[0], names, n=1, cutoff=0.75)
    return f"Did you mean {parent / near[0]}?" if near else f"The nearest folder that exists is {parent}."
