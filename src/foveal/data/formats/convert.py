"""Conversion between formats; what the target cannot store goes into a side-car, or is told.

The new data set appears at once: it is written to a temporary folder and then renamed. Images are copied byte by
byte, never decoded.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from foveal.artifact.place import fitting
from foveal.data.catalog.catalog import SPLITS, Catalog
from foveal.data.config import Target
from foveal.data.formats import layout
from foveal.data.formats.coco import writer as coco_writer
from foveal.data.formats.cvat import writer as cvat_writer
from foveal.data.formats.image_folder import writer as image_folder_writer
from foveal.data.formats.labelme import writer as labelme_writer
from foveal.data.formats.mask_folder import writer as mask_folder_writer
from foveal.data.formats.read import recognise
from foveal.data.formats.sidecar import reader as sidecar
from foveal.data.formats.sidecar.writer import Aside, Kept
from foveal.data.formats.table import writer as table_writer
from foveal.data.formats.voc import writer as voc_writer
from foveal.data.formats.yolo import writer as yolo_writer
from foveal.errors import DataError, RunError
from foveal.ops.threads import in_threads

WRITERS = {
    "coco": coco_writer,
    "voc": voc_writer,
    "yolo": yolo_writer,
    "labelme": labelme_writer,
    "cvat": cvat_writer,
}
"""Of objects, with a side-car."""
OTHERS = {"mask_folder": mask_folder_writer, "image_folder": image_folder_writer, "table": table_writer}
"""Of masks and of labels."""


@dataclass(frozen=True)
class Conversion:
    """What was written.

    Attributes:
        path: The new data set.
        format: Its format.
        images: Images.
        objects: Objects.
        splits: Images of each split that exists.
        kept: Fields that the format cannot store itself, and where they are.
        notes: How it is read, where that is not plain.
    """

    path: str
    format: str
    images: int
    objects: int
    splits: dict[str, int]
    kept: tuple[Kept, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "path": self.path,
            "format": self.format,
            "images": self.images,
            "objects": self.objects,
            "splits": self.splits,
            "kept": [kept.to_dict() for kept in self.kept],
            "notes": list(self.notes),
        }


def convert(
    catalog: Catalog,
    out: Path,
    *,
    to: Target,
    link: bool = False,
    move: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Conversion:
    """Write a data set in another format.

    Args:
        catalog: With annotations that the format can hold.
        out: Folder of the new data set; absent or empty.
        to: Its format.
        link: Hard-link images instead of copying them.
        move: Move them instead: the data set is a temporary one.
        progress: Called with the number of images done.

    Raises:
        DataError: The format cannot hold the annotations, or an image cannot be copied.
        CategoryError: A class name that the format cannot store.
        RunError: The folder is not empty, lies in the data set, or cannot be written.
    """
    catalog = _fit(catalog, to)
    check_out(out, catalog.root)
    writer, aside = {**WRITERS, **OTHERS}[to], Aside(to)
    extras = [
        json.loads(catalog.extras[i]) if catalog.extras and catalog.extras[i] else {} for i in range(len(catalog))
    ]
    own = layout.own_names(catalog, extras)
    names = writer.place(catalog, own)
    # An image's name without its layout must survive a round trip through any layout.
    extras = [{**extra, layout.NAME_KEY: name} for extra, name in zip(extras, own, strict=True)]
    with new_folder(out, catalog.root) as draft:
        writer.write(catalog, draft, names, extras, aside)
        if text := aside.text():
            (draft / sidecar.NAME).write_text(text, "utf-8")
        _bring(catalog, draft, names, link=link, move=move, progress=progress)
    splits = {name: int((catalog.splits == code).sum()) for code, name in enumerate(SPLITS) if catalog.has(name)}
    num_objects = len(catalog.objects.labels) if to in WRITERS and catalog.objects is not None else 0
    return Conversion(str(out), to, len(catalog), num_objects, splits, tuple(aside.kept()), how_read(out, to))


@contextmanager
def new_folder(out: Path, source: Path) -> Iterator[Path]:
    """A folder to write into, which takes its place when all is done.

    Raises:
        RunError: The place is not empty, lies in the data set, or cannot be written.
    """
    check_out(out, source)
    draft = out.parent / fitting(f".{out.name}", f".{os.getpid()}.tmp")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir()
        yield draft
        if out.is_dir():
            out.rmdir()
        draft.rename(out)
    except OSError as error:
        raise RunError(f"{out}: cannot be written ({error.strerror or error}).", "Choose another folder.") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def how_read(out: Path, to: str) -> tuple[str, ...]:
    """A note where a new data set is not recognised as what it is."""
    try:
        found = recognise(out).format.name
    except DataError as error:
        return (f"Read it with --data.format {to}: {error.what}",)
    return () if found == to else (f"Read it with --data.format {to}; by itself it is taken for {found}.",)


def _fit(catalog: Catalog, to: Target) -> Catalog:
    """The annotations that a format holds.

    Raises:
        DataError: It cannot hold them.
    """
    if to == "mask_folder":
        return mask_folder_writer.masks_of(catalog)
    if to == "image_folder":
        image_folder_writer.check(catalog)
    elif to == "table":
        table_writer.check(catalog)
    elif catalog.masks is not None:
        raise DataError(
            f"{catalog.root} has semantic masks, which cannot be converted to {to}; it needs objects.",
            "Convert it to mask_folder, or convert a data set that has boxes.",
        )
    elif catalog.objects is None or catalog.sizes is None:
        raise DataError(
            f"{catalog.root} has class labels only; {to} needs boxes.",
            "Convert it to image_folder or table, or convert a data set that has boxes.",
        )
    return catalog


def check_out(out: Path, source: Path) -> None:
    """Check that a new data set may be written to a folder.

    Raises:
        RunError: It is not empty, or lies in the data set.
    """
    if out.resolve().is_relative_to(source.resolve()):
        raise RunError(f"{out} is inside the data set, which must not be changed.", "Choose another folder.")
    if out.exists() and not out.is_dir():
        raise RunError(f"{out} is a file.", "Give a folder that does not exist yet.")
    if out.is_dir() and any(out.iterdir()):
        raise RunError(f"{out} is not empty.", "Give a folder that does not exist yet, or an empty one.")


def _bring(
    catalog: Catalog,
    folder: Path,
    names: list[str],
    *,
    link: bool,
    move: bool,
    progress: Callable[[int], None],
) -> None:
    for parent in {(folder / name).parent for name in names}:
        parent.mkdir(parents=True, exist_ok=True)

    def bring(index: int) -> None:
        source, target = catalog.path(index), folder / names[index]
        try:
            if move:
                source.rename(target)
            elif link:
                os.link(source.resolve(), target)
            else:
                shutil.copyfile(source, target)
        except OSError as error:
            how = "linked; leave out --link to copy it" if link else "copied"
            raise DataError(
                f"{source}: cannot be {how} ({error.strerror or error}).", "Check the file and the free space."
            ) from None

    for done, _ in enumerate(in_threads(bring, range(len(catalog))), 1):
        progress(done)
