"""Objects cut out of their images, into a folder per class."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from foveal.artifact.place import fitting
from foveal.errors import ConfigError
from foveal.inference.images import ImageLike, read_image
from foveal.inference.names import STEM_BYTES, Naming, OutputNames, key_of, plan_names
from foveal.inference.predictor import Predictor
from foveal.inference.writers import Add, Read, as_it_is, jpeg_of, write_into
from foveal.tasks.table import AnyOutput
from foveal.types.predictions.prediction import Prediction
from foveal.types.reading import AS_STORED, Reading

UNSAFE = re.compile(r'[\x00-\x1f<>:"/\\|?*]')
"""Characters that some file system does not take."""


@contextmanager
def write_crops(
    folder: Path, output: AnyOutput, names: Naming, *, read: Read = as_it_is, reading: Reading = AS_STORED
) -> Iterator[Add]:
    """``CLASS/NAME-1.jpg``, ``CLASS/NAME-2.jpg`` ... for each image's objects, best first.

    Objects with a mask are PNG files, transparent around it.

    Raises:
        ConfigError: The model finds no objects.
        RunError: They cannot be written.
    """
    check_objects(output)
    classes = folders_of(output.categories.names)

    def add(image: Path, prediction: Prediction) -> None:
        cut = output.cutouts(lambda: read_image(read(image), reading=reading), prediction)
        name = ""
        for number, (label, pixels) in enumerate(cut, start=1):
            name = name or names.take(image)
            plain = pixels.shape[2] == 3
            file = folder / classes[label] / f"{name}-{number}{'.jpg' if plain else '.png'}"
            write_into(file, jpeg_of(pixels) if plain else png_of(pixels))

    yield add


def check_objects(output: AnyOutput) -> None:
    """Check that a model finds objects.

    Raises:
        ConfigError: It does not.
    """
    if not output.cuts_objects:
        raise ConfigError("This model predicts no objects to cut out.", "Leave out --crops.")


def folders_of(classes: Sequence[str]) -> list[str]:
    """The name of a folder for each class; they differ even where case does not count."""
    taken: set[str] = set()
    folders = []
    for name in classes:
        safe = UNSAFE.sub("_", name).rstrip(". ") or "_"
        safe = fitting("_" + safe[1:] if safe.startswith(".") else safe, "", limit=STEM_BYTES)
        folder, number = safe, 1
        while key_of(folder) in taken:
            number += 1
            folder = f"{safe}-{number}"
        taken.add(key_of(folder))
        folders.append(folder)
    return folders


def png_of(pixels: "Image.SupportsArrayInterface") -> bytes:
    """An image, transparent or not, as the bytes of a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def save_crops(
    predictor: Predictor, sources: Sequence[ImageLike], predictions: Sequence[Prediction], folder: str | Path
) -> None:
    """The objects of images in any form; those that are no files are named by their number.

    Raises:
        ConfigError: The model finds no objects.
        RunError: They cannot be written.
    """
    folder = Path(folder)
    files = {i: Path(source) for i, source in enumerate(sources) if isinstance(source, str | Path)}
    paths = [files.get(i, Path(f"image-{i + 1}")) for i in range(len(sources))]
    by_path = dict(zip(paths, sources, strict=True))
    once = frozenset(path for i, path in enumerate(paths) if i not in files)
    names = OutputNames(folder, plan_names(list(by_path), [path.name for path in by_path]), "-1.jpg", once=once)
    reading = predictor.spec.reading
    with write_crops(folder, predictor.output, names, read=by_path.__getitem__, reading=reading) as add:
        for path, prediction in zip(paths, predictions, strict=True):
            add(path, prediction)
