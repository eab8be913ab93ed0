"""A trial, as its folder tells: which settings, how far it is, and how well it does. No torch."""

import csv
import json
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from pathlib import Path
from typing import Any, Literal

from foveal.artifact.atomic import json_text, write_atomic
from foveal.errors import FovealError, RunError
from foveal.tune.space.dimension import Value
from foveal.tune.study.lease import Holder, generations, holder
from foveal.types.goal import Goal

ABOUT, OUTCOME = "trial.toml", "outcome.json"
BY_TIME, TIME_S = "the time left", "train.time_s"
"""Who proposes the default with a shorter schedule, where the time is under one trial, and what it sets."""
EPSILON = 1e-9
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?|\b(nan|inf)\b")
State = Literal["waiting", "running", "stopped", "paused", "done", "failed"]
"""Not begun; worked on; stopped between rungs; at a rung; complete; given up."""


@dataclass(frozen=True)
class Failure:
    """Why a trial failed: the kind of error, what it was, and what to do."""

    kind: str
    what: str
    hint: str = ""

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """From an error."""
        if isinstance(error, FovealError):
            return cls(type(error).__name__, error.what, error.hint)
        lines = str(error).strip().splitlines()
        return cls(type(error).__name__, lines[0][:500] if lines else "")

    @property
    def text(self) -> str:
        """For a screen."""
        return self.what or self.kind

    def is_like(self, other: "Failure") -> bool:
        """Whether it is the same but for numbers and the files that were at hand."""
        return (self.kind, _alike(self.what)) == (other.kind, _alike(other.what))


@dataclass(frozen=True)
class Trial:
    """A run of a study.

    Attributes:
        number: From 0 on, the default.
        folder: Its run's.
        settings: Its own.
        by: Who proposed it.
        rows: Of metrics.csv, one per epoch that was evaluated.
        config: Its configuration, complete; empty: it has not begun.
        finished: Whether its run is complete.
        failure: Why it failed; None: it did not.
        holder: Who works on it.
        seconds: So far.
    """

    number: int
    folder: Path
    settings: Mapping[str, Value]
    by: str
    rows: Sequence[Mapping[str, float]]
    config: Mapping[str, Any]
    finished: bool
    failure: Failure | None
    holder: Holder | None
    seconds: float

    @property
    def name(self) -> str:
        """For a person: ``trial 7``."""
        if self.by == BY_TIME:
            return "default in the time left"
        return f"trial {self.number}" if self.number else "default"

    @property
    def epochs(self) -> int | None:
        """Its length; None: it has not begun."""
        found = self.config.get("train", {}).get("epochs")
        return None if found is None else int(found)

    def value(self, key: str) -> Value | None:
        """A setting as it is in this trial; None: not known yet."""
        section, _, name = key.rpartition(".")
        known = self.config.get(section, {}).get(name) if section else self.config.get(name)
        found: Value | None = self.settings.get(key, known)
        return found

    def rung(self, rungs: Sequence[float]) -> int:
        """How many rungs it has reached."""
        if self.finished:
            return len(rungs)
        return sum(self._row_of(fraction) is not None for fraction in rungs[:-1])

    def state(self, rungs: Sequence[float]) -> State:
        """Where it is."""
        if self.failure is not None:
            return "failed"
        if self.finished:
            return "done"
        if self.holder is not None and self.holder.fresh:
            return "running"
        if self.holder is not None:
            return "stopped"
        if not self.rows:
            return "waiting"
        reached = self.rung(rungs)
        at = self._row_of(rungs[reached - 1]) if reached else None
        return "paused" if at is not None and at == len(self.rows) - 1 else "stopped"

    def scores(self, goal: Goal, fraction: float) -> Mapping[str, float] | None:
        """The best scores up to a fraction of its length; None: it failed, is not there, or they are undefined."""
        if self.failure is not None:
            return None
        if fraction >= 1 and not self.finished:
            return None
        last = len(self.rows) - 1 if self.finished and fraction >= 1 else self._row_of(fraction)
        if last is None:
            if not self.finished:
                return None
            last = len(self.rows) - 1  # it ended early: no improvement was in sight
        return self._best(goal, self.rows[: last + 1])

    def latest(self, goal: Goal) -> Mapping[str, float] | None:
        """The best scores so far; None: there are none, or it failed."""
        return None if self.failure is not None else self._best(goal, self.rows)

    def _best(self, goal: Goal, rows: Sequence[Mapping[str, float]]) -> Mapping[str, float] | None:
        best: Mapping[str, float] | None = None
        for row in rows:
            if math.isfinite(row.get(goal.metric, math.nan)):
                full = row if goal.tie_break is None else {goal.tie_break: math.inf, **row}
                best = full if goal.better(full, best) else best
        return best

    def _row_of(self, fraction: float) -> int | None:
        """The first row at or beyond a fraction of the length."""
        if self.epochs is None:
            return None
        least = fraction * self.epochs - EPSILON
        return next((place for place, row in enumerate(self.rows) if row.get("epoch", 0) >= least), None)


