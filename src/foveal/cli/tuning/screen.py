"""What ``foveal tune`` shows: a live table of trials while it works, and what was found."""

import math
import shlex
import threading
from collections.abc import Callable, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from foveal.cli.screens import DASH, print_indented
from foveal.cli.terminal import print_table
from foveal.data.notes import plural
from foveal.engine.logs.log import RichLog, duration
from foveal.errors import FovealError
from foveal.report.wording import setting, spoken
from foveal.runs.display import number
from foveal.tune.document import decision_in_words, score_of, settings_of, visible_in_words
from foveal.tune.start import Tuned
from foveal.tune.study.folder import Study
from foveal.tune.study.trial import Trial

POLL_S = 1.0
MOST_ROWS, BEST_ROWS = 16, 8
"""Trials on a live table, and at the end."""
NO_SETTING, GAP = 3, 2
"""Columns of a live table before those of the settings, and spaces between two."""


class StudyLog(RichLog):
    """What is known before the first trial."""

    def start(self, facts: Mapping[str, object]) -> None:
        """Trials have no table of epochs."""


class watched:  # noqa: N801
    """Calls a function that works on a study, and shows the study meanwhile.

    Args:
        console: Where to.
        shown: Whether to show anything.
    """

    def __init__(self, console: Console, *, shown: bool) -> None:
        self.console, self.shown = console, shown
        self.folder: Path | None = None

    def __call__(self, study: Study, work: Callable[[], None]) -> None:
        """Work, and show it."""
        self.folder = study.folder
        if not self.shown:
            work()
            return
        over = threading.Event()
        screen = LiveTable(study, self.console) if self.console.is_terminal else Lines(study, self.console)
        thread = threading.Thread(target=screen.run, args=(over,), daemon=True)
        thread.start()
        try:
            work()
        finally:
            over.set()
            thread.join()


class Lines:
    """A line whenever a trial changes its state, for a pipe."""

    def __init__(self, study: Study, console: Console) -> None:
        self.study, self.console = study, console
        self._told: dict[str, str] = {}

    def run(self, over: threading.Event) -> None:
        """Until the study is over."""
        while True:
            last = over.is_set()
            self._tell()
            if last:
                return
            over.wait(POLL_S)

    def _tell(self) -> None:
        try:
            rows = [*self.study.trials(), *confirmations(self.study)]
        except FovealError:
            return
        for trial in rows:
            name = name_of(trial, self.study)
            what = state_of(trial, self.study)
            if what != self._told.get(name) and not what.startswith(("waiting", "running", "stopped")):
                self._told[name] = what
                score = number(score_of(trial, self.study), undefined=DASH)
                settings = ", ".join(f"{key} {value}" for key, value in settings_of(trial, self.study).items())
                text = f"  {name}: {what}, {spoken(self.study.plan.goal.metric)} {score}  {settings}"
                self.console.print(Text(text), soft_wrap=True)


class LiveTable:
    """A table of trials that is drawn again and again."""

    def __init__(self, study: Study, console: Console) -> None:
        self.study, self.console = study, console

    def run(self, over: threading.Event) -> None:
        """Until the study is over."""
        with Live(console=self.console, transient=True, auto_refresh=False) as live:
            while not over.is_set():
                try:
                    live.update(self.drawn(), refresh=True)
                except FovealError:
                    return
                over.wait(POLL_S)

    def drawn(self) -> Group:
        """As the study is now; settings that do not fit the width are named below the table."""
        trials, plan = self.study.trials(), self.study.plan
        keys = [one.key for one in plan.space.dimensions]
        shown = sorted(trials, key=lambda trial: (trial.holder is None, _badness(trial, self.study)))[:MOST_ROWS]
        best = min(trials, key=lambda trial: _badness(trial, self.study), default=None)
        shown.sort(key=lambda trial: trial.number)
        columns = [
            ["  trial", *(f"  {trial.number}" for trial in shown)],
            ["state", *(short_state_of(trial, self.study) for trial in shown)],
            [spoken(plan.goal.metric), *(number(score_of(trial, self.study), undefined=DASH) for trial in shown)],
        ]
        settings = [settings_of(trial, self.study) for trial in shown]
        columns += [[key.rpartition(".")[2], *(known.get(key, "") for known in settings)] for key in keys]
        widths = [max(map(cell_len, column)) for column in columns]
        ends = list(accumulate(width + GAP for width in widths))
        fitting = max(NO_SETTING, sum(end - GAP <= self.console.width for end in ends))
        table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0))
        for column, width in zip(columns[:fitting], widths, strict=False):
            table.add_column(column[0], no_wrap=True, min_width=width, header_style="dim")
        for place, trial in enumerate(shown, 1):
            cells = [Text(column[place]) for column in columns[:fitting]]
            if trial is best:
                cells[NO_SETTING - 1].stylize("bold green")
            table.add_row(*cells, style="" if trial.holder is not None or trial.finished else "dim")
        done = sum(trial.finished for trial in trials)
        parts = [f"{plural(len(trials), 'trial')}, {done} complete"]
        if (more := len(trials) - len(shown)) > 0:
            parts.append(f"{more} more paused or over")
        confirming = confirmations(self.study)
        if confirming:
            ended = sum(run.finished for run in confirming)
            parts.append(f"confirming: {ended} of {len(confirming)} runs")
        if left := columns[fitting:]:
            parts.append(f"no room for {', '.join(column[0] for column in left)}")
        return Group(table, Text("  " + "; ".join(parts), "dim"))


