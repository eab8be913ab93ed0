"""Progress of a run: for a person, or silent."""

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn
from rich.status import Status
from rich.table import Table
from rich.text import Text

from foveal.engine.logs.epochs import EpochTable, per_second

LABEL = 7
"""Least number of characters of the names of facts, so that those told one after the other are aligned."""


class Log:
    """Silent; the base of the others."""

    def begin(self, command: str) -> None:
        """The command has begun; nothing is read yet."""

    def run(self, name: str, *, number: int, of: int) -> None:
        """One of several runs begins, or is passed over because it is complete."""

    def summary(self, document: Mapping[str, object]) -> None:
        """All of several runs are over; ``document`` has their spread."""

    def doing(self, what: str) -> None:
        """What happens from now on, until the next call."""

    def say(self, facts: Mapping[str, str]) -> None:
        """Facts in words, as soon as they are known."""

    def start(self, facts: Mapping[str, object]) -> None:
        """Training begins; ``facts`` are what the run chose, as plain values; ``metric`` selects the best epoch."""

    def note(self, text: str) -> None:
        """A remark for the user."""

    def weights(self, taken: Mapping[str, object]) -> None:
        """A given file's weights are in place: its ``text`` is for a person, the rest for a machine."""

    def step(self, *, epoch: int, epochs: int, step: int, steps: int, samples: int, unit: str, loss: float) -> None:
        """A step of an epoch is done, on ``samples`` samples, called ``unit``."""

    def evaluating(self) -> None:
        """Validation begins."""

    def epoch(self, row: Mapping[str, float | None], *, epochs: int, best: bool) -> None:
        """An epoch is done and evaluated; ``row`` is its line of metrics.csv, None where undefined."""

    def saved(self, epoch: int, *, epochs: int) -> None:
        """The state after an epoch that was evaluated is saved, and more follow; may raise ``Paused``."""

    def finish(self, summary: Mapping[str, object]) -> None:
        """The run is over."""

    def close(self) -> None:
        """Restore the screen, also after an error."""


