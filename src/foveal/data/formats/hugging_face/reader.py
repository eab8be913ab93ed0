"""Hugging Face's image folder with metadata.jsonl: labels, lists of labels, or boxes of objects.

``objects.bbox`` is x, y, width and height, as Hugging Face documents it. Classes are names, or ids that the card
(README.md) names.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from foveal.data.catalog.catalog import Catalog
from foveal.data.formats.hugging_face.boxes import BOXES_NOTE, NAME, Source, read_boxes
from foveal.data.formats.hugging_face.card import CARD, class_names
from foveal.data.formats.hugging_face.metadata import METADATA, files_of, names_in, rows_of, sample_of
from foveal.data.formats.hugging_face.rows import (
    CLASS_KEYS,
    OBJECTS,
    has_objects,
    label_key,
    objects_of,
    path_key,
    split_in,
    split_key,
    title_of,
    unnamed,
    unread_keys,
)
from foveal.data.formats.hugging_face.stored import refusal
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.table.columns import note_unread
from foveal.data.formats.table.images import Images
from foveal.data.formats.table.labels import Labels
from foveal.data.formats.table.rows import Row, Rows
from foveal.errors import DataError

SIZE_KEYS = ("width", "height", "image_id")
"""Keys that need no words: the file itself has the size."""


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read metadata.jsonl, or a folder with one per split.

    Args:
        path: The file, or the folder.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: A line is invalid, there are no labels and no boxes, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks.
    """
    request = request or Request()
    tree = Tree(path) if request.root is None else Tree(request.root, labels=path)
    names, root = files_of(tree), tree.root
    rows = [row for name in names for row in sample_of(root / name)]
    file_key, label = path_key(rows), label_key(rows)
    if not names and (stored := refusal(tree)) is not None:
        raise DataError(stored.seen, stored.hint)
    if not names or not file_key:
        raise DataError(f"{path} has no {METADATA} with the key 'file_name'.", "Name the folder that has it.")
    boxes = has_objects(rows) and not (label and request.annotations and request.annotations[0] == "labels")
    if not boxes and not label:
        keys = ", ".join(dict.fromkeys(key for row in rows for key in row))
        raise DataError(
            f"{root / names[0]}: no labels and no boxes; its keys are {keys}.", "Add a key 'label' or 'objects'."
        )
    titles = next((named for name in names if (named := names_in(root / name))), {}) or class_names(root, CLASS_KEYS)
    splits = split_key(rows)
    read_keys = {file_key, splits, *((OBJECTS,) if boxes else (label,)), *SIZE_KEYS}
    notes = note_unread(unread_keys(rows, read_keys), "Key")
    if any(key in titles for row in rows for key in _classes(row, label)):
        notes.append(f"Class ids are named by {CARD}.")
    images = Images(root, names, request.images)
    if boxes:
        return read_boxes(Source(root, file_key, titles, images, request, splits), names, [*notes, BOXES_NOTE])
    found = Rows(images, Labels(request.categories))
    for name in names:
        found.add(root / name, _labelled(root / name, name, (file_key, label, splits), titles, found))
    return found.catalog(root, path, format=NAME, notes=notes)


def _classes(row: dict[str, object], label: str) -> Iterator[str]:
    """The classes of a row and of its objects, as written."""
    value = row.get(label)
    yield from map(str, value if isinstance(value, list) else [value])
    with suppress(ValueError):
        for _, one in objects_of(row):
            yield str(one)


def _labelled(path: Path, name: str, keys: tuple[str, str, str], titles: dict[str, str], found: Rows) -> Iterator[Row]:
    file_key, label, splits = keys
    for line, row in rows_of(path):
        written, value = row.get(file_key), row.get(label)
        if not isinstance(written, str):
            raise unnamed(f"{path}, line {line}", file_key)
        found.several |= isinstance(value, list)
        values = value if isinstance(value, list) else [] if value in (None, "") else [value]
        try:
            labels = tuple(title_of(one, titles) for one in values)
        except ValueError as error:
            raise DataError(f"{path}, line {line}: {error}.", "Write the class as text.") from None
        yield Row(line, written, split_in(name, written, row.get(splits)), labels)
