"""The page of an experiment: claim, result in words, figure, tables, and what anyone needs to run it again."""

import csv
import io
import os
import platform
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from data_sets import DataSet
from PIL import Image
from recipe import Experiment, Settings, Side
from sides import Outcome, cost, run_folders, settings_of

from foveal.metrics.contract import Lines
from foveal.metrics.paired.difference import ALPHA, Difference
from foveal.report.figures.drawing import png
from foveal.report.wording import heading, spoken
from foveal.runs.record import versions

COLORS = 64
"""Of the figure's palette: it is curves on white."""


def write_page(experiment: Experiment, data: DataSet, out: Path, page: Path, found: Outcome, *, seeds: int) -> None:
    """Write the page and, beside it, its figure."""
    page.parent.mkdir(parents=True, exist_ok=True)
    figure = page.with_suffix(".png")
    figure.write_bytes(draw(experiment, out, found.metric, seeds=seeds))
    page.write_text(text_of(experiment, data, out, found, figure=figure.name, seeds=seeds), encoding="utf-8")


def text_of(experiment: Experiment, data: DataSet, out: Path, found: Outcome, *, figure: str, seeds: int) -> str:
    """The page in Markdown."""
    metric = heading(found.metric)
    words = verdicts(experiment, found)
    costs = cost(out)
    parts = [
        f"# {experiment.title}",
        f"**Claim.** {experiment.claim} ({experiment.source})",
        "**Result.** " + words[0] if len(words) == 1 else "**Result.**\n\n" + "\n".join(f"- {line}" for line in words),
        f"![Train loss and {metric} over the epochs]({figure})",
        "Mean over the seeds after each epoch, on the images that choose it."
        if data.test_text is None
        else "Mean over the seeds after each epoch, on the part of the text that chooses it.",
        "## Sides",
        sides_table(experiment, out, found, costs, seeds=seeds),
        "## Differences",
        pairs_table(experiment, found),
        f"An interval holds the spread over {'images' if data.test_text is None else 'passages'} and over seeds, 95%."
        f" p is adjusted for {len(found.pairs)} pairs (Holm). *Visible* is the smallest true difference that would be"
        " declared four times in five. [How](../decisions/0031-comparisons-are-paired.md)"
        if len(found.pairs) > 1
        else f"An interval holds the spread over {'images' if data.test_text is None else 'passages'} and over seeds,"
        " 95%. *Visible* is the smallest true difference that would be declared four times in five."
        " [How](../decisions/0031-comparisons-are-paired.md)",
        "## Run it",
        "```sh\n" + f"python experiments/run.py {experiment.name}\n" + "```",
        facts(experiment, data, found, costs, seeds=seeds),
        "One side by hand, as the experiment trains it (the others differ in what the table of sides lists):",
        "```sh\n" + by_hand(experiment, data, seeds=seeds) + "\n```",
    ]
    if experiment.limits:
        parts += ["## Limits", experiment.limits.strip()]
    return "\n\n".join(parts) + "\n"


def verdicts(experiment: Experiment, found: Outcome) -> list[str]:
    """A sentence for each thing that was expected."""
    by_places = {(a, b): (one, p) for a, b, one, p in found.pairs}
    lines = []
    for one in experiment.expect:
        first, second = experiment.place(one.first), experiment.place(one.second)
        difference, p = by_places[min(first, second), max(first, second)]
        gain = _gain(difference, found, turned=first < second)
        names = experiment.sides[first].name, experiment.sides[second].name
        lines.append(verdict(*names, gain, difference.smallest_visible, p, found.metric, margin=one.margin))
    return lines


def verdict(
    first: str,
    second: str,
    gain: tuple[float, float, float],
    visible: float,
    p: float,
    metric: str,
    *,
    margin: float | None = None,
) -> str:
    """Whether what was expected of two sides came out, in words.

    Args:
        first: Name of the side that should be better.
        second: Name of the other.
        gain: By how much the first is better, and the ends of the interval.
        visible: The smallest true difference that would be declared four times in five.
        p: Adjusted p-value.
        metric: Name of the metric.
        margin: The two should differ by less than this, and neither be better; None: the first should be.
    """
    places = _places(metric)
    amount, low, high = gain
    by = f"{abs(amount):.{places}f} of {spoken(metric)} (95% interval {_ends(low, high, places)})"
    winner, loser = (first, second) if amount > 0 else (second, first)
    if margin is not None and -margin < low and high < margin:
        return f"As claimed: {first} and {second} differ by less than {margin:g}: {by}."
    if p < ALPHA:
        start = "As claimed:" if amount > 0 and margin is None else "**The opposite of the claim:**"
        return f"{start} {winner} is better than {loser} by {by}."
    beyond = "" if margin is None else f" A difference above {margin:g} is not ruled out."
    return (
        f"**Not shown:** between {first} and {second} no difference was seen ({amount:+.{places}f} of"
        f" {spoken(metric)}, 95% interval {low:+.{places}f} to {high:+.{places}f}, p {p:.2f}). A true difference of"
        f" {visible:.{places}f} would have been seen four times in five.{beyond}"
    )


