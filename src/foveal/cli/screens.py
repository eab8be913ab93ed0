"""What commands print when they are done."""

import json
import os
import shlex
import sys
import webbrowser
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from foveal.artifact.place import Place
from foveal.cli.terminal import messages, print_table
from foveal.data.notes import SHOWN, listed, plural
from foveal.errors import ImageError
from foveal.inference.outputs import Outputs
from foveal.inference.predictor import Predictor
from foveal.inference.writers import Add
from foveal.metrics.contract import Results
from foveal.report.findings.classes import COUNTS
from foveal.report.findings.contract import Finding
from foveal.runs.display import in_digits, number
from foveal.types.predictions.prediction import Prediction

if TYPE_CHECKING:
    from foveal.runs.evaluate import EvaluationRun  # reads all data formats, which takes half as long as a prediction
    from foveal.runs.start import Trained

DASH = "-"
"""Written where a number is undefined; every terminal has it."""
MAX_ROWS = 40
MAX_FINDINGS = 3
SEVERITIES = {"problem": "red", "warning": "yellow", "note": ""}
TOLD_BEFORE = ("epoch_zero_kept", "undefined")
"""Rules whose finding is told where the screen tells why an epoch was kept."""
WIDE = 60
"""Characters of a screen from which intervals have four decimals."""


