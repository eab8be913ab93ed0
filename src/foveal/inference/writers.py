"""Predictions to files, one by one as they come: memory does not grow with the number of images.

A writer is a context manager that gives a function to call with each image and its prediction. What it was called with
is written by then, and kept whatever ends the block: an error, Ctrl-C, even ``kill -9``, which leaves ``NAME.partial``.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TextIO

from PIL import Image

from foveal.artifact.atomic import make_folder, write_atomic
from foveal.artifact.growing import GrowingFile
from foveal.data.formats.coco.image_ids import ImageId
from foveal.inference.images import ImageLike, read_image
from foveal.inference.names import Naming, OutputNames
from foveal.ops.masks import polygons_of
from foveal.tasks.table import AnyOutput
from foveal.types.arrays import RGB
from foveal.types.predictions.prediction import Prediction
from foveal.types.reading import AS_STORED, Reading
from foveal.types.rle import Rle

Add = Callable[[Path, Prediction], None]
"""Takes an image and its prediction."""
Writer = AbstractContextManager[Add]
Read = Callable[[Path], ImageLike]
"""What to decode for an image's path."""


def as_it_is(path: Path) -> Path:
    """A file that can be read again."""
    return path


@contextmanager
def write_csv(path: Path) -> Iterator[Add]:
    """A CSV file with path, rank, name, score and the task's own columns of each row of a prediction, best first.

    Raises:
        RunError: It cannot be written.
    """
    columns: list[str] = []
    with GrowingFile(path) as file:

        def add(image: Path, prediction: Prediction) -> None:
            text = io.StringIO()
            table = csv.writer(text, lineterminator="\n")
            for rank, row in enumerate(prediction.rows(), start=1):
                if not columns:
                    columns.extend(row)
                    table.writerow(("path", "rank", *columns))
                cells = {**row, "score": f"{row['score']:.6f}"}
                table.writerow((image, rank, *(cells[name] for name in columns)))
            file.add(text.getvalue())

        yield add
        if not columns:
            file.add("path,rank,name,score\n")


@contextmanager
def write_coco(path: Path, ids: Mapping[Path, ImageId], *, polygons: bool = False) -> Iterator[Add]:
    """COCO's results format: one list for all images, a whole document after each of them.

    Args:
        path: The file.
        ids: The ``image_id`` of each image.
        polygons: Whether masks are written as polygons, not as RLE.

    Raises:
        ConfigError: COCO's format cannot store the model's predictions.
        RunError: It cannot be written.
    """
    with GrowingFile(path, head="[", tail="]\n") as file:
        pieces: list[str] = []
        rows = JsonList(pieces.append)
        rows.open()

        def add(image: Path, prediction: Prediction) -> None:
            pieces.clear()
            for row in prediction.to_coco(ids[image]):
                rows.add(with_polygons(row) if polygons else row)
            file.add("".join(pieces))

        yield add


@contextmanager
def write_json(out: TextIO, *, polygons: bool = False) -> Iterator[Add]:
    """One JSON document with an object per image, written to ``out`` as they come; an error or Ctrl-C ends the list.

    Nothing is written if there was an error before the first image.

    Args:
        out: A text stream, such as standard output.
        polygons: Whether masks are written as polygons, not as RLE.
    """
    documents = JsonList(lambda text: print_json_text(out, text), indent=2)

    def add(image: Path, prediction: Prediction) -> None:
        document = {"path": str(image), **prediction.to_dict()}
        documents.add(with_polygons(document) if polygons else document)
        out.flush()

    def close() -> None:
        documents.close()
        out.write("\n")
        out.flush()

    try:
        yield add
    except BrokenPipeError:
        raise
    except BaseException:
        if documents.begun:
            close()
        raise
    close()


@contextmanager
def write_images(
    folder: Path, output: AnyOutput, names: OutputNames, *, read: Read = as_it_is, reading: Reading = AS_STORED
) -> Iterator[Add]:
    """Each image with its prediction drawn on it, as JPEG.

    The file is decoded again at its full size: the network may have had a smaller one.

    Raises:
        RunError: They cannot be written.
    """
    make_folder(folder)

    def add(image: Path, prediction: Prediction) -> None:
        drawn = output.draw(read_image(read(image), reading=reading), prediction)
        write_into(folder / f"{names.take(image)}.jpg", jpeg_of(drawn))

    yield add


@contextmanager
def write_masks(folder: Path, output: AnyOutput, names: Naming) -> Iterator[Add]:
    """The masks of each image as PNG files named after it.

    Raises:
        ConfigError: The model predicts no masks.
        RunError: They cannot be written.
    """

    def add(image: Path, prediction: Prediction) -> None:
        files = output.mask_png(prediction)
        make_folder(folder)  # only once there are masks
        name = names.take(image)
        for suffix, content in files.items():
            write_into(folder / f"{name}{suffix}.png", content)

    yield add


def write_into(file: Path, content: bytes) -> None:
    """Write a file of a folder; its sub-folder is created.

    Raises:
        RunError: It cannot be written.
    """
    make_folder(file.parent)
    write_atomic(file, content)


def jpeg_of(image: RGB) -> bytes:
    """An image as the bytes of a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def print_json_text(out: TextIO, text: str) -> None:
    """Write JSON; where the stream's encoding lacks a character, its escape."""
    try:
        out.write(text)
    except UnicodeEncodeError:
        out.write("".join(c if c.isascii() else json.dumps(c)[1:-1] for c in text))


class JsonList:
    """A JSON list written element by element, the same text as ``json.dumps`` gives for all of it.

    Args:
        write: Called with pieces of the text.
        indent: Spaces per level; None: one line.
    """

    def __init__(self, write: Callable[[str], object], *, indent: int | None = None) -> None:
        self._write = write
        self._indent = indent
        self._new_line = "" if indent is None else "\n" + " " * indent
        self._before = "[" + self._new_line
        self.begun = False

    def open(self) -> None:
        """Leave the beginning of the list to the caller."""
        self._before = self._new_line

    def add(self, value: object) -> None:
        """Write one element."""
        text = json.dumps(value, ensure_ascii=False, indent=self._indent, allow_nan=False)
        self._write(self._before + text.replace("\n", self._new_line))
        self._before = "," + (self._new_line or " ")
        self.begun = True

    def close(self) -> None:
        """Write the end of the list."""
        self._write(self._new_line[:1] + "]" if self.begun else "[]")


def with_polygons(value: object) -> object:
    """Plain values with polygons ``[[x, y, x, y, ...], ...]`` in place of COCO's RLE masks."""
    match value:
        case dict() if value.keys() >= {"size", "counts"}:
            return polygons_of(Rle.from_coco(value))
        case dict():
            return {key: with_polygons(inner) for key, inner in value.items()}
        case list():
            return [with_polygons(inner) for inner in value]
    return value
