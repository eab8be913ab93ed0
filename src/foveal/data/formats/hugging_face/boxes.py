"""Rows of metadata.jsonl with objects, collected into drafts of images."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.objects import Object
from foveal.data.formats import layout
from foveal.data.formats.annotations.assemble import assemble, find_images, report_unlisted
from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.box_table.reader import usable
from foveal.data.formats.hugging_face.metadata import rows_of
from foveal.data.formats.hugging_face.rows import box_of, objects_of, split_in, title_of, unnamed
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.table.images import Images
from foveal.errors import DataError
from foveal.types.categories import Categories

NAME = "hugging_face"
BOXES_NOTE = "objects.bbox is read as x, y, width and height in pixels."


@dataclass
class Source:
    """What is known of a data set before its rows are read.

    Attributes:
        root: Folder that names are relative to.
        file_key: The key of the image's path.
        names: The card's name of each class id.
        images: Finds the images.
        request: What the caller asks.
        split_key: The key of the split's word; empty: there is none.
        titles: Number of each class, in order of appearance.
    """

    root: Path
    file_key: str
    names: dict[str, str]
    images: Images
    request: Request
    split_key: str = ""
    titles: dict[str, int] = field(default_factory=dict)


def read_boxes(source: Source, files: Sequence[str], notes: Sequence[str]) -> Catalog:
    """All boxes of a data set.

    Args:
        source: See there.
        files: Its metadata files, relative to the root.
        notes: Notes of the reader.

    Raises:
        DataError: A line is invalid, or there is no usable box.
        CategoryError: A class that the class map lacks.
    """
    root, repairs, fixed = source.root, source.request.repairs, source.request.categories
    drafts = [_draft(row, f"{file}, line {line}", source) for file in files for line, row in rows_of(root / file)]
    if not source.titles:
        raise DataError(f"{root}: no row of {files[0]} has a usable box.{repairs.first()}", "Check its 'objects'.")
    known = fixed or Categories(tuple(_order(source)))
    there = find_images(drafts, root, repairs)
    if fixed is None:
        places = [known.index(title) for title in source.titles]
        for draft in there:
            draft.objects = [replace(item, label=places[item.label]) for item in draft.objects]
    report_unlisted(root, source.images.unlisted((d.name for d in there), len(there)), files[0], repairs)
    found = [*notes, *source.images.notes(())]
    catalog = assemble(there, root=root, format=NAME, categories=known, repairs=repairs, notes=found)
    return usable(catalog, root / files[0], repairs)


def _draft(row: dict[str, object], where: str, source: Source) -> Draft:
    written, repairs = row.get(source.file_key), source.request.repairs
    if not isinstance(written, str) or not layout.is_file_name(written):
        raise unnamed(f"{source.root / where}", source.file_key)
    split = split_in(where, written, row.get(source.split_key))
    draft = Draft(source.images.find(written, split) or source.images.resolver.likely(written), where, split)
    try:
        objects = list(objects_of(row))
    except ValueError as error:
        repairs.add(draft.name, where, "malformed", str(error), "dropped")
        objects = []
    for number, (box, value) in enumerate(objects, 1):
        place = f"{where}, object {number}"
        try:
            x, y, width, height = box_of(box)
            title = title_of(value, source.names)
        except ValueError as error:
            repairs.add(draft.name, place, "malformed", str(error), "dropped")
            continue
        label = source.titles.setdefault(title, len(source.titles))
        if source.request.categories is not None:
            label = source.request.categories.index(title, where=f"{source.root / where}")
        draft.add(Object((x, y, x + width, y + height), label), place, place)
    return draft


def _order(source: Source) -> list[str]:
    """Classes in the card's order where it names all, in that of their ids where all are numbers, else by name."""
    own = [*source.titles]
    if source.names and {*own} <= {*source.names.values()}:
        return list(dict.fromkeys(source.names.values()))
    return sorted(own, key=int) if all(map(str.isdecimal, own)) else sorted(own)
