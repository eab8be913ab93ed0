"""The sides of a comparison: runs, evaluations, folders of folds or seeds, or models that are evaluated now."""

import csv
import json
import os
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foveal.brief import brief
from foveal.config.files import read_config
from foveal.data.catalog.catalog import SPLITS
from foveal.errors import DataError, FovealError
from foveal.inference.load import load
from foveal.runs.evaluate import open_data, part_of
from foveal.runs.evaluation import evaluate as evaluate_catalog
from foveal.runs.identity import flat
from foveal.runs.several.kept import (
    AGAIN,
    KEPT,
    TRAINED_ON,
    Kept,
    header_of,
    image_of,
    read_kept,
    read_trained_on,
    run_of,
)
from foveal.runs.several.plan import read_plan
from foveal.tasks.table import STREAMS
from foveal.types.progress import Progress, silent

EVALUATION = "metrics.json"


@dataclass(frozen=True)
class Member:
    """One model and what it predicted.

    Attributes:
        name: As the user named it.
        kept: Its predictions.
        trained_on: Hashes of the images that it was trained on; None: not known.
        settings: Of its run, by dotted key; empty where they are not known.
        history: Rows of metrics.csv, one per epoch.
        facts: Of its run: duration and the epoch that was kept.
        data: The data set that it was evaluated on, as it was named; empty: not known.
    """

    name: str
    kept: Kept
    trained_on: frozenset[str] | None
    settings: Mapping[str, object]
    history: Sequence[Mapping[str, float]]
    facts: Mapping[str, object]
    data: str = ""

    __repr__ = brief


@dataclass(frozen=True)
class Given:
    """One side: one model, or several seeds of one setting.

    Attributes:
        name: As the user named it.
        members: At least one.
        folds: Whether every image was predicted by the model that did not train on it.
    """

    name: str
    members: Sequence[Member]
    folds: bool = False

    __repr__ = brief


def open_sides(
    texts: Sequence[str], *, data: str = "", split: str | None = None, progress: Progress = silent
) -> list[Given]:
    """The sides as the user named them.

    Args:
        texts: Folders or models; several seeds of one setting are one text with commas between them.
        data: A data set that all of them are evaluated on now; empty: what they kept.
        split: The split of it; of what was kept, the one that it must be.
        progress: Called as the work goes on.

    Raises:
        FovealError: Nothing is there, nothing was kept, or a model cannot be evaluated.
    """
    if len(texts) < 2:
        raise DataError(
            "There is only one side to compare." if texts else "There is nothing to compare.",
            "Name two or more runs, evaluations or, with --data DATA, models.",
        )
    if split is not None and split not in SPLITS:
        raise DataError(f"Unknown split {split!r}.", f"Splits: {', '.join(SPLITS)}.")
    return [_open(text, data=data, split=split, progress=progress) for text in texts]


def runs_of(text: str, *, data: str = "") -> list[tuple[str, bool]]:
    """The folders or models of a side, and of each whether it is one of folds, whose predictions are taken together.

    Raises:
        RunError: A runs.toml is damaged.
        ConfigError: A setting in it is unknown or out of its bounds.
    """
    named = os.path.exists(text)  # noqa: PTH110  a list may be too long for a name, which is an error for Path
    paths = [text] if named else [part.strip() for part in text.split(",") if part.strip()]
    found = []
    for path in paths:
        plan = read_plan(Path(path))
        if plan is None or (plan.kind == "folds" and not data):
            found.append((path, plan is not None))
        else:
            found += [(str(folder), False) for folder in plan.folders(Path(path))]
    return found


def _open(text: str, *, data: str, split: str | None, progress: Progress) -> Given:
    named = runs_of(text, data=data)
    folds = any(of_folds for _, of_folds in named)
    members = [
        _evaluated(path, data, split, progress) if data else _kept(path, out_of_fold=of_folds)
        for path, of_folds in named
    ]
    if folds and len(members) > 1:
        raise DataError(
            f"{text}: predictions of folds are one side by themselves.", "Compare each such folder as a side."
        )
    for member in members:
        there = member.kept.header.get("split", "")
        if split is not None and not data and there != split and not folds:
            raise DataError(
                f"{member.name}: its predictions are of {there or 'all images, not of a split'}, not of {split}.",
                "Name the data set too: --data DATA.",
            )
    return Given(text, members, folds)


