"""What fits a terminal: bars while a command works, gone when it is done, and tables whose rows do not wrap."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from foveal.engine.logs.log import TIMED, duration
from foveal.inference.writers import Add
from foveal.types.predictions.prediction import Prediction

BURST_S = 0.05
"""Steps nearer than this come from one batch, and are timed as one."""
GAP = "  "
NARROWEST = 12
"""Characters that are always left for the first column."""
_LIVE: list[Console] = []
"""Consoles of the bars on screen."""


class Bar:
    """Progress of one command, stage by stage; call it as ``foveal.types.progress`` says.

    Args:
        shown: False: silent on a terminal too.
    """

    def __init__(self, *, shown: bool = True) -> None:
        console = Console(stderr=True)
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._what = ""
        self._left = TimeLeft()
        if shown and console.is_terminal and not console.is_dumb_terminal:
            self._progress = Progress(
                TextColumn("  {task.description}", style="dim"),
                BarColumn(bar_width=max(8, min(28, console.width - 52))),
                TextColumn("{task.fields[count]}"),
                TextColumn("{task.fields[left]}", style="dim"),
                console=console,
                transient=True,
                redirect_stdout=sys.stdout.isatty(),  # what goes into a pipe or a file stays there
            )

    def __enter__(self) -> "Bar":
        if self._progress is not None:
            self._progress.start()
            _LIVE.append(self._progress.console)
        return self

    def __exit__(self, *error: object) -> None:
        if self._progress is not None:
            _LIVE.remove(self._progress.console)
            self._progress.stop()

    @property
    def shown(self) -> bool:
        """Whether it is on a screen."""
        return self._progress is not None

    def __call__(self, what: str, done: int, total: int | None, *, beside: str = "") -> None:
        """A step is done, or a stage begins; ``beside``: a few words beside the count."""
        if self._progress is None:
            return
        if what != self._what or self._task is None:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._what, self._left = what, TimeLeft()
            self._task = self._progress.add_task(what, total=total, count="", left="")
        self._left.step(time.perf_counter(), done)
        left = None if total is None else self._left.seconds(total - done)
        self._progress.update(
            self._task,
            completed=done,
            total=total,
            count="" if not total and not done else f"{done:,}" if total is None else f"{done:,}/{total:,}{beside}",
            left="" if left is None else f"{duration(left)} left",
        )


@contextmanager
def counted(total: int, *, shown: bool = True) -> Iterator[Add]:
    """A writer of predictions that writes nothing and moves a bar."""
    done = 0
    with Bar(shown=shown) as bar:
        bar("predicting", 0, total)

        def add(image: Path, prediction: Prediction) -> None:  # noqa: ARG001
            nonlocal done
            done += 1
            bar("predicting", done, total)

        yield add


def messages() -> Console:
    """Where messages go while there may be a bar: above it, on standard error."""
    return _LIVE[-1] if _LIVE else Console(stderr=True)


class TimeLeft:
    """Time left at the speed so far; unknown until two steps were timed."""

    def __init__(self) -> None:
        self._first = self._latest = (0.0, 0)
        self._timed = 0
        self._last = 0.0

    def step(self, now: float, done: int) -> None:
        """So many steps are done by now."""
        if not self._timed or now - self._last > BURST_S:
            self._latest = (now, done)
            self._first = self._first if self._timed else self._latest
            self._timed += 1
        self._last = now

    def seconds(self, steps: int) -> float | None:
        """For further steps."""
        if self._timed <= TIMED:
            return None
        (first, before), (last, after) = self._first, self._latest
        return steps * (last - first) / max(after - before, 1)


def print_table(
    console: Console, titles: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = (0,)
) -> None:
    """A table, indented: on a terminal with the columns that fit, elsewhere with all and never folded.

    Args:
        console: Where to.
        titles: Titles of the columns, the most important first.
        rows: Cells.
        left: Columns that are flush left.
    """
    widths = [max(cell_len(cells[i]) for cells in (titles, *rows)) for i in range(len(titles))]
    if not console.is_terminal:
        for row in (titles, *rows):
            line = ""
            for i, (text, width) in enumerate(zip(row, widths, strict=True)):
                space = " " * (width - cell_len(text))
                line += GAP + (text + space if i in left else space + text)
            console.print(Text(line.rstrip()), soft_wrap=True)
        return
    fixed = min(widths[0], NARROWEST)
    room = console.width - len(GAP) - fixed
    shown = 1
    while shown < len(widths) and (room := room - widths[shown] - len(GAP)) >= 0:
        shown += 1
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, len(GAP), 0, 0))
    for i, title in enumerate(titles[:shown]):
        table.add_column(Text(title), justify="left" if i in left else "right", no_wrap=i > 0, overflow="fold")
    for cells in rows:
        table.add_row(*map(Text, cells[:shown]))
    console.print(Padding(table, (0, 0, 0, len(GAP)), expand=False))
    if shown < len(titles):
        others = Text(f"on a wider screen also: {', '.join(titles[shown:])}", "dim")
        console.print(Padding(others, (0, 0, 0, len(GAP)), expand=False))
