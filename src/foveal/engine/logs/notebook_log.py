"""Progress of a run in a notebook: one cell output that is updated."""

import sys
import time
from collections.abc import Mapping
from html import escape
from importlib import import_module
from typing import Any

from foveal.engine.logs.epochs import per_second
from foveal.engine.logs.log import Log, Speed, duration

SECONDS_BETWEEN_UPDATES = 0.5
SHOWN_ROWS = 12
"""Epochs in the table, the last ones."""


class NotebookLog(Log):
    """What the run chose, a line that moves, and a table of epochs.

    Args:
        ipython: The module ``IPython.display``.
    """

    def __init__(self, ipython: Any) -> None:
        self._ipython = ipython
        self._handle: Any = None
        self._facts: dict[str, str] = {}
        self._notes: list[str] = []
        self._line = ""
        self._rows: list[tuple[bool, Mapping[str, float | None]]] = []
        self._speed = Speed()
        self._shown_at = 0.0

    def doing(self, what: str) -> None:
        """A line until there are steps."""
        self._line = f"{escape(what)} ..."
        self._show()

    def say(self, facts: Mapping[str, str]) -> None:
        """Rows of what the run chose."""
        self._facts.update(facts)
        self._show()

    def note(self, text: str) -> None:
        """A line in italics."""
        self._notes.append(f"<div><i>{escape(text)}</i></div>")
        self._show()

    def weights(self, taken: Mapping[str, object]) -> None:
        """A line in italics."""
        self.note(str(taken["text"]))

    def step(self, *, epoch: int, epochs: int, step: int, steps: int, samples: int, unit: str, loss: float) -> None:
        """Move the line, at most twice per second."""
        self._speed.add(samples)
        if time.monotonic() - self._shown_at < SECONDS_BETWEEN_UPDATES:
            return
        rate = self._speed.samples_s
        left = f", {duration(((epochs - epoch) * steps - step) * samples / rate)} left" if rate else ""
        self._line = (
            f'<progress value="{epoch * steps + step}" max="{epochs * steps}"></progress>'
            f" epoch {epoch + 1}/{epochs}, {per_second(rate)} {escape(unit)}/s, loss {loss:.3f}{left}"
        )
        self._show()

    def evaluating(self) -> None:
        """Time spent on evaluation is not training time."""
        self._speed.pause()

    def epoch(self, row: Mapping[str, float | None], *, epochs: int, best: bool) -> None:  # noqa: ARG002
        """A row of the table."""
        self._rows.append((best, row))
        self._speed.pause()
        self._show()

    def finish(self, summary: Mapping[str, object]) -> None:  # noqa: ARG002
        """Only the table stays."""
        self._line = ""
        self._show()

    def _show(self) -> None:
        self._shown_at = time.monotonic()
        cells = "".join(f"<tr><td>{escape(name)}</td><td>{escape(v)}</td></tr>" for name, v in self._facts.items())
        facts = f'<table style="text-align:left">{cells}</table>'
        page = self._ipython.HTML(facts + "".join(self._notes) + self._table() + f"<div>{self._line}</div>")
        if self._handle is None:
            self._handle = self._ipython.display(page, display_id=True)
        else:
            self._handle.update(page)

    def _table(self) -> str:
        if not self._rows:
            return ""
        shown = self._rows[-SHOWN_ROWS:]
        names = [n for n in shown[-1][1] if n not in ("step", "seconds", "lr") and not n.endswith("_per_s")]
        head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in names)
        lines = []
        for best, row in shown:
            cells = "".join(f"<td>{_number(row.get(name))}</td>" for name in names)
            lines.append(f"<tr>{cells}<td>{'<b>best</b>' if best else ''}</td></tr>")
        hidden = len(self._rows) - len(shown)
        before = f"<div>{hidden} earlier epochs are in metrics.csv</div>" if hidden else ""
        return f"{before}<table><tr>{head}<th></th></tr>{''.join(lines)}</table>"


def _number(value: float | None) -> str:
    if value is None or value != value:
        return "–"
    return f"{value:.0f}" if float(value).is_integer() and abs(value) >= 1 else f"{value:.3f}"


def notebook() -> Log | None:
    """A log for the notebook that this code runs in; None: it runs in none."""
    shell = sys.modules.get("IPython")
    if shell is None or type(shell.get_ipython()).__name__ != "ZMQInteractiveShell":
        return None
    return NotebookLog(import_module("IPython.display"))
