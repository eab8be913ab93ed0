"""What is predicted: one number."""

from dataclasses import dataclass

from foveal.errors import ConfigError
from foveal.types.predictions.shown import Shown


@dataclass(frozen=True)
class Number(Shown):
    """One number, and the size of the image it was read off, (width, height) in pixels."""

    value: float
    size: tuple[int, int]

    def to_dict(self) -> dict[str, object]:
        """``size`` and ``value``."""
        return {"size": list(self.size), "value": round(self.value, 6)}

    def rows(self) -> list[dict[str, str | float]]:
        """One row."""
        return [{"name": f"{self.value:.2f}", "score": 1.0}]

    def to_coco(self, image_id: int | str) -> list[dict[str, object]]:
        """COCO's results format is for objects.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(f"Image {image_id}: a number is no object.", "Use --json or --csv.")
