"""A study's folder: its plan, its trials, the runs that confirm, the model. Several processes read and write it."""

import json
import secrets
import shlex
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from foveal.artifact.atomic import json_text, make_folder, write_atomic
from foveal.errors import RunError
from foveal.tune.space.dimension import Value
from foveal.tune.study.lease import Lease, generations, make, now, sweep
from foveal.tune.study.plan import PLAN, StudyPlan, read_plan
from foveal.tune.study.trial import Trial, ranked, read_run, read_trial, write_about

TRIALS, CONFIRM, MODEL, DECISION, RUNGS = "trials", "confirm", "model", "decision.json", "rungs.jsonl"
CANDIDATES = "candidates.json"
LEFT_S = 60.0
"""Age of what a killed process left while it made a trial, from which it is removed."""


@dataclass(frozen=True)
class Study:
    """A study's folder.

    Attributes:
        folder: Where it is.
        plan: Its study.toml.
    """

    folder: Path
    plan: StudyPlan

    def trials(self) -> list[Trial]:
        """All trials, by number.

        Raises:
            RunError: One is damaged.
        """
        places = sorted(one for one in (self.folder / TRIALS).glob("[0-9]*") if one.is_dir())
        found = [read_trial(place, beat_s=self.plan.beat_s) for place in places]
        return [one for one in found if one is not None]

    def check_whole(self) -> None:
        """Check that the trials are there that what is still to do needs: the default, and those that are confirmed.

        Raises:
            RunError: One is missing; the message names its folder.
        """
        there, known = {trial.number for trial in self.trials()}, self.candidates()
        needed = [0] if there or known else []
        needed += [int(number) for number in (known or {}).get("candidates", [])]
        for number in needed:
            if number not in there:
                raise RunError(
                    f"{self.place(number)}: this trial of the study is missing.",
                    "Put its folder back, or begin another study with --out.",
                )

    def place(self, number: int) -> Path:
        """A trial's folder."""
        return self.folder / TRIALS / f"{number:04d}"

    def begin_trial(self, number: int, settings: Mapping[str, Value], by: str, *, target: float) -> Lease | None:
        """Make a trial's folder with its settings and its lease in one step; None: another process was faster."""
        place = self.place(number)
        place.parent.mkdir(exist_ok=True)
        draft = place.parent / f".{place.name}.{secrets.token_hex(8)}.tmp"
        draft.mkdir()
        write_about(draft, number, settings, by)
        make(draft, 1, target=target)
        try:
            draft.rename(place)
        except OSError:
            shutil.rmtree(draft, ignore_errors=True)
            return None
        return Lease(place, 1, self.plan.beat_s)

    def confirming(self, number: int) -> Path:
        """The folder of the runs that confirm a trial's settings."""
        return self.folder / CONFIRM / f"{number:04d}"

    def confirmations(self, number: int, seeds: int) -> list[Trial]:
        """The runs that confirm a trial's settings, as far as they have begun."""
        places = [self.confirming(number) / f"fold-{k + 1}" for k in range(seeds)]
        return [read_run(place, beat_s=self.plan.beat_s, number=number) for place in places]

    @property
    def model(self) -> Path:
        """The run that the study ends with."""
        return self.folder / MODEL

    def decision(self) -> dict[str, Any] | None:
        """What was decided; None: nothing yet."""
        return self._read(DECISION)

    def candidates(self) -> dict[str, Any] | None:
        """Which trials are confirmed, and with how many seeds; None: not known yet."""
        return self._read(CANDIDATES)

    def keep(self, name: str, values: Mapping[str, object]) -> None:
        """Write a JSON file of the study."""
        write_atomic(self.folder / name, json_text(dict(values)))

    def settle(self, name: str, values: Mapping[str, object]) -> dict[str, Any]:
        """Write a JSON file unless there is one: all processes then read the same."""
        known = self._read(name)
        if known is None:
            draft = self.folder / f".{name}.{secrets.token_hex(8)}.tmp"
            draft.write_text(json_text(dict(values)))
            with suppress(FileExistsError):
                (self.folder / name).hardlink_to(draft)
            draft.unlink()
            known = self._read(name)
        assert known is not None, "written"
        return known

    def write_rungs(self, trials: Sequence[Trial]) -> None:
        """Write rungs.jsonl anew: which trial reached which rung, with which scores and in what time."""
        lines = []
        for place, fraction in enumerate(self.plan.rungs):
            for rank, trial in enumerate(ranked(trials, self.plan.goal, fraction), 1):
                known = trial.scores(self.plan.goal, fraction) or {}
                kept = ("epoch", self.plan.goal.metric, self.plan.goal.tie_break or "", "seconds")
                scores = {name: known[name] for name in kept if name in known}
                row = {"rung": place + 1, "fraction": fraction, "rank": rank, "trial": trial.number, "scores": scores}
                lines.append(json.dumps(row) + "\n")
        write_atomic(self.folder / RUNGS, "".join(lines))

    def tidy(self) -> None:
        """Remove what killed processes left while they made a trial or a lease, or wrote rungs or a file of a run."""
        for left in self.folder.glob(f".{RUNGS}.*.tmp"):
            left.unlink(missing_ok=True)
        for left in (self.folder / TRIALS).glob(".*.tmp"):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > LEFT_S:
                    shutil.rmtree(left, ignore_errors=True)
        for run in (*(self.folder / TRIALS).glob("[0-9]*"), *(self.folder / CONFIRM).glob("*/fold-*"), self.folder):
            sweep(run)
            if run != self.folder and not generations(run):
                for left in run.rglob(".*.tmp"):  # a file that was being written
                    left.unlink(missing_ok=True)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            raise RunError(f"{self.folder / name}: damaged.", "Remove it, and resume.") from None
        return found


