"""Pictures much larger than the input: overlapping tiles and the whole picture, each answered for, then merged.

Shapes: T tiles. Boxes are xyxy pixels.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from foveal.errors import ConfigError
from foveal.inference.predictor import Predictor, read_picture
from foveal.types.arrays import RGB

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Tiling:
    """How a large picture is cut.

    Attributes:
        side: Of the square tiles, in pixels.
        overlap: Part of a tile's side that neighbours share, in [0, 0.9].
    """

    side: int
    overlap: float = 0.2

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ConfigError: A side below 32 pixels, or an overlap outside [0, 0.9].
        """
        if self.side < 32:
            raise ConfigError(f"A tile of {self.side} pixels shows nothing.", "Use --tile 32 or more.")
        if not 0 <= self.overlap <= 0.9:
            raise ConfigError(f"Tiles cannot overlap by {self.overlap:g}.", "Use --overlap 0 to 0.9.")

    def boxes(self, width: int, height: int) -> list[Box]:
        """T tiles that together cover a picture, row by row; the last of a row or column ends with the picture."""
        return [
            (x, y, min(x + self.side, width), min(y + self.side, height))
            for y in self._starts(height)
            for x in self._starts(width)
        ]

    def _starts(self, length: int) -> list[int]:
        if length <= self.side:
            return [0]
        step = max(1, round(self.side * (1 - self.overlap)))
        return [*range(0, length - self.side, step), length - self.side]


def predict_tiled(predictor: Predictor, source: Path, tiling: Tiling) -> Any:
    """Answer for each tile and for the whole picture, and merge the answers.

    A picture no larger than a tile is answered for as it is.

    Raises:
        ImageError: The picture cannot be read.
        ConfigError: The model's task has no answers that could be merged.
    """
    picture: RGB = read_picture(source)
    height, width = picture.shape[:2]
    whole: Box = (0, 0, width, height)
    parts = list(dict.fromkeys([whole, *tiling.boxes(width, height)]))
    cuts = (np.ascontiguousarray(picture[y1:y2, x1:x2]) for x1, y1, x2, y2 in parts)
    return predictor.task.merge(list(predictor.stream(cuts)), parts, (width, height), predictor.options)
