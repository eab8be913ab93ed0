"""The summary of several runs: the spread between folds or seeds, and out-of-fold predictions for every image."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from foveal.artifact.atomic import json_text, write_atomic
from foveal.brief import brief
from foveal.errors import RunError
from foveal.metrics.contract import Results, Verdict
from foveal.metrics.paired.over_seeds import over_seeds
from foveal.metrics.plain import metrics_of, or_none, per_class_of
from foveal.runs.several.kept import KEPT, Kept, read_kept, write_kept
from foveal.runs.several.plan import SeveralRuns
from foveal.types.arrays import IntArray


@dataclass(frozen=True)
class Spread:
    """A metric over several runs.

    Attributes:
        each: Its value in each.
        better: Whether more or less is better.
    """

    each: Sequence[float]
    better: str

    @property
    def mean(self) -> float:
        """Of the runs where it is defined."""
        return float(np.nanmean(self.each)) if np.isfinite(self.each).any() else float("nan")

    @property
    def sd(self) -> float:
        """Standard deviation between the runs."""
        known = np.array(self.each)[np.isfinite(self.each)]
        return float(known.std(ddof=1)) if len(known) > 1 else float("nan")

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        known = [value for value in self.each if value == value]
        return {
            "mean": or_none(self.mean),
            "sd": or_none(self.sd),
            "min": min(known, default=None),
            "max": max(known, default=None),
            "each": [or_none(value) for value in self.each],
            "better": self.better,
        }


@dataclass(frozen=True)
class Summary:
    """Several runs, all of them complete.

    Attributes:
        folder: Their folder.
        plan: What it planned.
        headline: Name of the task's own metric.
        spread: By metric.
        seconds: Of all runs together.
        kept: Out-of-fold predictions; of seeds the first one's predictions.
        results: On all images that were held out; of seeds the means.
        document: All of it as plain values.
    """

    folder: Path
    plan: SeveralRuns
    headline: str
    spread: Mapping[str, Spread]
    seconds: float
    kept: Kept
    results: Results
    document: Mapping[str, object]

    __repr__ = brief


def summarise(folder: Path, plan: SeveralRuns) -> Summary:
    """Sum up complete runs: metrics.json, and of folds predictions.jsonl and predictions.csv for every image.

    Raises:
        RunError: A run is not complete, or the files cannot be written.
        DataError: A run's predictions are damaged.
    """
    folders = plan.folders(folder)
    known = [read_metrics(one) for one in folders]
    spread = {
        name: Spread([_value(one["metrics"].get(name)) for one in known], values["better"])
        for name, values in known[0]["metrics"].items()
    }
    kept = [read_kept(one / KEPT) for one in folders]
    if plan.kind == "folds":
        together = out_of_fold(kept)
        write_kept(folder / KEPT, together.header, together.images)
        write_atomic(folder / "predictions.csv", joined_tables(folders))
    else:
        together = kept[0]
    groups = groups_of(together)
    if plan.kind == "folds":
        results = evaluated(together).results(groups=groups)
    else:
        results = over_seeds([evaluated(one) for one in kept], groups=groups)
    seconds = sum(float(one.get("training", {}).get("seconds", 0)) for one in known)
    part = "out_of_fold" if plan.kind == "folds" else "over_seeds"
    pooled = {"metrics": metrics_of(results), "per_class": per_class_of(results)}
    document = {
        "task": together.header["task"],
        "kind": plan.kind,
        "number": plan.number,
        "data": plan.config.data.path,
        "images": len(together.images),
        "spread": {name: one.to_dict() for name, one in spread.items()},
        part: pooled,
        "runs": [
            {
                "name": name,
                "folder": str(one),
                "images": found["images"],
                "metrics": {key: values["value"] for key, values in found["metrics"].items()},
                **found.get("training", {}),
            }
            for name, one, found in zip(plan.names(), folders, known, strict=True)
        ],
        "training": {"seconds": round(seconds, 1)},
    }
    done = Summary(folder, plan, together.output().goal.metric, spread, seconds, together, results, document)
    write_atomic(folder / "metrics.json", json_text(document))
    return done


def evaluated(kept: Kept) -> Verdict:
    """The evaluation of all that was kept."""
    metric = kept.output().metric()
    for truth, prediction in kept.pairs(range(len(kept.images))):
        metric.update(truth, prediction)
    return metric.verdict()


def out_of_fold(kept: Sequence[Kept]) -> Kept:
    """The predictions of all folds together: each image's by the run that did not train on it."""
    images = [{**image, "fold": k} for k, one in enumerate(kept, 1) for image in one.images]
    header = {**kept[0].header, "split": "folds", "run": "", "images": len(images)}
    return Kept(header, images, kept[0].where)


def joined_tables(folders: Sequence[Path]) -> str:
    """The runs' predictions.csv as one, with a column for the fold.

    Raises:
        RunError: One is missing.
    """
    text = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for number, folder in enumerate(folders, 1):
        try:
            rows = list(csv.DictReader((folder / "predictions.csv").read_text(encoding="utf-8").splitlines()))
        except OSError:
            raise RunError(f"{folder}: it has no predictions.csv.", "Train it again.") from None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(text, ["fold", *row], lineterminator="\n")
                writer.writeheader()
            writer.writerow({"fold": number, **row})
    return text.getvalue()


def groups_of(kept: Kept) -> IntArray | None:
    """(N,) the group of each image; None: they are independent."""
    names = [image.get("group") for image in kept.images]
    if any(name is None for name in names):
        return None
    ids: IntArray = np.unique(np.array(names), return_inverse=True)[1].reshape(-1)
    return ids


def read_metrics(folder: Path) -> dict[str, Any]:
    """A run's metrics.json.

    Raises:
        RunError: Missing or damaged.
    """
    file = folder / "metrics.json"
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise RunError(f"{file}: missing or damaged.", "Remove the run's folder, and resume.") from None
    return found


def value_of(document: Mapping[str, Any], metric: str) -> float:
    """A metric in a metrics.json; NaN: it is undefined, or not there."""
    return _value(document["metrics"].get(metric))


def _value(values: Mapping[str, float | None] | None) -> float:
    value = (values or {}).get("value")
    return float("nan") if value is None else value
