"""What commands on streams, texts and series, print when they are done."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from foveal.cli.screens import DASH, print_findings, print_indented
from foveal.cli.terminal import print_table
from foveal.metrics.contract import Results
from foveal.runs.display import in_digits

if TYPE_CHECKING:
    from foveal.runs.streams.evaluate import StreamEvaluation
    from foveal.runs.streams.train import TrainedStream

MAX_ROWS = 12


def last_screen(console: Console, trained: "TrainedStream") -> None:
    """The headline, paths of model and report, and the next commands."""
    from foveal.runs.streams.report import next_commands
    from foveal.tasks.table import get_stream

    unit = get_stream(trained.card.task).unit
    interval = trained.results.metrics[trained.headline]
    value, between = in_digits(interval, 3, undefined=DASH)
    console.print()
    for note in trained.ended.notes:
        print_indented(console, Text(note, "dim"))
    words = trained.headline.replace("_", " ")
    held_out = f"(95% interval {between}, on {trained.results.images:,} {unit} held out)"
    print_indented(console, Text.assemble((f"{words} {value}", "bold green"), f"  {held_out}"))
    print_findings(console, trained.findings)
    console.print(Text.assemble("  ", ("model", "bold"), f"   {trained.folder / 'model.safetensors'}"))
    console.print(Text.assemble("  ", ("report", "bold"), f"  {trained.folder / 'report.html'}"))
    console.print()
    console.print("  [dim]Next:[/]", highlight=False)
    steps = next_commands(trained.card.task, shlex.quote(str(trained.folder)))
    width = max(map(len, steps))
    for command, what in steps.items():
        console.print(Text.assemble(f"    {command:<{width}}  ", (what, "dim")), soft_wrap=True)


def evaluation_screen(done: "StreamEvaluation") -> None:
    """The metrics with intervals, then the most frequent characters or the columns."""
    console = Console()
    print_metrics(console, done.results)
    if done.findings:
        console.print()
        print_findings(console, done.findings)
    console.print(
        Text(f"\n  {done.results.images:,} {done.unit} on {done.running}; details in {Path(done.folder)}"),
        soft_wrap=True,
    )


def print_metrics(console: Console, results: Results) -> None:
    """A row per metric, then a row per character or column."""
    metrics = [
        (name, *in_digits(i, 4, undefined=DASH), results.better.get(name, "")) for name, i in results.metrics.items()
    ]
    print_table(console, ("metric", "value", "95% interval", "better"), metrics)
    console.print()
    names = list(next(iter(results.per_class.values()), {}))
    rows = [
        (row, *(f"{values[name]:,.0f}" if name == "count" else f"{values[name]:.3f}" for name in names))
        for row, values in list(results.per_class.items())[:MAX_ROWS]
    ]
    print_table(console, ("", *(name.replace("_", " ") for name in names)), rows)
    if len(results.per_class) > MAX_ROWS:
        console.print(f"  ... {len(results.per_class) - MAX_ROWS} more in metrics.json")
