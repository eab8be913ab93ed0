"""Predicting many files: finding them, running them, writing what was found. No torch."""

import csv
import glob
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from foveal.artifact.atomic import make_folder, make_room, write_atomic
from foveal.errors import ConfigError, DataError, ImageError
from foveal.imaging.suffixes import IMAGE_SUFFIXES
from foveal.inference.predictor import Predictor, read_image
from foveal.inference.views import Viewing, stream_views
from foveal.ops.masks import polygons_of
from foveal.types.rle import Rle


@dataclass(frozen=True)
class Job:
    """Answers for files, and the files that could not be read."""

    paths: list[Path]
    predictions: list[Any]
    skipped: list[ImageError]


@dataclass(frozen=True)
class Outputs:
    """What is to be written, as the options of ``foveal predict`` have it; None: not wanted.

    Attributes:
        csv: A table.
        coco: A file of COCO's results.
        save: A folder of images with the answers drawn on them.
        masks: A folder of masks.
    """

    csv: Path | None = None
    coco: Path | None = None
    save: Path | None = None
    masks: Path | None = None

    def prepare(self, images: Sequence[Path]) -> None:
        """Make the folders; refuse what could only fail once all images are predicted.

        The folder of masks itself is left to ``write_masks``: not every model has some.

        Raises:
            ConfigError: An image would be overwritten, or two have one id in COCO's results.
            RunError: A folder cannot be made or written to.
        """
        looked_at = {_identity(image): image for image in images if image.exists()}
        names = _names(images)
        for option, folder, suffix in (("--save", self.save, ".jpg"), ("--masks", self.masks, ".png")):
            if folder is not None:
                files = (folder / f"{name}{suffix}" for name in names)
                _spare(looked_at, files, f"{option} {folder}", f"Choose another folder for {option}.")
        for option, file in (("--csv", self.csv), ("--coco", self.coco)):
            if file is not None:
                _spare(looked_at, [file], f"{option} {file}", f"Choose another file for {option}.")
                if file.is_dir():
                    raise ConfigError(f"{option} {file} is a folder, not a file.", "Name a file in it.")
        if self.coco is not None:
            _refuse_twins(images)
        near_masks = self.masks and next(place for place in (self.masks, *self.masks.parents) if place.exists())
        for place in (self.csv and self.csv.parent, self.coco and self.coco.parent, self.save, near_masks):
            if place is not None:
                make_room(place)


