"""``foveal explain MODEL --like DATA IMAGE...``: the nearest training images in the model's features."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from foveal.data.catalog.catalog import Catalog
from foveal.data.notes import plural
from foveal.errors import CategoryError, ConfigError, DataError, FovealError, ImageError
from foveal.explain.learnt.like_sheet import like_sheet
from foveal.explain.learnt.neighbours import vectors_of
from foveal.inference.drawing import write_drawing
from foveal.inference.images import ImageLike, decode_any
from foveal.inference.predictor import Predictor
from foveal.runs.evaluate import as_in_training, open_data
from foveal.runs.learnt.output import name_of_image, png
from foveal.types.arrays import RGB
from foveal.types.progress import Progress, silent
from foveal.types.reading import AS_STORED, Reading

if TYPE_CHECKING:
    from PIL import Image

DECODED_PX = 400
"""Shorter side at which images are decoded to be drawn."""


@dataclass(frozen=True)
class Alike:
    """An image of the data set.

    Attributes:
        path: Its file.
        likeness: Cosine of the angle between the two images' features, in [-1, 1]; 1: the same direction.
        labels: Its classes.
    """

    path: Path
    likeness: float
    labels: Sequence[str]


@dataclass(frozen=True)
class Nearest:
    """The nearest images of one image.

    Attributes:
        name: The image asked for: its path, or what stands for it.
        place: Which of those asked for it is, counted from 0.
        alike: The nearest ones, the nearest first.
        image: The image itself.
        reading: Levels of deep images, and bands.
    """

    name: str
    place: int
    alike: Sequence[Alike]
    image: ImageLike = field(repr=False, compare=False)
    reading: Reading = field(default=AS_STORED, repr=False)

    def __len__(self) -> int:
        """The number of nearest images."""
        return len(self.alike)

    def __getitem__(self, place: int) -> Alike:
        """One of them."""
        return self.alike[place]

    def draw(self) -> "Image.Image":
        """The image, and beside it the nearest ones.

        Raises:
            ImageError: One of them cannot be read any more.
        """
        from PIL import Image

        shown = [
            (self._pixels(one.path), (f"{one.likeness:.3f} {', '.join(one.labels)}", one.path.name))
            for one in self.alike
        ]
        return Image.fromarray(like_sheet((self._pixels(self.image), Path(self.name).name), shown))

    def save(self, path: str | Path) -> Path:
        """Save what ``draw`` gives; the suffix says in which format.

        Raises:
            ImageError: An image cannot be read any more.
            ConfigError: The suffix is not that of an image format that can be written.
            RunError: The file cannot be written.
        """
        write_drawing(Path(path), self.draw())
        return Path(path)

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        nearest = [
            {"path": str(one.path), "likeness": round(one.likeness, 5), "labels": list(one.labels)}
            for one in self.alike
        ]
        return {"path": self.name, "nearest": nearest}

    def _pixels(self, image: ImageLike) -> RGB:
        return np.asarray(decode_any(image, min_side=DECODED_PX, reading=self.reading).pixels)

    def _repr_png_(self) -> bytes | None:
        """What a notebook shows; None, where an image is gone, leaves it the text."""
        try:
            return png(self.draw())
        except FovealError:
            return None


@dataclass(frozen=True)
class Likes:
    """What is nearest to some images.

    Attributes:
        images: One for each image asked for.
        among: How many images were compared with.
        split: Their split; empty: the data set has none.
        notes: What a user should know.
    """

    images: Sequence[Nearest]
    among: int
    split: str
    notes: Sequence[str] = ()

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "among": self.among,
            "split": self.split or None,
            "images": [one.to_dict() for one in self.images],
        }


def find_alike(
    predictor: Predictor,
    data: Path,
    images: Sequence[ImageLike],
    *,
    top: int = 5,
    skip_bad: bool = False,
    progress: Progress = silent,
) -> Likes:
    """Find the nearest training images of each image.

    Args:
        predictor: The model.
        data: The data set; its training split where it has one.
        images: The images asked for.
        top: How many are listed per image.
        skip_bad: Whether files that cannot be read are left out.
        progress: Told how far it is.

    Raises:
        ConfigError: An export; fewer than one image asked for; a data set with other classes.
        DataError: The data set cannot be read.
        ImageError: A file cannot be read.
    """
    if top < 1:
        raise ConfigError(f"--top {top} lists nothing.", "Use --top 1 or more.")
    progress("reading the data set", 0, None)
    catalog, split, notes = training_images(predictor, data, option="--like")
    bad: dict[int, ImageError] = {}
    known = vectors_of(predictor, list(catalog.paths()), bad=bad, progress=progress)
    if bad:
        notes.append(left_out(len(bad)))
    if not known.places:
        raise DataError(f"{data}: none of its images can be read.", next(iter(bad.values())).hint if bad else "")
    lost: dict[int, ImageError] = {}
    asked = vectors_of(predictor, list(images), bad=lost if skip_bad else None)
    notes.extend(f"Left out: {error.what}" for error in lost.values())
    nearest = known.nearest(asked.values, top=top)
    reading = predictor.spec.reading
    likes = [
        Nearest(
            name_of_image(images[place], place), place, [alike(catalog, *one) for one in near], images[place], reading
        )
        for place, near in zip(asked.places, nearest, strict=True)
    ]
    return Likes(likes, len(known.places), split, notes)


def training_images(predictor: Predictor, data: Path, *, option: str) -> tuple[Catalog, str, list[str]]:
    """The images of a data set that a model was trained on, as far as that can be told; their split; notes.

    Raises:
        ConfigError: The data set has classes that the model does not have.
        DataError: It cannot be read.
    """
    catalog, notes = read_for(predictor, data, option=option)
    if catalog.has("train"):
        return catalog.split("train"), "train", notes
    if predictor.card.split is not None and not any(catalog.has(name) for name in ("val", "test")):
        try:
            return as_in_training(catalog, predictor.card, "train").split("train"), "train", notes
        except DataError:
            return catalog, "", [*notes, "All images of the data set are compared: it is not the one of training."]
    return catalog, "", notes


def left_out(count: int) -> str:
    """A note on images that cannot be read."""
    are = "cannot be read and is" if count == 1 else "cannot be read and are"
    return f"{plural(count, 'image')} of the data set {are} left out."


def read_for(predictor: Predictor, data: Path, *, option: str) -> tuple[Catalog, list[str]]:
    """A data set with the model's class map.

    Raises:
        ConfigError: It has classes that the model does not have.
        DataError: It cannot be read.
    """
    try:
        return open_data(data, predictor, split=None, classes="", ignore=(), groups=None)
    except CategoryError as error:
        raise ConfigError(
            f"{option} {data}: {error.what}",
            "Name a data set with the classes of the model, such as the one that it was trained on.",
        ) from None


def alike(catalog: Catalog, place: int, likeness: float) -> Alike:
    """An image of the data set with its classes."""
    return Alike(catalog.path(place), likeness, [catalog.categories.names[k] for k in catalog.labels[place]])
