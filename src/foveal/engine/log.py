"""Progress of a run: for a person, for a machine, or silent."""

import json
import sys
import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text


class Log:
    """Silent; the base of the others."""

    def start(self, facts: Mapping[str, object]) -> None:
        """The run begins; ``facts`` are what it chose."""

    def note(self, text: str) -> None:
        """A remark for the user."""

    def step(self, *, epoch: int, epochs: int, step: int, steps: int, samples: int, unit: str, loss: float) -> None:
        """A step of an epoch is done, on ``samples`` samples, called ``unit``."""

    def evaluating(self) -> None:
        """Validation begins."""

    def epoch(self, row: Mapping[str, float | None], *, epochs: int, best: bool) -> None:
        """An epoch is done and evaluated; ``row`` is its line of metrics.csv, None where a score is undefined."""

    def finish(self, summary: Mapping[str, object]) -> None:
        """The run is over."""

    def close(self) -> None:
        """Restore the screen, also after an error."""


class RichLog(Log):
    """A progress bar, and a line per epoch."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.progress: Progress | None = None
        self.bar: TaskID | None = None
        self.speed = Speed()

    def start(self, facts: Mapping[str, object]) -> None:
        """Show the settings chosen, then a progress bar."""
        width = max(len(name) for name in facts)
        for name, value in facts.items():
            self.console.print(Text.assemble("  ", (f"{name:<{width}}", "dim"), f"  {value}"))
        self.console.print()
        self.progress = Progress(
            TextColumn("  epoch {task.fields[epoch]}"),
            BarColumn(bar_width=28),
            TextColumn("{task.fields[samples_s]:>5.0f} {task.fields[unit]}/s  loss {task.fields[loss]:.3f}"),
            TextColumn("[dim]{task.fields[left]} left[/]"),
            console=self.console,
            transient=True,
        )
        self.progress.start()

    def note(self, text: str) -> None:
        """A dim line."""
        self.console.print(Text(f"  {text}", "dim"))

    def step(self, *, epoch: int, epochs: int, step: int, steps: int, samples: int, unit: str, loss: float) -> None:
        """Move the bar."""
        if self.progress is None:
            return
        self.speed.add(samples)
        left = ((epochs - epoch - 1) * steps + steps - step) * samples / max(self.speed.samples_s, 1e-9)
        fields: dict[str, Any] = {
            "epoch": f"{epoch + 1}/{epochs}",
            "samples_s": self.speed.samples_s,
            "unit": unit,
            "loss": loss,
            "left": duration(left),
        }
        if self.bar is None:
            self.bar = self.progress.add_task("train", total=steps, **fields)
        self.progress.update(self.bar, completed=step, total=steps, **fields)

    def evaluating(self) -> None:
        """Time spent on evaluation is not training time."""
        self.speed.pause()

    def epoch(self, row: Mapping[str, float | None], *, epochs: int, best: bool) -> None:
        """A line of numbers."""
        speed = next(name for name in row if name.endswith("_per_s"))
        skip = ("epoch", "step", "seconds", "lr", speed)
        numbers = "  ".join(f"{name.replace('_', ' ')} {_number(row[name])}" for name in row if name not in skip)
        self.console.print(
            f"  epoch {row['epoch']:>2.0f}/{epochs}  {numbers}"
            + (f"  [dim]{row[speed]:.0f}/s[/]" if row[speed] else "")
            + ("  [green]best[/]" if best else ""),
            highlight=False,
        )
        self.speed.pause()

    def close(self) -> None:
        """Remove the bar."""
        if self.progress is not None:
            self.progress.stop()
            self.progress = None


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


class JsonLog(Log):
    """One JSON object per line on standard output, for machines."""

    def start(self, facts: Mapping[str, object]) -> None:
        """``{"event": "start", ...}``."""
        self._say("start", facts)

    def note(self, text: str) -> None:
        """``{"event": "note", "text": ...}``."""
        self._say("note", {"text": text})

    def epoch(self, row: Mapping[str, float | None], *, epochs: int, best: bool) -> None:
        """``{"event": "epoch", ...}``."""
        self._say("epoch", {**row, "epochs": epochs, "best": best})

    def finish(self, summary: Mapping[str, object]) -> None:
        """``{"event": "finish", ...}``."""
        self._say("finish", summary)

    def _say(self, event: str, values: Mapping[str, object]) -> None:
        sys.stdout.write(json.dumps({"event": event, **values}, ensure_ascii=False, default=str) + "\n")
        sys.stdout.flush()


class Speed:
    """Samples per second over the last seconds, without pauses."""

    def __init__(self) -> None:
        self.samples_s = 0.0
        self._last: float | None = None

    def add(self, samples: int) -> None:
        """Some samples are done."""
        now = time.perf_counter()
        if self._last is not None:
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
