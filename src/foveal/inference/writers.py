"""Predictions to files, one by one as they come: memory does not grow with the number of images.

A writer is a context manager that gives a function to call with each image and its prediction. Its file appears when
the block ends without an error; the files of a folder appear one by one, never half-written.
"""

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TextIO

from PIL import Image

from foveal.artifact.atomic import AtomicFile, make_folder, write_atomic
from foveal.inference.images import read_image
from foveal.inference.names import NumberedNames, coco_id
from foveal.ops.masks import polygons_of
from foveal.tasks.table import AnyOutput
from foveal.types.predictions.prediction import Prediction
from foveal.types.reading import AS_STORED, Reading
from foveal.types.rle import Rle

Add = Callable[[Path, Prediction], None]
"""Takes an image and its prediction."""
Writer = AbstractContextManager[Add]
SPOOL_BYTES = 2**20
"""Largest JSON document that is buffered in memory rather than on disk."""


@contextmanager
def write_csv(path: Path) -> Iterator[Add]:
    """A CSV file with path, rank, name, score and the task's own columns of each row of a prediction, best first.

    Raises:
        RunError: It cannot be written.
    """
    with AtomicFile(path) as file:
        table: csv.DictWriter[str] | None = None

        def with_columns(columns: list[str]) -> "csv.DictWriter[str]":
            started = csv.DictWriter(file, ["path", "rank", *columns], lineterminator="\n")
            started.writeheader()
            return started

        def add(image: Path, prediction: Prediction) -> None:
            nonlocal table
            for rank, row in enumerate(prediction.rows(), start=1):
                table = table or with_columns(list(row))
                table.writerow({"path": image, "rank": rank, **row, "score": f"{row['score']:.6f}"})

        yield add
        if table is None:
            with_columns(["name", "score"])


@contextmanager
def write_coco(path: Path, *, polygons: bool = False) -> Iterator[Add]:
    """COCO's results format: one list for all images, each with its ``coco_id``.

    Args:
        path: The file.
        polygons: Whether masks are written as polygons, not as RLE.

    Raises:
        ConfigError: COCO's format cannot store the model's predictions.
        RunError: It cannot be written.
    """
    with AtomicFile(path) as file:
        rows = JsonList(file.write)

        def add(image: Path, prediction: Prediction) -> None:
            for row in prediction.to_coco(coco_id(image)):
                rows.add(with_polygons(row) if polygons else row)

        yield add
        rows.close()
        file.write("\n")


@contextmanager
def write_json(out: TextIO, *, polygons: bool = False) -> Iterator[Add]:
    """One JSON document with an object per image, written to ``out`` once it is complete.

    Args:
        out: A text stream, such as standard output.
        polygons: Whether masks are written as polygons, not as RLE.
    """
    with SpooledTemporaryFile(SPOOL_BYTES, "w+", encoding="utf-8", errors="surrogatepass", newline="") as spool:
        documents = JsonList(spool.write, indent=2)

        def add(image: Path, prediction: Prediction) -> None:
            document = {"path": str(image), **prediction.to_dict()}
            documents.add(with_polygons(document) if polygons else document)

        yield add
        documents.close()
        spool.write("\n")
        spool.seek(0)
        shutil.copyfileobj(spool, out)


@contextmanager
def write_images(folder: Path, output: AnyOutput, *, reading: Reading = AS_STORED) -> Iterator[Add]:
    """Each image with its prediction drawn on it, as JPEG; equal names are numbered.

    The file is decoded again at its full size: the network may have had a smaller one.

    Raises:
        RunError: They cannot be written.
    """
    make_folder(folder)
    names = NumberedNames()

    def add(image: Path, prediction: Prediction) -> None:
        buffer = io.BytesIO()
        Image.fromarray(output.draw(read_image(image, reading=reading), prediction)).save(buffer, "JPEG", quality=92)
        write_atomic(folder / f"{names.take(image)}.jpg", buffer.getvalue())

    yield add


@contextmanager
def write_masks(folder: Path, output: AnyOutput) -> Iterator[Add]:
    """The masks of each image as PNG files named after it; equal names are numbered.

    Raises:
        ConfigError: The model predicts no masks.
        RunError: They cannot be written.
    """
    names = NumberedNames()

    def add(image: Path, prediction: Prediction) -> None:
        files = output.mask_png(prediction)
        make_folder(folder)  # only once there are masks
        name = names.take(image)
        for suffix, content in files.items():
            write_atomic(folder / f"{name}{suffix}.png", content)

    yield add


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

    def add(self, value: object) -> None:
        """Write one element."""
        text = json.dumps(value, ensure_ascii=False, indent=self._indent, allow_nan=False)
        self._write(self._before + text.replace("\n", self._new_line))
        self._before = "," + (self._new_line or " ")

    def close(self) -> None:
        """Write the end of the list."""
        empty = self._before[0] == "["
        self._write("[]" if empty else self._new_line[:1] + "]")


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