def print_json(document: Any) -> None:
    """Exactly one JSON document on standard output."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def last_screen(console: Console, trained: "Trained") -> None:
    """Paths of model and report, and the next commands."""
    folder = shlex.quote(str(trained.folder))
    console.print()
    for note in trained.ended.notes:
        print_indented(console, Text(note, "dim"))
    print_indented(console, Text.from_markup(headline(trained.model, trained.evaluation.results)))
    told = TOLD_BEFORE if trained.ended.kept else ()
    print_findings(console, [finding for finding in trained.findings if finding.rule not in told])
    console.print(Text.assemble("  ", ("model", "bold"), f"   {trained.folder / 'model.safetensors'}"))
    console.print(Text.assemble("  ", ("report", "bold"), f"  {trained.folder / 'report.html'}"))
    if trained.skipped:
        some = listed([one.path for one in trained.skipped])
        left = f"{plural(len(trained.skipped), 'image')} left out, unreadable: {some}; data.json lists all"
        console.print(Text(f"  {left}", "yellow"), soft_wrap=True)
    console.print()
    console.print("  [dim]Next:[/]", highlight=False)
    steps = {
        f"foveal predict {folder} IMAGE": "predict on an image",
        f"foveal evaluate {folder} FOLDER": "evaluate on other labelled images",
        f"foveal export {folder}": "write one .onnx file that needs no PyTorch",
    }
    width = max(map(len, steps))
    beside = console.width >= width + max(map(len, steps.values())) + 6
    for command, what in steps.items():
        if not beside:
            console.print(Text.assemble(f"    {command}\n      ", (what, "dim")), soft_wrap=True)
        else:
            console.print(Text.assemble(f"    {command:<{width}}  ", (what, "dim")), soft_wrap=True)


def print_indented(console: Console, text: Text) -> None:
    """A paragraph; in a pipe one line."""
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, 2), expand=False))
    else:
        console.print(Text.assemble("  ", text), soft_wrap=True)


def print_findings(console: Console, findings: Sequence[Finding]) -> None:
    """The first few, and how many more the page has."""
    for finding in findings[:MAX_FINDINGS]:
        style = SEVERITIES[finding.severity]
        print_indented(console, Text.assemble((f"{finding.severity}: ", f"bold {style}".strip()), finding.text))
    if (more := len(findings) - MAX_FINDINGS) > 0:
        print_indented(console, Text(f"{plural(more, 'more finding')} in report.html", "dim"))


def headline(model: Predictor, results: Results) -> str:
    """The headline metric with its interval."""
    name = model.output.goal.metric
    interval = results.metrics[name]
    value, between = in_digits(interval, 3, undefined=DASH)
    if isnan(interval.value):
        return f"[bold]{name.replace('_', ' ')} -[/]  (cannot be computed on {how_many(results)})"
    return f"[bold green]{name.replace('_', ' ')} {value}[/]  (95% interval {between}, on {how_many(results)})"


def how_many(results: Results) -> str:
    """The number of images and, where they have any, of groups."""
    in_groups = "" if results.groups is None else f" in {plural(results.groups, 'group')}"
    return plural(results.images, "image") + in_groups


def evaluation_screen(run: "EvaluationRun") -> None:
    """Headline numbers with intervals, then a row per class."""
    console, results = Console(), run.evaluation.results
    places = 4 if console.width >= WIDE or not console.is_terminal else 3
    metrics = [
        (name, *in_digits(i, places, undefined=DASH), results.better.get(name, ""))
        for name, i in results.metrics.items()
    ]
    print_table(console, ("metric", "value", "95% interval", "better"), metrics)
    console.print()
    print_classes(console, results)
    if found := [finding for finding in run.findings if finding.text not in run.notes]:
        console.print()
        print_findings(console, found)
    where = f" on {run.running}" if run.running else ""
    console.print(Text(f"\n  {how_many(results)}{where}; details in {run.folder}"), soft_wrap=True)


def print_classes(console: Console, results: Results) -> None:
    """Metrics per class."""
    names = list(next(iter(results.per_class.values()), {}))
    rows = [
        (category, *(number(values[name], whole=name in COUNTS, undefined=DASH) for name in names))
        for category, values in list(results.per_class.items())[:MAX_ROWS]
    ]
    print_table(console, ("class", *(name.replace("_", " ") for name in names)), rows)
    if len(results.per_class) > MAX_ROWS:
        console.print(f"  ... {len(results.per_class) - MAX_ROWS} more in metrics.json")


def prediction_cells(rows: Sequence[Mapping[str, str | float]]) -> tuple[str, str, str]:
    """Prediction, best score and runners-up; objects of one class are counted."""
    if not rows:
        return "nothing", "-", ""
    counts = Counter(str(row["name"]) for row in rows)
    best = f"{rows[0]['score']:.1%}"
    if len(counts) < len(rows):
        return ", ".join(f"{count} {name}" for name, count in counts.most_common()), best, ""
    return str(rows[0]["name"]), best, ", ".join(f"{row['name']} {row['score']:.1%}" for row in rows[1:])


@contextmanager
def predictions_screen(outputs: Outputs) -> Iterator[Add]:
    """What ``foveal predict`` prints: a table on a terminal, a line per image elsewhere; then the files written.

    Nothing goes to the standard output if a file does.
    """
    if outputs.takes_stdout:
        yield print_nothing
    else:
        with prediction_table() if sys.stdout.isatty() else prediction_lines() as add:
            yield add
    console = Console(stderr=outputs.takes_stdout or not sys.stdout.isatty(), soft_wrap=True)
    places = {"table": outputs.csv, "coco": outputs.coco, "images": outputs.save, "masks": outputs.masks}
    for what, place in {**places, "crops": outputs.crops}.items():
        if place is not None and not Place.of(place, any_kind=True).direct:
            console.print(Text(f"  {what:<8}  {place}"))


def print_nothing(image: Path, prediction: Prediction) -> None:
    """Where the standard output belongs to a file."""


@contextmanager
def prediction_table() -> Iterator[Add]:
    """A row for each of the first images, and the number of further images; after an error too."""
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2))
    table.add_column("image", overflow="fold")
    table.add_column("prediction")
    table.add_column("score", justify="right")
    table.add_column("runner-up", style="dim")
    more = 0

    def add(image: Path, prediction: Prediction) -> None:
        nonlocal more
        if table.row_count < MAX_ROWS:
            table.add_row(*map(Text, (str(image), *prediction_cells(prediction.rows()))))
        else:
            more += 1

    begun = False
    try:
        yield add
        begun = True
    finally:
        if begun or table.row_count:
            console = Console()
            console.print(table)
            if more:
                console.print(f"  ... and {more:,} more; --csv FILE or --json gives all", style="dim")


@contextmanager
def prediction_lines() -> Iterator[Add]:
    """A line for each image as it comes: its whole name, prediction, best score and runners-up, by tabs."""

    def add(image: Path, prediction: Prediction) -> None:
        cells = (str(image), *prediction_cells(prediction.rows()))
        print_plain("\t".join(map(in_one_line, cells)).rstrip("\t") + "\n")

    yield add


def in_one_line(text: str) -> str:
    """A text without line breaks and tabs."""
    return "".join(c if c.isprintable() or not c.isspace() else repr(c)[1:-1] for c in text)


def print_plain(text: str) -> None:
    """Write to the standard output; names of files keep their bytes, and what its encoding lacks is escaped."""
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding
        try:
            content = text.encode(encoding, "surrogateescape")
        except UnicodeEncodeError:
            content = text.encode(encoding, "backslashreplace")
        sys.stdout.buffer.write(content)
    sys.stdout.flush()


def print_notes(notes: Iterable[str]) -> None:
    """Lines on standard error."""
    for note in notes:
        messages().print(Text(f"note: {note}", "yellow"), soft_wrap=True)


def print_running(predictor: Predictor, *, asked: bool) -> None:
    """What runs the network, on standard error: on a terminal, and wherever something was asked for."""
    if asked or sys.stderr.isatty():
        messages().print(Text(f"running on {predictor.running}", "dim"), soft_wrap=True)


@contextmanager
def note_full_lists(predictor: Predictor) -> Iterator[Add]:
    """A note on standard error, at the end, of the images that have as many objects as the model allows."""
    first: list[str] = []
    full = limit = 0

    def add(image: Path, prediction: Prediction) -> None:
        nonlocal full, limit
        if reached := predictor.output.limit_reached(prediction):
            full, limit = full + 1, max(limit, reached)
            if len(first) < SHOWN:
                first.append(str(image))

    try:
        yield add
    finally:
        if full:
            rest = f" and {full - len(first)} more" if full > len(first) else ""
            what = "image has" if full == 1 else "images have"
            print_notes(
                [
                    f"{full:,} {what} as many objects as the limit allows ({limit:,}), so there may be more;"
                    f" --max-objects raises it: {', '.join(first)}{rest}."
                ]
            )


class Skipped:
    """Images that are skipped: a line on standard error for each, and their number at the end.

    Args:
        images: The number of all images.
        noun: What they are.
    """

    def __init__(self, images: int, noun: str = "image") -> None:
        self._images = images
        self._noun = noun
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def add(self, error: ImageError) -> None:
        """Print a line."""
        self._count += 1
        messages().print(Text(f"skipped: {error.what}", "yellow"), soft_wrap=True)

    def __exit__(self, *_: object) -> None:
        if self._count:
            print_notes([f"{self._count:,} of {plural(self._images, self._noun)} skipped."])


def show_page(page: Path, *, quiet: bool = False) -> bool:
    """Open a page.

    Args:
        page: The file.
        quiet: Whether nothing is printed.

    Returns:
        Whether a browser was found.
    """
    shown = page.is_file() and has_display() and webbrowser.open(page.resolve().as_uri())
    if not shown and not quiet:
        why = "no browser was found here; open it yourself:" if page.is_file() else "there is no page:"
        Console(stderr=True, soft_wrap=True).print(Text(f"note: {why} {page.resolve()}", "yellow"))
    return shown


def has_display() -> bool:
    """Whether a page can be seen: elsewhere a text browser would take the terminal."""
    if sys.platform in ("win32", "darwin") or "BROWSER" in os.environ:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
