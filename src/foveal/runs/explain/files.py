"""Explaining many files, and what is written of it: drawings and arrays."""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from foveal.artifact.atomic import make_room, write_atomic
from foveal.errors import ConfigError, ImageError
from foveal.explain.case import Effort
from foveal.explain.contract import Explanation, scales_of
from foveal.explain.evidence import Evidence
from foveal.explain.explain import explain_image
from foveal.explain.methods import AUTO
from foveal.inference.files import Found
from foveal.inference.names import OutputNames, plan_names
from foveal.inference.predictor import Predictor
from foveal.types.predictions.subject import Asked
from foveal.types.progress import Progress, silent


@dataclass(frozen=True)
class Explained:
    """One file, its explanation, and what was written of it.

    Attributes:
        path: The image.
        explanation: Drawn on the scale that its classes have over all images.
        saved: The drawing of each subject; empty: none was asked for.
        raw: The array of each subject.
    """

    path: Path
    explanation: Explanation
    saved: Sequence[Path] = ()
    raw: Sequence[Path] = field(default=())

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON: those of the explanation, each subject with the files written of it."""
        document = self.explanation.to_dict()
        subjects = document["subjects"]
        assert isinstance(subjects, list), "of the explanation"
        for key, files in (("saved", self.saved), ("raw", self.raw)):
            for subject, file in zip(subjects, files, strict=False):
                subject[key] = str(file)
        return {"path": str(self.path), **document}


def explain_files(
    predictor: Predictor,
    found: Found,
    *,
    method: str = AUTO,
    asked: Asked = Asked(),  # noqa: B008  frozen
    effort: Effort = Effort(),  # noqa: B008  frozen
    save: Path | None = None,
    raw: Path | None = None,
    skip: Callable[[ImageError], None] | None = None,
    progress: Progress = silent,
) -> list[Explained]:
    """Explain files in order; what is drawn is drawn at the end, on one scale for each class.

    Args:
        predictor: The model.
        found: The images.
        method: One of ``explain.methods.METHODS``, or auto.
        asked: What is explained; by default what is predicted.
        effort: Seed and budget.
        save: A folder for drawings; None: none.
        raw: A folder for float32 arrays in the images' pixels, as ``.npy``; None: none.
        skip: Called with the error of each file that cannot be read, which is then left out. None raises the first.
        progress: Told how far it is.

    Raises:
        ImageError: A file cannot be read and ``skip`` is None.
        ConfigError: A method that this model has not, a question that does not concern it, an object that is not
            there, a budget under one pass, or classes of which nothing is predicted in any image.
        RunError: An output cannot be written.
    """
    for folder in (save, raw):
        if folder is not None:
            make_room(folder)
    total, done = len(found.paths), list[tuple[Path, Explanation]]()
    for place, path in enumerate(found.paths):
        progress("explaining", place, total)
        try:
            one = explain_image(predictor, found.source(path), method=method, asked=asked, effort=effort)
            done.append((path, one))
        except ImageError as error:
            if skip is None:
                raise
            skip(error)
    if asked.classes and done and not any(len(one) for _, one in done):
        names = ", ".join(asked.classes)
        raise ConfigError(
            f"Nothing is predicted as {names}, so there is nothing to explain.",
            "Leave out --class to explain what is predicted, or lower --threshold.",
        )
    scales = scales_of([one for _, one in done])
    planned = plan_names(found.paths, found.names)
    once = frozenset(found.piped)
    drawings = None if save is None else OutputNames(save, planned, ".png", once=once)
    arrays = None if raw is None else OutputNames(raw, planned, ".npy", once=once)
    explained = []
    for place, (path, one) in enumerate(done):
        progress("writing", place, len(done))
        shared = one.shared(scales)
        explained.append(
            Explained(
                path,
                shared,
                () if drawings is None else write_drawings(drawings, path, shared),
                () if arrays is None else write_arrays(arrays, path, shared),
            )
        )
    return explained


def write_drawings(names: OutputNames, image: Path, explanation: Explanation) -> list[Path]:
    """A PNG for each subject: ``a.bees.png``."""
    files = named(names, image, explanation, ".png")
    for place, file in enumerate(files):
        drawn = io.BytesIO()
        explanation.draw(only=place).save(drawn, "PNG", optimize=True)
        write_atomic(file, drawn.getvalue())
    return files


def write_arrays(names: OutputNames, image: Path, explanation: Explanation) -> list[Path]:
    """An array for each subject: ``a.bees.npy``."""
    files = named(names, image, explanation, ".npy")
    for file, one in zip(files, explanation, strict=True):
        array = io.BytesIO()
        np.save(array, one.array)
        write_atomic(file, array.getvalue())
    return files


def named(names: OutputNames, image: Path, explanation: Explanation, suffix: str) -> list[Path]:
    """A file for each subject, named by the image and what is explained."""
    if not len(explanation):
        return []
    stem, taken, files = names.take(image), set[str](), list[Path]()
    for number, one in enumerate(explanation, start=1):
        short = slug(one)
        while short.casefold() in taken:
            short = f"{slug(one)}-{number}"
        taken.add(short.casefold())
        files.append(names.folder / f"{stem}.{short}{suffix}")
    return files


def slug(one: Evidence) -> str:
    """A subject as a part of a file's name: ``bees``, ``2-WBC``, ``bees-not-ants``."""
    words = " ".join(filter(None, (one.subject.title, one.part)))
    return re.sub(r"[^\w.+-]+", "-", words).strip("-.")[:80] or "subject"
