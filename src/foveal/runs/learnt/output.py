"""Where images and pages on what a model has learnt are written, and what they have in common."""

import io
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from foveal.artifact.atomic import make_folder, write_atomic
from foveal.artifact.free import first_free, stem_of
from foveal.errors import ConfigError
from foveal.inference.drawing import write_drawing
from foveal.inference.images import Named
from foveal.types.arrays import RGB
from foveal.types.predictions.shown import NOTEBOOK_PX

PAGES = (".html", ".htm")
"""Suffixes of pages."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """Something drawn, which a notebook shows by itself."""

    pixels: RGB = field(repr=False, compare=False)

    def draw(self) -> Image.Image:
        """The drawing."""
        return Image.fromarray(self.pixels)

    def save(self, path: str | Path) -> Path:
        """Save the drawing; the suffix says in which format.

        Raises:
            ConfigError: The suffix is not that of an image format that can be written.
            RunError: The file cannot be written.
        """
        write_drawing(Path(path), self.draw())
        return Path(path)

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        drawn = self.draw()
        drawn.thumbnail((2 * NOTEBOOK_PX, 4 * NOTEBOOK_PX))
        return png(drawn)


def save_page(path: str | Path, page: str) -> Path:
    """Write a page.

    Raises:
        ConfigError: The name is not that of a page.
        RunError: It cannot be written.
    """
    file = Path(path)
    if file.suffix.lower() not in PAGES:
        raise ConfigError(f"{file}: a page is written, and {file.suffix or 'no suffix'} is none.", "Name it map.html.")
    make_folder(file.parent)
    write_atomic(file, page.encode("utf-8", "replace"))
    return file


def folder_for(model: Path, save: Path | None) -> Path:
    """The folder asked for, else ``explanations/NAME``, or the first of ``NAME-2`` ... that does not exist."""
    return first_free(Path("explanations") / name_of(model)) if save is None else save


def name_of(model: Path) -> str:
    """The run's or the file's name."""
    whole = model.resolve()
    return whole.parent.name if whole.name == "model.safetensors" else stem_of(whole)


def name_of_image(image: object, place: int) -> str:
    """A file's path; of what has none, where it stands among the images."""
    if isinstance(image, str | Path):
        return str(image)
    return image.name if isinstance(image, Named) else f"image {place + 1}"


def write_png(file: Path, image: RGB) -> Path:
    """Write an image, and the folder it lies in.

    Raises:
        RunError: It cannot be written.
    """
    make_folder(file.parent)
    write_atomic(file, png(Image.fromarray(image)))
    return file


def png(image: Image.Image) -> bytes:
    """An image as the content of a PNG file."""
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True)
    return content.getvalue()