class RichLog(Log):
    """What is happening, a progress bar, and a row per epoch."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.status: Status | None = None
        self.progress: Progress | None = None
        self.bar: TaskID | None = None
        self.table: EpochTable | None = None
        self.headline = ""
        self.speed = Speed()

    def begin(self, command: str) -> None:
        """The command, in bold."""
        self.console.print(Text(command, "bold"), soft_wrap=True)

    def run(self, name: str, *, number: int, of: int) -> None:
        """Its name, in bold; its epochs have a table of their own."""
        self.close()
        self.table, self.speed = None, Speed()
        self.console.print(Text.assemble("\n", (name.replace("-", " "), "bold"), (f"  ({number} of {of})", "dim")))

    def doing(self, what: str) -> None:
        """A spinner on a terminal; nothing in a pipe."""
        if not self.console.is_terminal or self.console.is_dumb_terminal or self.progress is not None:
            return
        text = Text(f"{what} ...", "dim", no_wrap=True, overflow="ellipsis")
        if self.status is None:
            spinner = "dots" if self.console.encoding.lower().startswith("utf") else "line"
            self.status = Status(text, console=self.console, spinner=spinner)
            self.status.start()
        else:
            self.status.update(text)

    def say(self, facts: Mapping[str, str]) -> None:
        """A line per fact, names aligned."""
        width = max(LABEL, *map(len, facts))
        if not self.console.is_terminal:
            for name, value in facts.items():
                self.console.print(Text(f"  {name:<{width}}  {value}"), soft_wrap=True)
            return
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="dim", min_width=width + 2, no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in facts.items():
            grid.add_row(f"  {name}", Text(value))
        self.console.print(grid)

    def start(self, facts: Mapping[str, object]) -> None:
        """From here on there are epochs."""
        self.headline = str(facts.get("metric", ""))
        self.console.print()

    def note(self, text: str) -> None:
        """A dim line."""
        if self.console.is_terminal:
            self.console.print(Padding(Text(text, "dim"), (0, 0, 0, 2), expand=False))
        else:
            self.console.print(Text(f"  {text}"), soft_wrap=True)

    def weights(self, taken: Mapping[str, object]) -> None:
        """A dim line."""
        self.note(str(taken["text"]))

    def step(self, *, epoch: int, epochs: int, step: int, steps: int, samples: int, unit: str, loss: float) -> None:
        """Move the bar."""
        self._stop_status()
        self.speed.add(samples)
        if not self.console.is_terminal:
            return
        left = ((epochs - epoch - 1) * steps + steps - step) * samples / max(self.speed.samples_s, 1e-9)
        fields: dict[str, Any] = {
            "epoch": f"{epoch + 1}/{epochs}",
            "now": f"{per_second(self.speed.samples_s):>5} {unit}/s" if self.speed.timed else "",
            "loss": f"loss {loss:.3f}",
            "left": f"{duration(left)} left" if self.speed.timed else "",
        }
        if self.progress is None:
            self.progress = Progress(*_columns(self.console.width), console=self.console, transient=True)
            self.progress.start()
            self.bar = self.progress.add_task("train", total=steps, **fields)
        assert self.bar is not None, "made with the progress"
        self.progress.update(self.bar, completed=step, total=steps, **fields)

    def evaluating(self) -> None:
        """Time spent on evaluation is not training time."""
        self.speed.pause()
        if self.progress is not None and self.bar is not None:
            self.progress.update(self.bar, now="", left="", loss="evaluating ...")
        else:
            self.doing("evaluating")

    def epoch(self, row: Mapping[str, float | None], *, epochs: int, best: bool) -> None:
        """A row of numbers, under a header."""
        if self.table is None:
            names = list(dict.fromkeys([*row, "train_loss"]))
            self.table = EpochTable(names, headline=self.headline, width=self.console.width, epochs=epochs)
            self.console.print(self.table.header())
        self.console.print(self.table.line(row, epochs=epochs, best=best))
        self.speed.pause()

    def finish(self, summary: Mapping[str, object]) -> None:  # noqa: ARG002
        """The screen is as before."""
        self.close()

    def close(self) -> None:
        """Remove the bar."""
        self._stop_status()
        if self.progress is not None:
            self.progress.stop()
            self.progress = self.bar = None

    def _stop_status(self) -> None:
        if self.status is not None:
            self.status.stop()
            self.status = None


def _columns(width: int) -> list[ProgressColumn]:
    """The parts of the bar that fit on a screen of ``width`` characters."""
    parts: list[ProgressColumn] = [TextColumn("  epoch {task.fields[epoch]}")]
    parts.append(BarColumn(bar_width=28 if width >= 96 else 16 if width >= 60 else 8))
    if width >= 76:
        parts.append(TextColumn("{task.fields[now]}"))
    if width >= 52:
        parts.append(TextColumn("{task.fields[loss]}"))
    return [*parts, TextColumn("[dim]{task.fields[left]}[/]")]


TIMED = 2
"""Steps to time before a speed is shown; the first ones are slower."""


class Speed:
    """Samples per second over the last seconds, without pauses."""

    def __init__(self) -> None:
        self.samples_s = 0.0
        self._steps = 0
        self._last: float | None = None

    @property
    def timed(self) -> bool:
        """Whether enough steps were timed to say anything."""
        return self._steps >= TIMED

    def add(self, samples: int) -> None:
        """Some samples are done."""
        now = time.perf_counter()
        if self._last is not None:
            self._steps += 1
            fresh = samples / max(now - self._last, 1e-9)
            self.samples_s = fresh if self.samples_s == 0 else 0.9 * self.samples_s + 0.1 * fresh
        self._last = now

    def pause(self) -> None:
        """Something else is being done."""
        self._last = None


def duration(seconds: float) -> str:
    """For example ``2 min 5 s``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"
