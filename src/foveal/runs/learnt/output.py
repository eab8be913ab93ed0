"""Where images and pages on what a model has learnt are written."""

import io
from pathlib import Path

from PIL import Image

from foveal.artifact.atomic import make_folder, write_atomic
from foveal.runs.train import first_free
from foveal.types.arrays import RGB


def folder_for(model: Path, save: Path | None) -> Path:
    """The folder asked for, else ``explanations/NAME``, or the first of ``NAME-2`` ... that does not exist."""
    return first_free(Path("explanations") / name_of(model)) if save is None else save


def name_of(model: Path) -> str:
    """The run's or the file's name."""
    whole = model.resolve()
    return whole.parent.name if whole.name == "model.safetensors" else whole.name if whole.is_dir() else whole.stem


def write_png(file: Path, image: RGB) -> Path:
    """Write an image, and the folder it lies in.

    Raises:
        RunError: It cannot be written.
    """
    make_folder(file.parent)
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG", optimize=True)
    write_atomic(file, content.getvalue())
    return file
