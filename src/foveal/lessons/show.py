"""A lesson by its name, and its image in a file."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from foveal.artifact.atomic import write_atomic
from foveal.errors import ConfigError, MissingExtraError
from foveal.imaging.decode import decode
from foveal.lessons.contract import Lesson
from foveal.lessons.convolution import convolution
from foveal.lessons.edges import edges
from foveal.lessons.pooling import pooling
from foveal.lessons.whitening import whitening
from foveal.types.arrays import RGB

DPI = 110
LONGEST = 2048
"""Photos are shrunk to this side, in pixels: the windows of larger ones would take gigabytes."""


def lesson(topic: str, *, image: Path | None = None, step: int | None = None, filter_: int = 1) -> Lesson:
    """Convolution, pooling, edges or whitening.

    Args:
        topic: Its name.
        image: A photo, for edges.
        step: For the convolution, 1 to 9.
        filter_: For the convolution, 1 or 2.

    Raises:
        ConfigError: An option of another topic.
        ImageError: The photo cannot be read.
        MissingExtraError: A package that only an extra brings.
    """
    if image is not None and topic != "edges":
        raise ConfigError(f"--image is for edges, not for {topic}.", "Leave it out.")
    if (step is not None or filter_ != 1) and topic != "convolution":
        raise ConfigError(f"--step and --filter are for the convolution, not for {topic}.", "Leave them out.")
    try:
        if topic == "edges":
            return edges(*_photo(image))
        if topic == "convolution":
            return convolution(step=step, filter_=filter_)
        return {"pooling": pooling, "whitening": whitening}[topic]()
    except ModuleNotFoundError as error:
        raise MissingExtraError("draw", error.name or "matplotlib") from None


def save(done: Lesson, file: Path) -> None:
    """Write its image as PNG.

    Raises:
        ConfigError: The file is not called .png.
        RunError: It cannot be written.
    """
    if file.suffix.lower() != ".png":
        raise ConfigError(f"--out {file}: images are written as PNG.", f"Name it {file.stem}.png.")
    buffer = io.BytesIO()
    done.draw().savefig(buffer, format="png", dpi=DPI)
    write_atomic(file, buffer.getvalue())


def _photo(image: Path | None) -> tuple[RGB, str]:
    if image is not None:
        return _shrunk(decode(image).pixels, image.name)
    from sklearn.datasets import load_sample_image

    return load_sample_image("china.jpg"), "china.jpg"


def _shrunk(photo: RGB, name: str) -> tuple[RGB, str]:
    height, width = photo.shape[:2]
    if max(height, width) <= LONGEST:
        return photo, name
    small = Image.fromarray(photo)
    small.thumbnail((LONGEST, LONGEST))
    return np.asarray(small), f"{name}, shrunk from {width} x {height}"