def confirmations(study: Study) -> list[Trial]:
    """The runs that confirm."""
    known = study.candidates() or {}
    seeds, numbers = int(known.get("seeds", 0)), [int(n) for n in known.get("candidates", [])]
    return [run for n in (0, *numbers) if numbers for run in study.confirmations(n, seeds)]


def name_of(trial: Trial, study: Study) -> str:
    """For example ``trial 7``, or ``trial 7, fold 2``."""
    if trial.folder.is_relative_to(study.folder / "trials"):
        return trial.name
    return f"confirming {trial.name}, {trial.folder.name.replace('-', ' ')}"


def state_of(trial: Trial, study: Study) -> str:
    """For example ``paused at 3 of 9 epochs``."""
    state = trial.state(study.plan.rungs)
    epoch = int(trial.rows[-1].get("epoch", 0)) if trial.rows else 0
    if state == "failed" and trial.failure is not None:
        return f"failed ({trial.failure.text.partition('. ')[0][:80]})"
    if state == "done" and epoch < (trial.epochs or 0):
        return f"complete after {epoch} of {trial.epochs} epochs"
    if state == "done":
        return "complete"
    return f"{state} at {epoch} of {trial.epochs} epochs" if trial.epochs else state


def short_state_of(trial: Trial, study: Study) -> str:
    """For example ``paused 3/9``."""
    state = trial.state(study.plan.rungs)
    name = "complete" if state == "done" else state
    epoch = int(trial.rows[-1].get("epoch", 0)) if trial.rows else 0
    whole = not trial.epochs or state == "failed" or (state == "done" and epoch >= trial.epochs)
    return name if whole else f"{name} {epoch}/{trial.epochs}"


def last_screen(console: Console, done: Tuned) -> None:
    """The decision, the best trials, those that failed, and where everything is."""
    found: Mapping[str, Any] = done.document
    metric = spoken(found["metric"])
    against = found["against_default"]
    console.print()
    decision = {
        "decision": found["decision"],
        "winner": found["winner"]["id"] if found["winner"] else 0,
        "difference": against,
        "best": against["trial"] if against else None,
    }
    print_indented(console, Text(decision_in_words(decision, metric, maximize=found["maximize"]), "bold green"))
    print_indented(console, Text(f"{found['why']}."))
    if against:
        about = f"{plural(against['seeds'], 'run')} each on a split and seeds of their own"
        visible = visible_in_words(against["smallest_visible"], maximize=found["maximize"])
        print_indented(console, Text(f"({'; '.join(part for part in (about, visible) if part)})", "dim"))
    console.print()
    keys = [one["key"] for one in found["space"]]
    rows = []
    order = sorted(
        found["trials"], key=lambda one: (_last(one, found) is None, _sign(found) * (_last(one, found) or 0))
    )
    for one in order[:BEST_ROWS]:
        values = {key: setting(value) for key, value in one["values"].items() if value is not None}
        score = _last(one, found)
        name = f"{one['id']} ({one['name']})" if one["name"].startswith("default") else str(one["id"])
        shown = number(math.nan if score is None else score, undefined=DASH)
        state = "complete" if one["state"] == "done" else one["state"]
        rows.append((name, shown, state, *(values.get(key, "") for key in keys)))
    print_table(console, ("trial", metric, "state", *(key.rpartition(".")[2] for key in keys)), rows)
    for one in [one for one in found["trials"] if "error" in one]:
        print_indented(
            console, Text(f"trial {one['id']} failed: {one['error']['what'] or one['error']['kind']}", "dim")
        )
    spent = duration(found["spent_s"] or 0)
    budget = f" of {duration(found['budget_s'])}" if found["budget_s"] else ""
    console.print(Text(f"\n  {plural(len(found['trials']), 'trial')} in {spent}{budget}"), soft_wrap=True)
    console.print(Text(f"  model   {done.model}\n  report  {done.folder / 'report.html'}"), soft_wrap=True)
    data = "TEST-IMAGES" if "images" in found else "TEST-DATA"
    console.print(Text(f"  Next: foveal evaluate {shlex.quote(str(done.model))} {data}", "dim"), soft_wrap=True)


def _last(one: Mapping[str, Any], found: Mapping[str, Any]) -> float | None:
    """The score at the highest rung."""
    value: float | None = one["rungs"][-1][found["metric"]] if one["rungs"] else None
    return value


def _sign(found: Mapping[str, Any]) -> int:
    return -1 if found.get("maximize", True) else 1


def _badness(trial: Trial, study: Study) -> float:
    score = score_of(trial, study)
    return math.inf if math.isnan(score) else -score if study.plan.goal.maximize else score