def sides_table(
    experiment: Experiment, out: Path, found: Outcome, costs: Mapping[str, Mapping[str, float]], *, seeds: int
) -> str:
    """A row per side: what is its own, its metric with interval and seeds, its last train loss, its time."""
    places = _places(found.metric)
    rows = [
        ["side", "settings of its own", heading(found.metric), "95% interval", "seeds", "train loss", "CPU s a run"]
    ]
    for side, value, each in zip(experiment.sides, found.values, found.seeds, strict=True):
        losses = [rows_of(folder)[-1].get("train_loss", np.nan) for folder in run_folders(out, side, seeds=seeds)]
        seconds = costs.get(side.key, {}).get("cpu_s", np.nan) / seeds
        rows.append(
            [
                side.name,
                f"`{flags(side.settings)}`" if side.settings else "the defaults",
                f"{value.value:.{places}f}",
                f"{value.low:.{places}f} to {value.high:.{places}f}",
                ", ".join(f"{one:.{places}f}" for one in each),
                f"{np.mean(losses):.3f}",
                f"{seconds:.0f}",
            ]
        )
    return _table(rows)


def pairs_table(experiment: Experiment, found: Outcome) -> str:
    """A row per two sides; differences are second minus first."""
    places = _places(found.metric)
    rows = [["first", "second", "difference", "95% interval", "p", "visible", "better"]]
    for a, b, one, p in found.pairs:
        gained = one.difference > 0 if found.better == "more" else one.difference < 0
        winner = experiment.sides[b if gained else a].name if p < ALPHA else "–"
        ends = f"{one.low:+.{places}f} to {one.high:+.{places}f}"
        rows.append(
            [
                experiment.sides[a].name,
                experiment.sides[b].name,
                f"{one.difference:+.{places}f}",
                ends,
                "< 0.001" if p < 0.001 else f"{p:.3f}",
                f"{one.smallest_visible:.{places}f}",
                winner,
            ]
        )
    return _table(
        [rows[0], *([cell.replace("-", "−") if cell[0] in "+-" else cell for cell in row] for row in rows[1:])]
    )


def facts(
    experiment: Experiment, data: DataSet, found: Outcome, costs: Mapping[str, Mapping[str, float]], *, seeds: int
) -> str:
    """Data, seeds, time and machine."""
    cpu, wall = (sum(one[key] for one in costs.values()) / 60 for key in ("cpu_s", "wall_s"))
    known = versions()
    unit = "test images" if data.test_text is None else "blocks of the test text"
    lines = [
        f"Data: {data.about}.",
        f"Seeds: 0 to {seeds - 1} of each side, {len(experiment.sides) * seeds} runs; compared on {found.images:,}"
        f" {unit}.",
        f"Time: {cpu:.1f} minutes of processor time, {wall:.1f} on the clock, on a shared machine of two cores with"
        f" {os.environ.get('OMP_NUM_THREADS', 'all')} thread(s), comparison included.",
        f"With foveal {known.get('foveal', '?')}, torch {known.get('torch', '?')}, Python {platform.python_version()}.",
    ]
    return "\n".join(f"- {line}" for line in lines)


def by_hand(experiment: Experiment, data: DataSet, *, seeds: int) -> str:
    """The command of the first side, and that of the comparison."""
    side, folder = experiment.sides[0], f"runs/experiments/{experiment.name}"
    where = Path("runs/experiments/data", *data.path.parts[-3 if data.test_text else -2 :]).as_posix()
    every = flags(settings_of(experiment, side))
    if data.test_text is not None:
        return (
            f"foveal train {where} --seed 0 {every} --out {folder}/{side.key}/seed-0\n"
            f"foveal evaluate {folder}/{side.key}/seed-0 {Path(where).with_name('test.txt').as_posix()}"
        )
    keys = " ".join(f"{folder}/{one.key}" for one in experiment.sides)
    return (
        f"foveal train {where} --seeds {seeds} {every} --out {folder}/{side.key}\n"
        f"foveal compare {keys} --data {where} --split test"
    )


def flags(settings: Settings) -> str:
    """Settings as the command line takes them."""
    found = []
    for section, values in settings.items():
        for key, value in values.items() if isinstance(values, Mapping) else ():
            name = f"{section}.{key}".replace("_", "-")
            if isinstance(value, bool):
                found.append(f"--{name}" if value else f"--{section}.no-{key.replace('_', '-')}")
            else:
                found.append(f"--{name} {shlex.quote(str(value))}")
    return " ".join(found)


