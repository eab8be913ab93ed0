"""Images taken out of Parquet and Arrow files into a folder, for the time of a conversion.

The folder is Hugging Face's own image folder (an image per row and ``metadata.jsonl``) or, where a column holds masks,
one of images with masks. It is read as any other data set is.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from foveal.artifact.place import fitting
from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats.hugging_face.card import CARD, FENCE
from foveal.data.formats.hugging_face.features import LABEL, Features, features_of, named
from foveal.data.formats.hugging_face.metadata import METADATA
from foveal.data.formats.hugging_face.parquet import rows_in
from foveal.data.formats.hugging_face.stored import DEPTH, Shard, one_config, shards_of
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.splits import split_of
from foveal.data.notes import listed, plural
from foveal.errors import DataError, FovealError, RunError
from foveal.imaging.codecs.pillow import kind_of
from foveal.imaging.suffixes import IMAGE_SUFFIXES, SUFFIXES_OF

FILE_NAME = "file_name"


@contextmanager
def unpacked(source: Path, out: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """A data set whose images are files, and notes: the source itself, or what was taken out of its files.

    Args:
        source: A data set, or one of its files.
        out: Where it is to be converted to; the folder lies beside it and vanishes at the end.

    Raises:
        DataError: A file cannot be read, has no column of images, or an image of a row is missing.
        MissingExtraError: pyarrow is not installed.
        RunError: The folder cannot be written.
    """
    tree = Tree(source)
    shards = shards_of(tree)
    if not shards:
        yield source, ()
        return
    one_config(source, shards)
    folder = out.absolute().parent / fitting(f".{out.name}", f".{os.getpid()}.rows")
    try:
        try:
            folder.mkdir(parents=True)
            notes = unpack(tree, shards, folder)
        except OSError as error:
            what = f"{folder}: cannot be written ({error.strerror or error})."
            raise RunError(what, "Choose another folder.") from None
        try:
            yield folder, notes
        except FovealError as error:  # what the user knows is the source
            error.what = error.what.replace(str(folder), str(source))
            error.args = (error.what, *error.args[1:])
            raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unpack(tree: Tree, shards: list[Shard], folder: Path) -> tuple[str, ...]:
    """Write the images and rows of files into a folder; returns notes."""
    taken = _Taken(folder)
    for shard in shards:
        path = tree.path(shard.name)
        for number, (row, features) in enumerate(_rows(path), 1):
            taken.take(row, features, shard.split, f"{path}, row {number}")
            if number == 1:
                taken.note(features, shard)
    homes = (tree.root, *list(tree.root.absolute().parents)[:DEPTH])
    card = next((home / CARD for home in homes if (home / CARD).is_file()), None)
    return taken.finish([shard.name for shard in shards], card)


@dataclass
class _Taken:
    """What was written so far."""

    folder: Path
    notes: dict[str, None] = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)
    images: int = 0
    bare: dict[str, int] = field(default_factory=dict)
    _names: dict[str, set[str]] = field(default_factory=dict)

    def take(self, row: dict[str, Any], features: Features, split: str, where: str) -> None:
        """Write one row."""
        image, written = _bytes_of(row.pop(features.image), where, features.image)
        name = self._name(written, image, split, where)
        if features.mask:
            self._write(f"images/{split}/{name}", image)
            mask, _ = _bytes_of(row[features.mask], where, features.mask)
            self._write(f"masks/{split}/{PurePosixPath(name).stem}{_suffix(mask, where)}", mask)
            return
        values = {key: named(row[key], features.names.get(key)) for key in features.rest}
        if features.renamed:
            values[LABEL] = values[features.label]
        if features.label and values[features.label] is None:
            self.bare[split] = self.bare.get(split, 0) + 1
            return
        self._write(f"{split}/{name}", image)
        line = json.dumps({FILE_NAME: name, **values}, default=str)
        with (self.folder / split / METADATA).open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def note(self, features: Features, shard: Shard) -> None:
        """Tell what of a file's columns was read as what."""
        self.classes = self.classes or features.classes()
        if features.renamed:
            self.notes[f"Column {features.label!r} is read as the class."] = None
        if features.unread or (features.mask and features.rest):
            unread = [*features.unread, *(features.rest if features.mask else ())]
            self.notes[f"Columns not read: {listed(unread)}."] = None
        if shard.split and split_of(shard.split) == UNASSIGNED:
            told = f"{shard.split!r} is called like no split: its images are of none, and are trained on."
            self.notes[told] = None

    def finish(self, names: list[str], card: Path | None) -> tuple[str, ...]:
        """Write the names of classes, of the files or else of the data set's card; returns the notes."""
        if not self.images:
            raise DataError(f"{listed(names)}: no row has an image and a label.", "Name other files.")
        ids = {str(at) for at in range(len(self.classes))}
        if self.classes and not ids & {*self.classes}:  # else ids and names could be mixed up
            label = {"name": LABEL, "dtype": {"class_label": {"names": self.classes}}}
            head = yaml.safe_dump({"dataset_info": {"features": [label]}}, sort_keys=False, allow_unicode=True)
            (self.folder / CARD).write_text(f"{FENCE}\n{head}{FENCE}\n", "utf-8")
        elif not self.classes and card is not None:
            shutil.copyfile(card, self.folder / CARD)
        left = [
            f"{plural(number, 'row')} of {split or 'the data set'} without a class left out."
            for split, number in self.bare.items()
        ]
        return (f"{plural(self.images, 'image')} taken out of {listed(names)}.", *self.notes, *left)

    def _name(self, written: str, image: bytes, split: str, where: str) -> str:
        """A name of its own: the one it had, or a number."""
        known = self._names.setdefault(split, set())
        suffix = _suffix(image, where)
        own = PurePosixPath(written.replace("\\", "/")).name
        stem = PurePosixPath(own).stem if PurePosixPath(own).suffix.lower() in IMAGE_SUFFIXES else ""
        usable = stem and not stem.startswith(".") and stem.casefold() not in known
        numbers = (f"{at:06d}" for at in count(len(known)))
        stem = stem if usable else next(one for one in numbers if one not in known)
        known.add(stem.casefold())
        return f"{stem}{suffix}"

    def _write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.images += not name.startswith("masks/")


def _bytes_of(value: object, where: str, column: str) -> tuple[bytes, str]:
    """The bytes of an image and its name, if it has one."""
    found, path = (value.get("bytes"), value.get("path")) if isinstance(value, dict) else (value, None)
    if not isinstance(found, bytes) or not found:
        elsewhere = f"; it names the file {path}" if path else ""
        raise DataError(
            f"{where}: column {column!r} holds no image{elsewhere}.",
            "Write the data set with its images embedded, or name a folder of image files.",
        )
    return found, path if isinstance(path, str) else ""


def _suffix(content: bytes, where: str) -> str:
    kind = kind_of(content[:16])
    if not kind:
        raise DataError(f"{where}: these are not the bytes of an image that Foveal reads.", "Replace the row.")
    return SUFFIXES_OF[kind][0]


def _rows(path: Path) -> Iterator[tuple[dict[str, Any], Features]]:
    """The rows of a file, and what its columns are.

    Raises:
        DataError: It cannot be read, or has no column of images.
    """
    features: Features | None = None

    def columns(schema: Any) -> list[str]:
        nonlocal features
        features = features or features_of(schema, str(path))
        return [name for name in (features.image, features.mask, *features.rest) if name]

    for _, row in rows_in(path, columns):
        assert features is not None, "the columns are asked first"
        yield row, features
