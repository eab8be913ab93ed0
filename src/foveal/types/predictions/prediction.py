"""What every task's prediction for one image can do, in that image's own pixels."""

from typing import Protocol


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
