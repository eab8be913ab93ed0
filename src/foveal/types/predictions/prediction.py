"""What every task's prediction for one image can do, in that image's own pixels."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from foveal.types.predictions.shown import Drawing

if TYPE_CHECKING:
    from pandas import DataFrame
    from PIL import Image


class Prediction(Protocol):
    """The interface of all tasks' predictions."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the image in pixels."""
        ...

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON: ``size`` and the task's own fields."""
        ...

    def rows(self) -> list[dict[str, str | float]]:
        """Table rows, best first: ``name``, ``score`` in [0, 1] and the task's own columns."""
        ...

    def to_coco(self, image_id: int | str) -> list[dict[str, object]]:
        """Rows of COCO's results format.

        Raises:
            ConfigError: The format cannot store such predictions.
        """
        ...

    def draw(self, image: object = None) -> "Image.Image":
        """The image with the prediction drawn on it; None: the image that was predicted on."""
        ...

    def save(self, path: str | Path, image: object = None) -> Path:
        """Save that drawing; the suffix says in which format."""
        ...

    def to_pandas(self) -> "DataFrame":
        """A ``pandas.DataFrame``, best first."""
        ...

    def drawn_by(self, drawing: Drawing | None) -> Self:
        """Make it know how it is drawn; returns itself."""
        ...
