"""A view of an image: a part of it, or more than it, perhaps mirrored."""

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """A view of an image.

    Attributes:
        box: The part that it shows, xyxy pixels of the image; it may reach beyond it.
        flipped: Whether it is mirrored, left for right.
    """

    box: tuple[int, int, int, int]
    flipped: bool = False

    def shows_all(self, size: tuple[int, int]) -> bool:
        """Whether nothing of an image of ``size`` (width, height) is left out."""
        x1, y1, x2, y2 = self.box
        return x1 <= 0 and y1 <= 0 and x2 >= size[0] and y2 >= size[1]
