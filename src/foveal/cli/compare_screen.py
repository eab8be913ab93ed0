"""What ``foveal compare`` prints."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from foveal.cli.screens import DASH, print_indented
from foveal.cli.terminal import print_table
from foveal.data.notes import plural
from foveal.metrics.paired.difference import Difference
from foveal.report.page import PAGE
from foveal.report.wording import spoken
from foveal.runs.display import number
from foveal.runs.several.comparison import Comparison, Pair
from foveal.runs.several.wording import decision, evidence, is_known, letters

MAX_SETTINGS, MAX_CLASSES, MAX_METRICS = 20, 10, 12
NARROW = 0.01
"""Ends of an interval below which it has four decimals."""


def comparison_screen(done: Comparison, folder: str = "") -> None:
    """The sides, settings that differ, the decision, metrics, classes, and where the page is."""
    console = Console()
    keys = letters(len(done.sides))
    for key, side in zip(keys, done.sides, strict=True):
        runs = f"  ({plural(len(side.members), 'run')})" if len(side.members) > 1 else ""
        console.print(Text.assemble("  ", (key, "bold"), f"  {side.name}", (runs, "dim")), soft_wrap=True)
    if done.settings:
        console.print()
        rows = [(key, *values) for key, values in done.settings[:MAX_SETTINGS]]
        print_table(console, ("setting", *keys), rows, left=range(len(keys) + 1))
        if (more := len(done.settings) - MAX_SETTINGS) > 0:
            print_indented(console, Text(f"{plural(more, 'more setting')} in comparison.json", "dim"))
    console.print()
    for pair in done.pairs:
        print_indented(console, decision_line(done, pair))
        print_indented(console, Text(evidence(done, pair), "dim"))
    for pair in done.pairs if len(done.pairs) == 1 else ():
        console.print()
        _print_metrics(console, done, pair)
    if len(done.pairs) > 1:
        console.print()
        _print_values(console, done)
    console.print()
    print_classes(console, done)
    for note in done.notes:
        print_indented(console, Text(note, "dim"))
    console.print(Text(f"\n  {plural(len(done.common), 'image')} in common"), soft_wrap=True)
    if folder:
        page = Path(folder) / PAGE
        found = page if page.is_file() else Path(folder) / "comparison.json"
        console.print(Text(f"  report  {found}"), soft_wrap=True)


def decision_line(done: Comparison, pair: Pair) -> Text:
    """For example ``accuracy: no difference seen  B - A = +0.018 (-0.004 to 0.040)``."""
    keys, found, words = letters(len(done.sides)), pair.difference, decision(done, pair)
    several = f"{keys[pair.a]} and {keys[pair.b]}, " if len(done.pairs) > 1 else ""
    change = f"{keys[pair.b]} - {keys[pair.a]} = {signed(found.difference)} ({between(found)})"
    style = "bold green" if "better" in words else "bold"
    return Text.assemble((f"{several}{spoken(done.metric)}: {words}", style), f"  {change}")


def signed(value: float, places: int = 3) -> str:
    """With its sign; a dash where undefined."""
    return f"{round(value, places) + 0.0:+.{places}f}" if value == value else DASH


def between(found: Difference) -> str:
    """The interval, with a fourth decimal where it is narrow."""
    places = 4 if max(abs(found.low), abs(found.high)) < NARROW else 3
    return f"{signed(found.low, places)} to {signed(found.high, places)}" if found.low == found.low else DASH


def _print_metrics(console: Console, done: Comparison, pair: Pair) -> None:
    rows = [
        (
            found.metric,
            number(found.a, undefined=DASH),
            number(found.b, undefined=DASH),
            signed(found.difference),
            between(found),
            done.better[found.metric],
        )
        for a, b, found in done.others
        if (a, b) == (pair.a, pair.b) and is_known(found)
    ]
    print_table(console, ("metric", "A", "B", "B - A", "95% interval", "better"), rows[:MAX_METRICS])
    if (more := len(rows) - MAX_METRICS) > 0:
        print_indented(console, Text(f"{plural(more, 'more metric')} in comparison.json", "dim"))


def _print_values(console: Console, done: Comparison) -> None:
    rows: list[Sequence[str]] = [
        (name, *(number(value, undefined=DASH) for value in values), done.better[name])
        for name, values in list(done.values.items())[:MAX_METRICS]
    ]
    print_table(console, ("metric", *letters(len(done.sides)), "better"), rows)


def print_classes(console: Console, done: Comparison) -> None:
    """The classes that change most from the first side to the last, in the first column."""
    columns = next(iter(done.per_class.values()), {})
    if not columns:
        return
    column = first_column(done)
    changes = {name: values[column][-1] - values[column][0] for name, values in done.per_class.items()}
    known = [name for name in changes if changes[name] == changes[name]]
    order = sorted(known, key=lambda name: -abs(changes[name]))[:MAX_CLASSES]
    keys = letters(len(done.sides))
    rows = [
        (name, *(number(value, undefined=DASH) for value in done.per_class[name][column]), signed(changes[name]))
        for name in order
    ]
    print_table(console, (f"class, {spoken(column)}", *keys, f"{keys[-1]} - {keys[0]}"), rows)
    if (more := len(done.per_class) - len(order)) > 0:
        print_indented(console, Text(f"{plural(more, 'more class')} in comparison.json", "dim"))


def first_column(done: Comparison) -> str:
    """What a class is measured by: its F1 if there is one, else the first column."""
    columns = list(next(iter(done.per_class.values()), {}))
    return "f1" if "f1" in columns and "AP" not in columns else columns[0]