def shortened(trials: Sequence[Trial]) -> Trial | None:
    """The default with a schedule that fits in the time; None: it was not needed, or has not begun."""
    return next((trial for trial in trials if trial.by == BY_TIME), None)


def ranked(trials: Sequence[Trial], goal: Goal, fraction: float) -> list[Trial]:
    """Those with scores at a fraction of their length, the best first; the earlier of equals."""
    known = [(trial, scores) for trial in trials if (scores := trial.scores(goal, fraction)) is not None]

    def order(a: tuple[Trial, Mapping[str, float]], b: tuple[Trial, Mapping[str, float]]) -> int:
        ahead, behind = goal.better(a[1], b[1]), goal.better(b[1], a[1])
        return a[0].number - b[0].number if ahead == behind else -1 if ahead else 1

    return [trial for trial, _ in sorted(known, key=cmp_to_key(order))]


def write_about(folder: Path, number: int, settings: Mapping[str, Value], by: str) -> None:
    """Write what a trial is about, before its run begins."""
    import tomli_w

    write_atomic(folder / ABOUT, tomli_w.dumps({"number": number, "by": by, "settings": dict(settings)}))


def write_outcome(folder: Path, failure: Failure | None = None, *, seconds: float | None = None) -> None:
    """Write that a run is complete, and in what time, or why it failed."""
    values: dict[str, object] = {"state": "done"} if failure is None else {"state": "failed", **vars(failure)}
    if seconds is not None:
        values["seconds"] = round(seconds, 2)
    write_atomic(folder / OUTCOME, json_text(values))


def read_trial(folder: Path, *, beat_s: float) -> Trial | None:
    """Read a trial's folder; None: it is none.

    Raises:
        RunError: It is damaged.
    """
    try:
        about: dict[str, Any] = tomllib.loads((folder / ABOUT).read_text(encoding="utf-8"))
        number, settings, by = int(about["number"]), dict(about["settings"]), str(about["by"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{folder / ABOUT}: damaged ({error}).", "Remove the trial's folder, and resume.") from None
    return read_run(folder, beat_s=beat_s, number=number, settings=settings, by=by)


def read_run(
    folder: Path, *, beat_s: float, number: int = 0, settings: Mapping[str, Value] | None = None, by: str = ""
) -> Trial:
    """Read any run of a study."""
    outcome = _json(folder / OUTCOME)
    rows = _rows(folder / "metrics.csv")
    failed = outcome.get("state") == "failed"
    failure = Failure(*(str(outcome.get(name, "")) for name in ("kind", "what", "hint"))) if failed else None
    training = _json(folder / "metrics.json").get("training", {})
    seconds = float(
        outcome.get("seconds") or training.get("seconds") or (rows[-1].get("seconds", 0.0) if rows else 0.0)
    )
    return Trial(
        number,
        folder,
        settings or {},
        by,
        rows,
        _config(folder / "config.toml"),
        outcome.get("state") == "done",
        failure,
        holder(folder, beat_s=beat_s) if generations(folder) else None,
        seconds,
    )


def _rows(file: Path) -> list[dict[str, float]]:
    try:
        lines = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
        return [{name: float(cell) for name, cell in row.items() if cell} for row in lines]
    except (OSError, ValueError):
        return []


def _config(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _alike(text: str) -> str:
    """The first sentence without its numbers: what follows may list files."""
    return NUMBER.sub("#", text.partition(". ")[0])
