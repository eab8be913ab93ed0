"""Drawing a prediction on the image that it was made from. No torch."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from PIL import Image

from foveal.artifact.atomic import write_atomic
from foveal.brief import brief
from foveal.errors import ConfigError
from foveal.inference.images import ImageLike, read_image
from foveal.tasks.table import AnyOutput
from foveal.types.arrays import RGB
from foveal.types.reading import AS_STORED, Reading


@dataclass(frozen=True)
class Drawing:
    """An image and the output that predicted on it.

    Attributes:
        output: Draws its task's predictions.
        source: The image, as it was passed; None: it is not known, since it came from a stream.
        reading: Levels of deep images, and bands.
    """

    output: AnyOutput
    source: ImageLike | None = None
    reading: Reading = AS_STORED

    __repr__ = brief

    def draw(self, prediction: Any, image: object) -> RGB:
        """The (H, W, 3) drawing, at the image's full size.

        Raises:
            ImageError: The image cannot be read.
            ConfigError: Neither ``image`` nor ``source`` is there, or ``image`` has another size.
        """
        return self.output.draw(self.pixels(image, prediction.size), prediction)

    def pixels(self, image: object, size: tuple[int, int]) -> RGB:
        """The (H, W, 3) image of a prediction for an image of ``size`` (width, height).

        Raises:
            ImageError: The image cannot be read.
            ConfigError: Neither ``image`` nor ``source`` is there, or ``image`` has another size.
        """
        image = self.source if image is None else cast(ImageLike, image)
        if image is None:
            raise ConfigError(
                "The image of this prediction is not known: it came from a generator or a stream.",
                "Pass it: prediction.draw(image).",
            )
        pixels = read_image(image, reading=self.reading)
        there = (pixels.shape[1], pixels.shape[0])
        if there != tuple(size):
            raise ConfigError(
                "This is not the image that was predicted on: {} x {} px instead of {} x {}.".format(*there, *size),
                "Pass the same image.",
            )
        return pixels

    def write(self, path: Path, drawn: Image.Image) -> None:
        """Write a drawing; the suffix says in which format.

        Raises:
            ConfigError: The suffix is not that of an image format that can be written.
            RunError: The file cannot be written.
        """
        write_drawing(path, drawn)


def write_drawing(path: Path, drawn: Image.Image) -> None:
    """Write a drawing; the suffix says in which format.

    Raises:
        ConfigError: The suffix is not that of an image format that can be written.
        RunError: The file cannot be written.
    """
    kind = Image.registered_extensions().get(path.suffix.lower())
    if kind is None or kind not in Image.SAVE:
        raise ConfigError(
            f"{path}: {path.suffix or 'no suffix'} is not an image format that can be written.",
            "Name it like drawn.jpg or drawn.png.",
        )
    buffer = io.BytesIO()
    drawn.save(buffer, kind, **({"quality": 92} if kind == "JPEG" else {}))
    write_atomic(path, buffer.getvalue())