def begin_study(folder: Path, plan: StudyPlan) -> Study:
    """Begin a study.

    Raises:
        RunError: The folder exists and is not empty, or cannot be written.
    """
    check_free(folder)
    make_folder(folder / TRIALS)
    plan.write(folder)
    return Study(folder, plan)


def check_free(folder: Path) -> None:
    """Check that a study can begin in a folder.

    Raises:
        RunError: It exists and is not empty.
    """
    if (folder / PLAN).exists():
        hint = f"Go on with it: foveal tune --resume {shlex.quote(str(folder))}"
        raise RunError(f"{folder} already holds a study.", hint)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder} already exists, and is no study.", "Choose another folder with --out.")


def open_study(folder: Path) -> Study:
    """A study that was begun.

    Raises:
        RunError: It is none, or is damaged.
    """
    return Study(folder, read_plan(folder))


def change_plan(study: Study, **changes: Any) -> Study:
    """Let a study go on with other limits."""
    plan = study.plan.changed(**changes)
    if plan != study.plan:
        plan.write(study.folder)
    return replace(study, plan=plan)


class Clock:
    """Seconds that a study has taken, over all its commands and machines; by the clock of its folder.

    Args:
        study: The study.
        before_s: Seconds of this command before the study was there.
    """

    def __init__(self, study: Study, *, before_s: float = 0.0) -> None:
        self.file, self.folder, self.beat_s = study.folder / "clock.json", study.folder, study.plan.beat_s
        here, known, alive = now(self.folder), self._read(), 0.0
        with suppress(OSError):
            alive = self.file.stat().st_mtime
        if known is None or here - alive > 3 * self.beat_s:
            spent = 0.0 if known is None else known["before_s"] + max(0.0, alive - known["began"])
            known = {"before_s": spent, "began": here - before_s}
            write_atomic(self.file, json.dumps(known) + "\n")
        self.known = known
        self._offset = here - time.monotonic()

    def beat(self) -> None:
        """Say that time goes on."""
        with suppress(OSError):
            self.file.touch()

    @property
    def spent_s(self) -> float:
        """So far."""
        return float(self.known["before_s"] + time.monotonic() + self._offset - self.known["began"])

    def _read(self) -> dict[str, float] | None:
        try:
            found = json.loads(self.file.read_text())
            return {"before_s": float(found["before_s"]), "began": float(found["began"])}
        except (OSError, ValueError, KeyError, TypeError):
            return None