def draw(experiment: Experiment, out: Path, metric: str, *, seeds: int) -> bytes:
    """Two panels beside each other, as PNG: train loss, and the metric on the validation split."""
    panels = []
    for name, title in (("train_loss", "Train loss"), (f"val_{metric}", f"{heading(metric)}, validation")):
        curves = {side.name: mean_curve(out, side, name, metric, seeds=seeds) for side in experiment.sides}
        panels.append(Lines(title, "epoch", "", {key: points for key, points in curves.items() if len(points[0])}))
    images = [Image.open(io.BytesIO(png(panel))).convert("RGB") for panel in panels if panel.curves]
    sheet = Image.new("RGB", (sum(one.width for one in images), max(one.height for one in images)), "white")
    left = 0
    for one in images:
        sheet.paste(one, (left, 0))
        left += one.width
    file = io.BytesIO()
    sheet.quantize(COLORS).save(file, "PNG", optimize=True)
    return file.getvalue()


def mean_curve(
    out: Path, side: Side, name: str, metric: str, *, seeds: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """A column of metrics.csv over the epochs, the mean over the seeds."""
    values: dict[float, list[float]] = {}
    for folder in run_folders(out, side, seeds=seeds):
        for row in rows_of(folder):
            value = row.get(name, row.get(metric) if name.endswith(metric) else None)
            if value is not None:
                values.setdefault(row["epoch"], []).append(value)
    epochs = sorted(values)
    return np.array(epochs), np.array([np.mean(values[epoch]) for epoch in epochs])


def rows_of(folder: Path) -> Sequence[Mapping[str, float]]:
    """A run's metrics.csv."""
    with (folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
        return [{key: float(cell) for key, cell in row.items() if cell} for row in csv.DictReader(file)]


def outcome_of(page: Path) -> str:
    """The result of a page in a cell of the index: without intervals."""
    after = page.read_text(encoding="utf-8").partition("**Result.**")[2].partition("![")[0]
    lines = [line.removeprefix("- ").strip() for line in after.split("\n") if line.strip()]
    short = [re.sub(r" \(95% interval [^)]*\)|, 95% interval [^)]*| of accuracy(?= )", "", line) for line in lines]
    visible = r"A true difference of (\S+) would have been seen four times in five\."
    return "<br>".join(re.sub(visible, r"Visible: \1.", line) for line in short)


def write_index(pages: Path, experiments: Sequence[Experiment]) -> None:
    """docs/experiments/README.md: a row per experiment, those that were not run too."""
    rows = [["experiment", "claim", "result"]]
    for one in sorted(experiments, key=lambda one: one.title):
        page = pages / f"{one.name}.md"
        there = page.exists()
        title = f"[{one.title}]({page.name})" if there else one.title
        rows.append(
            [title, one.claim, outcome_of(page) if there else f"Not run: `python experiments/run.py {one.name}`"]
        )
    (pages / "README.md").write_text(f"{HEAD.strip()}\n\n{_table(rows)}\n", encoding="utf-8")


HEAD = """
# Experiments

What is taught, tried in minutes of two cores with three seeds each, and compared on images that no training has seen.
What did not come out as claimed is reported so, with the smallest effect that could have been seen.
[Why they are scripts](../decisions/0034-experiments.md)

```sh
python experiments/run.py --list
python experiments/run.py --missing             # those that have no page yet, one after the other
python experiments/run.py activations           # trains, compares, writes docs/experiments/activations.md
python experiments/run.py activations --quick   # seconds: shows that everything works, and nothing else
```

Fashion-MNIST is taken from Debian's package `dataset-fashion-mnist` (or the folder `FASHION_MNIST`), photos and text
from the folder `FOVEAL_DATA`. A killed experiment goes on where it was. This page is written by
`python experiments/run.py --index`.
"""


def _gain(difference: Difference, found: Outcome, *, turned: bool) -> tuple[float, float, float]:
    """By how much the expected side is better, with the interval's ends; above 0 is as claimed."""
    sign = (-1 if turned else 1) * (1 if found.better == "more" else -1)
    low, high = sorted((sign * difference.low, sign * difference.high))
    return sign * difference.difference, low, high


def _ends(low: float, high: float, places: int) -> str:
    """An interval of how much one is better than the other: without a sign where it does not hold 0."""
    if low * high <= 0:
        return f"{low:+.{places}f} to {high:+.{places}f}"
    return " to ".join(f"{end:.{places}f}" for end in sorted((abs(low), abs(high))))


def _minus(cell: str) -> str:
    """With the sign of mathematics where it is a number with one."""
    return cell.replace("-", "−") if cell[0] in "+-" else cell


def _places(metric: str) -> int:
    return 3 if metric != "perplexity" else 2


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
