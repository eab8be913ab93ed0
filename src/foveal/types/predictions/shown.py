"""How a prediction is shown: in one line, drawn on its image, in a notebook, as a pandas table.

Shapes: H W height and width of the image.
"""

import io
from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from foveal.brief import LINE_CHARACTERS
from foveal.errors import ConfigError, FovealError, MissingExtraError
from foveal.types.arrays import RGB

if TYPE_CHECKING:
    from pandas import DataFrame
    from PIL import Image

NOTEBOOK_PX = 900
"""Longest side of the image that a notebook shows."""


class Drawing(Protocol):
    """What knows how a prediction is drawn, and on which image."""

    def draw(self, prediction: Any, image: object) -> RGB:
        """The (H, W, 3) drawing; ``image`` None: on the image that was predicted on."""
        ...

    def write(self, path: Path, drawn: "Image.Image") -> None:
        """Write a drawing to a file."""
        ...


class Shown(ABC):
    """The base of every task's prediction.

    A prediction that ``predict`` returns knows its image: by its path, or by the very array, bytes or Pillow image that
    was passed.
    """

    _drawing: Drawing | None = None

    @abstractmethod
    def rows(self) -> list[dict[str, str | float]]:
        """Table rows, best first: ``name``, ``score`` in [0, 1] and the task's own columns."""

    def draw(self, image: object = None) -> "Image.Image":
        """The image with the prediction drawn on it.

        Args:
            image: In any form that ``predict`` takes; None: the image that was predicted on.

        Raises:
            ImageError: The image cannot be read, or is there no longer.
            ConfigError: The prediction does not know its image, and none is passed.
        """
        from PIL import Image

        return Image.fromarray(self._known().draw(self, image))

    def save(self, path: str | Path, image: object = None) -> Path:
        """Save the image with the prediction drawn on it; the suffix says in which format.

        Args:
            path: The file to write, such as ``drawn.jpg``.
            image: As for ``draw``.

        Returns:
            The file.

        Raises:
            ImageError: The image cannot be read.
            ConfigError: The suffix is not that of an image format that can be written.
            RunError: The file cannot be written.
        """
        path, drawing = Path(path), self._known()
        drawing.write(path, self.draw(image))
        return path

    def to_pandas(self) -> "DataFrame":
        """A ``pandas.DataFrame`` with a row per class or object, best first: the columns of ``rows``.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return pandas().DataFrame(self.rows())

    def drawn_by(self, drawing: Drawing | None) -> Self:
        """Make it know how it is drawn; returns itself."""
        object.__setattr__(self, "_drawing", drawing)  # predictions are frozen
        return self

    def _known(self) -> Drawing:
        if self._drawing is None:
            raise ConfigError(
                "This prediction was not made by `predict`, so it cannot be drawn.",
                "Predict on the image with foveal.predict or model.predict.",
            )
        return self._drawing

    def _repr_png_(self) -> bytes | None:
        """What a notebook shows; None, where its image is unknown or gone, leaves it the text."""
        try:
            drawn = self.draw()
        except FovealError:
            return None
        drawn.thumbnail((NOTEBOOK_PX, NOTEBOOK_PX))
        buffer = io.BytesIO()
        drawn.save(buffer, "PNG")
        return buffer.getvalue()


def line(kind: str, items: Sequence[str], size: tuple[int, int]) -> str:
    """One line: ``Detections(3 cat, 1 dog; 640 x 480 px)``; items beyond its length are counted."""
    end = f"{size[0]} x {size[1]} px"
    shown: list[str] = []
    for item in items:
        short = item if len(item) <= 60 else f"{item[:59]}…"
        if sum(map(len, shown)) + len(short) > LINE_CHARACTERS - 60:
            shown.append(f"and {len(items) - len(shown)} more")
            break
        shown.append(short)
    return f"{kind}({', '.join(shown) or 'nothing'}; {end})".replace("\n", " ")


def pandas() -> Any:
    """The package pandas.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        return import_module("pandas")
    except ImportError:
        error = MissingExtraError("make a table for pandas", "pandas")
        error.hint = "Install it with: pip install pandas"
        raise error from None