def find_images(names: Sequence[str]) -> list[Path]:
    """Files from files, folders (searched through) and patterns, each once, in order.

    Raises:
        DataError: A name leads to no image.
    """
    found: dict[Path, None] = {}
    for name in names:
        path = Path(name)
        if path.is_dir():
            images = (p for p in path.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
            inside = sorted(p for p in images if not _hidden(p, path) and not p.is_dir())
            if not inside:
                looked_for = ", ".join(sorted(IMAGE_SUFFIXES))
                raise DataError(f"{name}: no images in this folder.", f"Looked for {looked_for}.")
        elif path.exists():
            inside = [path]
        else:
            inside = sorted(Path(p) for p in glob.glob(name, recursive=True) if Path(p).is_file())  # noqa: PTH207
            if not inside:
                raise DataError(f"{name}: no such file or folder.", "Check the path; quote patterns such as '*.jpg'.")
        found.update(dict.fromkeys(inside))
    return list(found)


def run_job(
    predictor: Predictor, paths: Sequence[Path], *, skip_bad: bool = False, viewing: Viewing | None = None
) -> Job:
    """Predict files in order.

    Args:
        predictor: The model.
        paths: The files.
        skip_bad: Whether files that cannot be read are left out and listed.
        viewing: How each image is looked at; None: once, whole.

    Raises:
        ImageError: A file cannot be read and ``skip_bad`` is off.
        ConfigError: The model's answers are for whole images, and these would be cut.
    """
    bad: dict[int, ImageError] = {}
    predictions = list(stream_views(predictor, paths, viewing, bad=bad if skip_bad else None))
    return Job([path for i, path in enumerate(paths) if i not in bad], predictions, list(bad.values()))


def write_coco(path: Path, job: Job, *, polygons: bool = False) -> None:
    """Write COCO's results format: one list of answers over all images.

    An image's ``image_id`` is its name without suffix, as a number where it is one (``000139.jpg``: 139).

    Args:
        path: The file.
        job: The answers.
        polygons: Whether masks are told as polygons, not as runs.

    Raises:
        ConfigError: COCO's format has no place for the model's answers.
        RunError: It cannot be written.
    """
    rows: list[dict[str, object]] = []
    for file, prediction in zip(job.paths, job.predictions, strict=True):
        rows += prediction.to_coco(_image_id(file))
    write_atomic(path, json.dumps(outlined(rows) if polygons else rows, ensure_ascii=False) + "\n")


def to_documents(job: Job, *, polygons: bool = False) -> list[dict[str, Any]]:
    """One plain object per image, as ``foveal predict --json`` prints them; masks as runs, or as polygons."""
    rows = [{"path": str(p), **answer.to_dict()} for p, answer in zip(job.paths, job.predictions, strict=True)]
    return outlined(rows) if polygons else rows


def outlined(value: Any) -> Any:
    """Plain values with polygons ``[[x, y, x, y, ...], ...]`` in the place of COCO's run-length masks."""
    match value:
        case {"size": _, "counts": _}:
            return polygons_of(Rle.from_coco(value))
        case dict():
            return {key: outlined(inner) for key, inner in value.items()}
        case list():
            return [outlined(inner) for inner in value]
    return value


def write_table(path: Path, job: Job, predictor: Predictor) -> None:
    """Write a CSV: path, rank, name, score and the task's own columns of each answer, best first.

    Raises:
        RunError: It cannot be written.
    """
    text = io.StringIO()
    answers = [prediction.rows() for prediction in job.predictions]
    columns = next((list(rows[0]) for rows in answers if rows), ["name", "score"])
    writer = csv.DictWriter(text, ["path", "rank", *columns], lineterminator="\n")
    writer.writeheader()
    for file, rows in zip(job.paths, answers, strict=True):
        for rank, row in enumerate(rows, start=1):
            writer.writerow({"path": file, "rank": rank, **row, "score": f"{row['score']:.6f}"})
    write_atomic(path, text.getvalue())


def write_images(folder: Path, job: Job, predictor: Predictor) -> None:
    """Write each image with its answer drawn on it, as JPEG; equal names are numbered.

    Raises:
        RunError: They cannot be written.
    """
    make_folder(folder)
    for name, file, prediction in zip(_names(job.paths), job.paths, job.predictions, strict=True):
        drawn = predictor.output.draw(read_image(file), prediction)
        buffer = io.BytesIO()
        Image.fromarray(drawn).save(buffer, "JPEG", quality=92)
        write_atomic(folder / f"{name}.jpg", buffer.getvalue())


def write_masks(folder: Path, job: Job, predictor: Predictor) -> None:
    """Write the masks of each image as PNG files that bear its name; equal names are numbered.

    Raises:
        ConfigError: The model's answers are no masks.
        RunError: They cannot be written.
    """
    for name, prediction in zip(_names(job.paths), job.predictions, strict=True):
        files = predictor.output.mask_png(prediction)
        make_folder(folder)  # once it is known that there are masks
        for suffix, content in files.items():
            write_atomic(folder / f"{name}{suffix}.png", content)


def _names(files: Sequence[Path]) -> list[str]:
    """A name of its own for each image; those of a part are among those of the whole."""
    used: dict[str, None] = {}
    for file in files:
        name, number = file.stem, 2
        while name in used:
            name, number = f"{file.stem}-{number}", number + 1
        used[name] = None
    return list(used)


def _image_id(file: Path) -> int | str:
    """What COCO's results call an image."""
    return int(file.stem) if file.stem.isascii() and file.stem.isdecimal() else file.stem


def _refuse_twins(images: Sequence[Path]) -> None:
    first: dict[int | str, Path] = {}
    for image in images:
        twin = first.setdefault(_image_id(image), image)
        if twin is not image:
            raise ConfigError(
                f"{twin} and {image} would have one image_id in COCO's results: {_image_id(image)}.",
                "Predict them apart, or rename one.",
            )


def _identity(file: Path) -> tuple[int, int]:
    """Equal for two names of one file."""
    there = file.stat()
    return there.st_dev, there.st_ino


def _spare(looked_at: Mapping[tuple[int, int], Path], files: Iterable[Path], what: str, hint: str) -> None:
    """Refuse to write a file that is one of the images."""
    for file in files:
        image = looked_at.get(_identity(file)) if file.exists() else None
        if image is not None:
            raise ConfigError(f"{what} would overwrite the image {image} that is looked at.", hint)


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)
