"""The page of several runs: the report of their predictions together, with what each run found."""

import csv
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from foveal.data.notes import plural
from foveal.engine.logs.log import duration
from foveal.metrics.contract import Lines, Panel, Table
from foveal.report.content import CaptionedImage, Content, Key, Step
from foveal.report.figures.history import training_curves
from foveal.report.page import MAX_IMAGES, PAGE, why_no_page, write_report
from foveal.report.wording import heading, spoken
from foveal.runs.several.drawn import image_of_kept
from foveal.runs.several.plan import NAMES
from foveal.runs.several.summary import Summary
from foveal.version import __version__

COLUMNS = 5
"""Metrics in the table of runs."""
TOGETHER = {
    "folds": "Every image was held out by one run and predicted by that run alone.",
    "seeds": "Metrics are means over the seeds; intervals hold the spread over images and seeds.",
}


def write_summary_page(done: Summary) -> str:
    """Write report.html and figures/.

    Returns:
        A note where there is no page because a package is missing, else nothing.

    Raises:
        RunError: They cannot be written.
    """
    if note := why_no_page():
        return note
    noun, results, folder = NAMES[done.plan.kind], done.results, shlex.quote(str(done.folder))
    first = shlex.quote(str(done.plan.folders(done.folder)[0]))
    panels: list[Panel] = [table_of(done), *curves_of(done), *results.panels]
    head = done.spread[done.headline]
    content = Content(
        title=done.folder.resolve().name,
        task=done.kept.header["task"],
        results=replace(results, panels=panels, cautions=(TOGETHER[done.plan.kind], *results.cautions)),
        headline=done.headline,
        facts=[
            ("data", done.plan.config.data.path),
            (f"{noun}s", str(done.plan.number)),
            (spoken(done.headline), f"{head.mean:.3f}, standard deviation {head.sd:.3f}"),
            ("images", f"{results.images:,}"),
            ("classes", str(len(results.per_class))),
            ("duration", duration(done.seconds)),
            ("Foveal", __version__),
        ],
        examples=examples_of(done),
        key=[Key(*entry) for entry in done.kept.output().key],
        next_steps=[
            Step(f"Compare these {plural(done.plan.number, 'run')} with others", f"foveal compare {folder} OTHER"),
            Step("Use one of the models", f"foveal predict {first} IMAGE"),
        ],
    )
    write_report(done.folder / PAGE, content)
    return ""


def table_of(done: Summary) -> Table:
    """A row per run: its images, and the headline metric beside a few others."""
    others = [name for name in done.spread if name != done.headline][: COLUMNS - 1]
    names = [done.headline, *others]
    images = [0] * done.plan.number if done.plan.kind == "seeds" else fold_sizes(done)
    rows: list[list[str | int | float]] = []
    for place, name in enumerate(done.plan.names()):
        amount: list[str | int | float] = [images[place]] if done.plan.kind == "folds" else []
        rows.append([name.replace("-", " "), *amount, *(done.spread[one].each[place] for one in names)])
    amount_head = ["images"] if done.plan.kind == "folds" else []
    return Table("Folds" if done.plan.kind == "folds" else "Seeds", ["", *amount_head, *map(spoken, names)], rows)


def fold_sizes(done: Summary) -> list[int]:
    """Images that each fold held out."""
    counts = [0] * done.plan.number
    for image in done.kept.images:
        counts[image["fold"] - 1] += 1
    return counts


def curves_of(done: Summary) -> list[Lines]:
    """The headline metric of every run over its epochs."""
    lines = {}
    for name, folder in zip(done.plan.names(), done.plan.folders(done.folder), strict=True):
        for panel in training_curves(history_of(folder), done.headline):
            if panel.title == heading(done.headline):
                lines[name.replace("-", " ")] = next(iter(panel.curves.values()))
    return [Lines(f"{heading(done.headline)} while training", "epoch", "", lines)] if lines else []


def history_of(folder: Path) -> list[dict[str, float]]:
    """Rows of a run's metrics.csv; none where it is missing."""
    try:
        rows = csv.DictReader((folder / "metrics.csv").read_text(encoding="utf-8").splitlines())
        return [{name: float(cell) for name, cell in row.items() if cell} for row in rows]
    except (OSError, ValueError):
        return []


def examples_of(done: Summary) -> Sequence[CaptionedImage]:
    """The worst mistakes, drawn; those whose file is gone are left out."""
    found = []
    for mistake in done.results.worst[:MAX_IMAGES]:
        drawn = image_of_kept(done.kept, mistake.position)
        if drawn is not None:
            found.append(CaptionedImage(drawn, mistake.caption, done.kept.images[mistake.position]["path"]))
    return found
