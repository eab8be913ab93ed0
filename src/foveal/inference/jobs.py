"""Predicting many files: finding them, running them, writing what was found. No torch."""

import csv
import glob
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from foveal.artifact.atomic import make_folder, write_atomic
from foveal.data.formats.image_folder import SUFFIXES
from foveal.errors import DataError, ImageError
from foveal.inference.predictor import Predictor, read_picture
from foveal.inference.views import Viewing, stream_views
from foveal.ops.masks import polygons_of
from foveal.types.rle import Rle


@dataclass(frozen=True)
class Job:
    """Answers for files, and the files that could not be read."""

    paths: list[Path]
    predictions: list[Any]
    skipped: list[ImageError]


def find_pictures(names: Sequence[str]) -> list[Path]:
    """Files from files, folders (searched through) and patterns, each once, in order.

    Raises:
        DataError: A name leads to no picture.
    """
    found: dict[Path, None] = {}
    for name in names:
        path = Path(name)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and not _hidden(p, path))
            if not inside:
                raise DataError(f"{name}: no pictures in this folder.", f"Looked for {', '.join(sorted(SUFFIXES))}.")
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
        viewing: How each picture is looked at; None: once, whole.

    Raises:
        ImageError: A file cannot be read and ``skip_bad`` is off.
        ConfigError: The model's answers are for whole pictures, and these would be cut.
    """
    bad: dict[int, ImageError] = {}
    predictions = list(stream_views(predictor, paths, viewing, bad=bad if skip_bad else None))
    return Job([path for i, path in enumerate(paths) if i not in bad], predictions, list(bad.values()))


def write_coco(path: Path, job: Job, *, polygons: bool = False) -> None:
    """Write COCO's results format: one list of answers over all pictures.

    A picture's ``image_id`` is its name without suffix, as a number where it is one.

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
        rows += prediction.to_coco(int(file.stem) if file.stem.isdecimal() else file.stem)
    write_atomic(path, json.dumps(outlined(rows) if polygons else rows, ensure_ascii=False) + "\n")


def to_documents(job: Job, *, polygons: bool = False) -> list[dict[str, Any]]:
    """One plain object a picture, as ``foveal predict --json`` prints them; masks as runs, or as polygons."""
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
    answers = [predictor.task.rows(prediction) for prediction in job.predictions]
    columns = next((list(rows[0]) for rows in answers if rows), ["name", "score"])
    writer = csv.DictWriter(text, ["path", "rank", *columns], lineterminator="\n")
    writer.writeheader()
    for file, rows in zip(job.paths, answers, strict=True):
        for rank, row in enumerate(rows, start=1):
            writer.writerow({"path": file, "rank": rank, **row, "score": f"{row['score']:.6f}"})
    write_atomic(path, text.getvalue())


def write_pictures(folder: Path, job: Job, predictor: Predictor) -> None:
    """Write each picture with its answer drawn on it, as JPEG; equal names are numbered.

    Raises:
        RunError: They cannot be written.
    """
    make_folder(folder)
    for name, file, prediction in _named(job):
        drawn = predictor.task.draw(read_picture(file), prediction)
        buffer = io.BytesIO()
        Image.fromarray(drawn).save(buffer, "JPEG", quality=92)
        write_atomic(folder / f"{name}.jpg", buffer.getvalue())


def write_masks(folder: Path, job: Job, predictor: Predictor) -> None:
    """Write the masks of each picture as PNG files that bear its name; equal names are numbered.

    Raises:
        ConfigError: The model's answers are no masks.
        RunError: They cannot be written.
    """
    for name, _, prediction in _named(job):
        files = predictor.task.mask_png(prediction)
        make_folder(folder)  # once it is known that there are masks
        for suffix, content in files.items():
            write_atomic(folder / f"{name}{suffix}.png", content)


def _named(job: Job) -> Iterator[tuple[str, Path, Any]]:
    """A name of its own, file and answer of each picture."""
    used: set[str] = set()
    for file, prediction in zip(job.paths, job.predictions, strict=True):
        name, number = file.stem, 2
        while name in used:
            name, number = f"{file.stem}-{number}", number + 1
        used.add(name)
        yield name, file, prediction


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)
