"""``foveal explain MODEL --like DATA IMAGE...``: the nearest training images in the model's features."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foveal.artifact.atomic import make_room
from foveal.data.catalog.catalog import Catalog
from foveal.data.notes import plural
from foveal.errors import CategoryError, ConfigError, DataError, ImageError
from foveal.explain.learnt.like_sheet import like_sheet
from foveal.explain.learnt.neighbours import vectors_of
from foveal.inference.files import Found
from foveal.inference.images import decode_any
from foveal.inference.names import OutputNames, plan_names
from foveal.inference.predictor import Predictor
from foveal.runs.evaluate import as_in_training, open_data
from foveal.runs.learnt.output import write_png
from foveal.types.progress import Progress, silent


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
class Likes:
    """What is nearest to some images.

    Attributes:
        images: For each image asked for, the nearest ones.
        among: How many images were compared with.
        split: Their split; empty: the data set has none.
        notes: What a user should know.
        saved: A drawing for each image, where they were asked for.
    """

    images: Sequence[tuple[Path, Sequence[Alike]]]
    among: int
    split: str
    notes: Sequence[str] = ()
    saved: Sequence[Path] = ()

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        saved: Sequence[Path | None] = self.saved or [None] * len(self.images)
        return {
            "among": self.among,
            "split": self.split or None,
            "images": [
                {
                    "path": str(path),
                    "nearest": [
                        {"path": str(one.path), "likeness": round(one.likeness, 5), "labels": list(one.labels)}
                        for one in nearest
                    ],
                    **({} if file is None else {"saved": str(file)}),
                }
                for (path, nearest), file in zip(self.images, saved, strict=True)
            ],
        }


def find_alike(
    predictor: Predictor,
    data: Path,
    found: Found,
    *,
    top: int = 5,
    save: Path | None = None,
    skip_bad: bool = False,
    progress: Progress = silent,
) -> Likes:
    """Find the nearest training images of each image.

    Args:
        predictor: The model.
        data: The data set; its training split where it has one.
        found: The images asked for.
        top: How many are listed per image.
        save: A folder for drawings; None: none.
        skip_bad: Whether files that cannot be read are left out.
        progress: Told how far it is.

    Raises:
        ConfigError: An export; fewer than one image asked for; a data set with other classes.
        DataError: The data set cannot be read.
        ImageError: A file cannot be read.
        RunError: A drawing cannot be written.
    """
    if top < 1:
        raise ConfigError(f"--top {top} lists nothing.", "Use --top 1 or more.")
    if save is not None:
        make_room(save)
    progress("reading the data set", 0, None)
    catalog, split, notes = training_images(predictor, data, option="--like")
    bad: dict[int, ImageError] = {}
    known = vectors_of(predictor, list(catalog.paths()), bad=bad, progress=progress)
    if bad:
        notes.append(left_out(len(bad)))
    if not known.places:
        raise DataError(f"{data}: none of its images can be read.", next(iter(bad.values())).hint if bad else "")
    lost: dict[int, ImageError] = {}
    asked = vectors_of(predictor, [found.source(p) for p in found.paths], bad=lost if skip_bad else None)
    notes.extend(f"Left out: {error.what}" for error in lost.values())
    nearest = known.nearest(asked.values, top=top)
    images = [
        (found.paths[place], [alike(catalog, *one) for one in near])
        for place, near in zip(asked.places, nearest, strict=True)
    ]
    saved = [] if save is None else draw(predictor, found, images, save)
    return Likes(images, len(known.places), split, notes, saved)


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


def draw(
    predictor: Predictor, found: Found, images: Sequence[tuple[Path, Sequence[Alike]]], folder: Path
) -> list[Path]:
    """A PNG for each image: it, and beside it the nearest ones."""
    names = OutputNames(folder, plan_names(found.paths, found.names), ".png", once=frozenset(found.piped))
    reading, out = predictor.spec.reading, []
    for path, nearest in images:
        shown = [
            (
                decode_any(one.path, min_side=400, reading=reading).pixels,
                (f"{one.likeness:.3f} {', '.join(one.labels)}", one.path.name),
            )
            for one in nearest
        ]
        pixels = np.asarray(decode_any(found.source(path), min_side=400, reading=reading).pixels)
        out.append(write_png(names.folder / f"{names.take(path)}.like.png", like_sheet((pixels, path.name), shown)))
    return out
