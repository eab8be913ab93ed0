"""What ``foveal train --folds`` and ``--seeds`` print at the end."""

import shlex

from rich.console import Console
from rich.text import Text

from foveal.cli.screens import DASH, print_indented
from foveal.cli.terminal import print_table
from foveal.data.notes import plural
from foveal.report.wording import spoken
from foveal.runs.display import number
from foveal.runs.several.plan import NAMES
from foveal.runs.several.summary import Summary

MAX_METRICS, MAX_EACH = 12, 10


def summary_screen(console: Console, done: Summary) -> None:
    """The spread of each metric, the headline in each run, and what to do next."""
    noun = NAMES[done.plan.kind]
    head = done.spread[done.headline]
    console.print()
    words = f"{spoken(done.headline)} {number(head.mean, undefined=DASH)}"
    spread = f"  (mean of {plural(done.plan.number, noun)}, standard deviation {number(head.sd, undefined=DASH)})"
    print_indented(console, Text.assemble((words, "bold green"), spread))
    if done.plan.kind == "folds":
        pooled = done.results.metrics[done.headline]
        between = f"{pooled.low:.3f} to {pooled.high:.3f}"
        text = f"on all {plural(len(done.kept.images), 'image')}, each held out once: {pooled.value:.3f} ({between})"
        print_indented(console, Text(text))
    console.print()
    rows = [
        (
            name,
            number(one.mean, undefined=DASH),
            number(one.sd, undefined=DASH),
            number(min(one.each), undefined=DASH),
            number(max(one.each), undefined=DASH),
            one.better,
        )
        for name, one in list(done.spread.items())[:MAX_METRICS]
    ]
    print_table(console, ("metric", "mean", "sd", "least", "most", "better"), rows)
    console.print()
    each = [
        (name, number(value, undefined=DASH))
        for name, value in list(zip(done.plan.names(), head.each, strict=True))[:MAX_EACH]
    ]
    print_table(console, (noun, spoken(done.headline)), each)
    folder = shlex.quote(str(done.folder))
    console.print(Text(f"\n  report  {done.folder / 'report.html'}"), soft_wrap=True)
    console.print(Text(f"  Next: foveal compare {folder} OTHER", "dim"), soft_wrap=True)
