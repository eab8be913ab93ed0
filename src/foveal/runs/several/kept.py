"""Predictions that are kept to be compared: predictions.jsonl, one JSON object per image after a header.

An image is known by the hash of its bytes, so that two evaluations find the images that they have in common whatever
their names. Truths and predictions are exact: a comparison computes the metrics that the evaluation printed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from foveal.artifact.atomic import AtomicFile
from foveal.artifact.card import CategoriesCard
from foveal.brief import brief
from foveal.data.catalog.catalog import Catalog
from foveal.data.notes import listed
from foveal.errors import DataError
from foveal.inference.predictor import Predictor
from foveal.inference.views import Viewing
from foveal.tasks.output import SomeTruth
from foveal.tasks.table import AnyOutput, get_spec
from foveal.types.categories import Categories
from foveal.types.predictions.prediction import Prediction

KEPT = "predictions.jsonl"
NEEDED = ("task", "classes", "decode", "root")
"""What every header holds."""
TRAINED_ON = "trained_on.txt"
"""Hashes of a run's training images, one per line."""
VERSION = 1
AGAIN = "Evaluate the model again, or compare the models themselves with --data DATA."


@dataclass(frozen=True)
class Kept:
    """One model's predictions for some images.

    Attributes:
        header: What holds for all of them.
        images: What is kept of each: ``path``, ``content``, perhaps ``group``, and ``values``.
        where: The file, or the model, for messages.
    """

    header: Mapping[str, Any]
    images: Sequence[Mapping[str, Any]]
    where: str

    __repr__ = brief

    @property
    def categories(self) -> Categories:
        """The class map."""
        return CategoriesCard.model_validate(self.header["classes"]).categories

    def output(self) -> AnyOutput:
        """What knows the task."""
        return get_spec(self.header["task"]).open(self.categories, self.header["decode"])

    def places(self) -> dict[tuple[str, int], int]:
        """The place of each image by its content; of several copies by their number too."""
        seen: dict[str, int] = {}
        found = {}
        for place, image in enumerate(self.images):
            number = seen[image["content"]] = seen.get(image["content"], -1) + 1
            found[image["content"], number] = place
        return found

    def pairs(self, places: Sequence[int]) -> Iterator[tuple[SomeTruth, Prediction]]:
        """Truth and prediction of some images.

        Raises:
            DataError: A line is damaged.
        """
        output = self.output()
        for place in places:
            try:
                yield output.from_kept(self.images[place]["values"])
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(f"{self.where}: image {place + 1} is damaged ({error}).", AGAIN) from None


def header_of(
    predictor: Predictor, catalog: Catalog, *, split: str, run: str, viewing: Viewing | None = None
) -> dict[str, object]:
    """What holds for all images of an evaluation."""
    return {
        "foveal_predictions": VERSION,
        "task": predictor.card.task,
        "classes": predictor.output.categories.to_dict(),
        "decode": predictor.output.options.model_dump(),
        "root": str(catalog.root.resolve()),
        "reading": asdict(predictor.spec.reading),
        "split": split,
        "run": run,
        "images": len(catalog),
        **({} if viewing is None or viewing.plain else {"viewing": asdict(viewing)}),
    }


def image_of(catalog: Catalog, index: int, content: str, values: Mapping[str, object]) -> dict[str, object]:
    """What is kept of one image; ``content`` is the hash of its bytes."""
    group = {} if catalog.groups is None else {"group": catalog.groups[index]}
    return {"path": catalog.names[index], "content": content, **group, "values": values}


def line_of(values: Mapping[str, object]) -> bytes:
    """One line; names that are not UTF-8 are written with question marks."""
    try:
        return orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # a file name of other bytes
        return json.dumps(values, ensure_ascii=False).encode(errors="replace") + b"\n"


def read_kept(file: Path) -> Kept:
    """Read a predictions.jsonl.

    Raises:
        DataError: Missing, damaged, cut short, or written by a later Foveal.
    """
    try:
        with file.open("rb") as lines:
            header = orjson.loads(next(lines, b""))
            version = header.get("foveal_predictions")
            images = [orjson.loads(line) for line in lines]
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}).", AGAIN) from None
    except (ValueError, AttributeError) as error:
        raise DataError(f"{file}: damaged ({error}).", AGAIN) from None
    if version != VERSION:
        raise DataError(f"{file}: its version is {version}; this Foveal reads {VERSION}.", AGAIN)
    if not all(isinstance(one, dict) and {"path", "content", "values"} <= one.keys() for one in images):
        raise DataError(f"{file}: damaged (a line is no image).", AGAIN)
    if missing := [name for name in NEEDED if name not in header]:
        raise DataError(f"{file}: damaged (its header has no {listed(missing)}).", AGAIN)
    whole = header.get("images", len(images))
    if images and len(images) != whole:  # of a task that keeps none, earlier versions counted the images all the same
        raise DataError(f"{file}: damaged ({len(images)} of {whole} images).", AGAIN)
    return Kept(header, images, str(file))


def write_kept(file: Path, header: Mapping[str, object], images: Sequence[Mapping[str, object]]) -> None:
    """Write a predictions.jsonl.

    Raises:
        RunError: It cannot be written.
    """
    with AtomicFile(file) as out:
        out.write(line_of({**header, "images": len(images)}))
        for image in images:
            out.write(line_of(image))


def write_trained_on(folder: Path, train_set: Catalog) -> None:
    """Keep the hashes of a run's training images, so that nothing is compared on them.

    Raises:
        RunError: They cannot be written.
    """
    hashes = sorted({one.tobytes().hex() for one in train_set.content_hashes})
    with AtomicFile(folder / TRAINED_ON) as file:
        file.write("".join(f"{one}\n" for one in hashes))


def read_trained_on(run: str) -> frozenset[str] | None:
    """The hashes of a run's training images; None: not known."""
    try:
        return frozenset((Path(run) / TRAINED_ON).read_text().split()) if run else None
    except OSError:
        return None


def run_of(model: str | Path) -> str:
    """The folder of the run that made a model, if it lies there; else empty."""
    place = Path(model).resolve()
    folder = place if place.is_dir() else place.parent
    return str(folder) if (folder / TRAINED_ON).is_file() else ""
