"""Names of images in the files that predictions are written to."""

from pathlib import Path


class NumberedNames:
    """A unique name for each image: its stem, numbered where it is taken.

    The names of some of the images are among those of all of them.
    """

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def take(self, image: Path) -> str:
        """The name of the next image."""
        name = image.stem
        while name in self._next:
            number = self._next[image.stem]
            self._next[image.stem] += 1
            name = f"{image.stem}-{number}"
        self._next[name] = 2
        return name


def coco_id(image: Path) -> int | str:
    """Its ``image_id`` in COCO's results: its stem, as a number where it is one (``000139.jpg``: 139)."""
    return int(image.stem) if image.stem.isascii() and image.stem.isdecimal() else image.stem