def _kept(path: str, *, out_of_fold: bool = False) -> Member:
    """What a run or an evaluation kept."""
    folder = Path(path)
    if not folder.exists():
        raise DataError(f"{path}: no such run or evaluation.", "Name its folder.")
    if not folder.is_dir():
        raise DataError(
            f"{path}: is a file; what was predicted is in the folder of a run or an evaluation.",
            "Name the folder, or compare the models themselves with --data DATA.",
        )
    if not (folder / KEPT).is_file():
        if not (folder / EVALUATION).exists():
            raise DataError(f"{path}: there are no predictions in this folder.", _instead(folder))
        task = _document(folder).get("task")
        if task in STREAMS:
            raise DataError(
                f"{path}: of the task {task} no predictions are kept; runs on images can be compared.",
                "Their metrics are in metrics.json; `foveal tune` finds out which settings are better.",
            )
        raise DataError(f"{path}: was written by an earlier Foveal, so it has no {KEPT}.", AGAIN)
    kept = read_kept(folder / KEPT)
    own = (folder / TRAINED_ON).is_file() and (folder / "config.toml").is_file()  # a run, wherever it was moved to
    run = str(folder) if own else str(kept.header.get("run", ""))
    trained_on = frozenset[str]() if out_of_fold else read_trained_on(run)
    settings, history, facts = _about(folder if out_of_fold else Path(run or folder))
    data = str(settings.get("data.path", "") if own or out_of_fold else _document(folder).get("data", ""))
    if not Path(data).is_absolute() and Path(data).resolve() != Path(str(kept.header["root"])):
        data = ""  # named from another folder
    return Member(path, kept, trained_on, settings, history, facts, data)


def _instead(folder: Path) -> str:
    """What to do about a folder without predictions."""
    if (folder / "config.toml").exists() or read_plan(folder) is not None:
        return f"Go on with it: foveal train --resume {shlex.quote(str(folder))}"
    inside = [one.parent for depth in ("*", "*/*") for one in sorted(folder.glob(f"{depth}/{KEPT}"))]
    if inside:
        return f"There are some in folders inside, such as {inside[0]}."
    return "Name a run, an evaluation, or a folder of folds or seeds."


def _evaluated(path: str, data: str, split: str | None, progress: Progress) -> Member:
    """A model's predictions for a data set, made now."""
    progress(f"evaluating {path}", 0, None)
    with load(path) as predictor:
        catalog, _ = open_data(Path(data), predictor, split=split, classes="", ignore=(), groups=None)
        chosen, part = part_of(catalog, split)
        predictor.output.accept(part)
        done = evaluate_catalog(predictor, part, num_resamples=0, progress=progress)
        run, images = run_of(path), []
        for i, (truth, prediction) in enumerate(zip(done.truths, done.predictions, strict=True)):
            values = predictor.output.to_kept(truth, prediction)
            if values is not None:
                images.append(image_of(part, i, part.content_hashes[i].tobytes().hex(), values))
        header = header_of(predictor, part, split=chosen or "", run=run)
        kept = Kept({**header, "cautions": list(done.results.cautions)}, images, path)
    return Member(path, kept, read_trained_on(run), *_about(Path(run or path)), data)


def _about(folder: Path) -> tuple[dict[str, object], list[dict[str, float]], dict[str, object]]:
    """Settings, learning curve and facts of a run, as far as they are there."""
    settings, history, facts = dict[str, object](), list[dict[str, float]](), dict[str, object]()
    plan = read_plan(folder)
    run = folder if plan is None else plan.folders(folder)[0]  # which has what the plan leaves open
    with suppress(FovealError):
        settings = flat(read_config(run / "config.toml").model_dump())
    try:
        rows = csv.DictReader((folder / "metrics.csv").read_text(encoding="utf-8").splitlines())
        history = [{name: float(cell) for name, cell in row.items() if cell} for row in rows]
    except (OSError, ValueError):
        pass
    with suppress(TypeError, ValueError):
        facts = dict(_document(folder).get("training", {}))
    return settings, history, facts


def _document(folder: Path) -> dict[str, Any]:
    """metrics.json; empty: there is none."""
    try:
        found: Any = json.loads((folder / EVALUATION).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
