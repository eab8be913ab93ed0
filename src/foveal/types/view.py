"""A view of an image: a crop, perhaps reaching beyond the image or mirrored."""

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """A view of an image.

    Attributes:
        box: The crop in xyxy pixels of the image; it may reach beyond the image.
        flipped: Whether it is mirrored left to right.
    """

    box: tuple[int, int, int, int]
    flipped: bool = False

    def shows_all(self, size: tuple[int, int]) -> bool:
        """Whether nothing of an image of ``size`` (width, height) is left out."""
        x1, y1, x2, y2 = self.box
        return x1 <= 0 and y1 <= 0 and x2 >= size[0] and y2 >= size[1]
