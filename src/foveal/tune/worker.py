"""A worker: looks into the study's folder for what comes next, does it, and looks again.

Any number can work at once, on any number of machines; the folder is all that they share.
"""

import contextlib
import math
import shlex
import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foveal.config.schema import RunConfig
from foveal.data.catalog.looks import looks_kept_in
from foveal.engine.logs.log import duration
from foveal.errors import ConfigError, FovealError, TrainingError
from foveal.runs.data import looks_folder
from foveal.tune.confirm import runs as confirming
from foveal.tune.confirm.decide import decide
from foveal.tune.page import write_page
from foveal.tune.run import Slow, StudyEnds, advance, at
from foveal.tune.search.budget import CLOSING_S, Budget, cost_of
from foveal.tune.search.rungs import best, finalist, promoted
from foveal.tune.search.sampler import propose
from foveal.tune.space.dimension import Value
from foveal.tune.study.folder import CANDIDATES, DECISION, Clock, Study
from foveal.tune.study.lease import Lease, take
from foveal.tune.study.trial import BY_TIME, OUTCOME, TIME_S, Failure, Trial, shortened, write_outcome

ALIKE = 3
"""Trials that fail alike and so stop the study."""
MOST_IDLE = 5
"""Workers lost in a row over one run, without anything saved, after which it has failed."""
WAIT_S = 0.5
FIRST = 2
"""Evaluated epochs after which it is known how long the default takes."""
SLOW_START = 0.8
"""The first epochs may take longer than the others: images are decoded for the first time."""
EARLY, HOPELESS = 0.1, 2.0
"""Part of the time after which a default whose steps would take so many times all of it is not waited for."""
LEAST_FIT_S = 10.0
"""Left for the default at least, where all of it does not fit."""
FOLD_LEFT = 0.8
"""A run that confirms is begun if so much of its usual duration is left: most of it is known to fit."""
LEFT_OUT = ("trial.toml", OUTCOME, "lease.*", ".*.tmp")
"""Of a trial's folder, what the model's does not have."""


@dataclass(frozen=True)
class Job:
    """A run to go on with.

    Attributes:
        folder: Its folder.
        config: Its settings.
        lease: Held by this process.
        target: The fraction of its length up to which it is trained.
        number: Of the trial; 0: the default.
        last: Whether it is the only one that can still be confirmed.
    """

    folder: Path
    config: RunConfig
    lease: Lease
    target: float
    number: int
    last: bool = False


class Worker:
    """Works on a study until nothing is left to do.

    Args:
        study: The study.
        before_s: Seconds of the command before the study was there.
    """

    def __init__(self, study: Study, *, before_s: float = 0.0) -> None:
        self.study, self.plan = study, study.plan
        self.clock = Clock(study, before_s=before_s)
        self._over = threading.Event()

    def work(self) -> None:
        """Search, confirm and end the study, together with other workers.

        Raises:
            FovealError: Nothing can be trained, or trials fail alike.
        """
        beating = threading.Thread(target=self._beating, daemon=True)
        beating.start()
        try:
            with looks_kept_in(looks_folder(self.plan.config)):
                while not self.study.model.exists():
                    if not self._step():
                        time.sleep(WAIT_S)
        finally:
            self._over.set()
            beating.join()

    def _beating(self) -> None:
        while not self._over.wait(self.plan.beat_s):
            self.clock.beat()

    def _step(self) -> bool:
        """Do one thing; False: others are working, and there is nothing to do but to wait."""
        trials = self.study.trials()
        check_alike(trials)
        if self.study.candidates() is None:
            if (job := self._searching(trials)) is not None:
                self._do(job)
                return True
            before, now = (self._states(several) for several in (trials, self.study.trials()))
            if before != now:
                return True
            if "running" in now.values():
                return False
            self.study.settle(CANDIDATES, self._candidates(trials))
            return True
        if (job := self._shortened(trials) or self._confirming(trials)) is not None:
            self._do(job)
            return True
        if self._confirmed(trials):
            return self._close()
        return False

    def _states(self, trials: Sequence[Trial]) -> dict[int, str]:
        return {trial.number: trial.state(self.plan.rungs) for trial in trials}

    def _do(self, job: Job) -> None:
        with job.lease as lease:
            if (job.folder / OUTCOME).exists():
                return
            stop = at(job.target)
            try:
                failure = advance(
                    job.folder,
                    job.config,
                    lease,
                    lambda epoch, epochs: self._ends(job, epoch) or stop(epoch, epochs),
                    slow=self._hopeless(job),
                )
            except StudyEnds as ending:
                raise ending.error from None
            if failure is None or job.number > 0 or (job.folder / "config.toml").exists():
                self.study.write_rungs(self.study.trials())  # under the lease: nobody writes it when `tidy` is called
                return
        (job.folder / OUTCOME).unlink()  # a user's mistake: nothing was begun
        shutil.rmtree(job.folder, ignore_errors=True)
        raise ConfigError(failure.what, failure.hint)

    def _ends(self, job: Job, epoch: int) -> bool:
        """Whether a trial pauses between rungs because the time is over, or because the default does not fit in it.

        Raises:
            StudyEnds: Too little is left to train at all.
        """
        time_s = self.plan.time_s
        if time_s is None or self.study.candidates() is not None or not epoch:
            return False
        trials = self.study.trials()
        budget = self._budget(trials)
        if job.number:
            return not budget.allows_last(0.0) if job.last else budget.search_s < 0
        cost = budget.cost
        first = sum(row.get("epoch", 0) > 0 for trial in trials for row in trial.rows if not trial.number) <= FIRST
        return cost is not None and first and SLOW_START * cost.whole_s > time_s and self._shorten(time_s, cost.whole_s)

    def _hopeless(self, job: Job) -> Slow:
        """Notices early, by its steps, that the default does not fit in the time by far."""
        time_s = self.plan.time_s
        if time_s is None or job.number or self.study.candidates() is not None:
            return lambda _: False
        began: list[float] = []

        def slow(part: float) -> bool:
            now = time.monotonic()
            began[:] = began or [now, part]
            passed, done = now - began[0], part - began[1]
            if passed < EARLY * time_s or done <= 0 or passed / done < HOPELESS * time_s:
                return False
            return self._shorten(time_s, passed / done)

        return slow

    def _shorten(self, time_s: float, whole_s: float) -> bool:
        """Give up the search: what is left of the time is for the default alone, with a schedule that fits in it.

        Raises:
            StudyEnds: Too little is left.
        """
        why = f"The time budget of {duration(time_s)} is under one trial, which takes about {duration(whole_s)}"
        if self._left_s() < LEAST_FIT_S:
            go_on = f"foveal tune --resume {shlex.quote(str(self.study.folder))}"
            more = f"Go on with enough for a search: {go_on} --time {max(1, math.ceil(14 * whole_s / 60))}m"
            raise StudyEnds(ConfigError(f"{why}.", more))
        why = f"{why[0].lower()}{why[1:]}: the default was trained in what there was"
        self.study.settle(CANDIDATES, {"candidates": [], "seeds": 0, "why": why, "shortened": True})
        return True

    def _left_s(self) -> float:
        assert self.plan.time_s is not None, "asked where it is limited"
        return self.plan.time_s - self.clock.spent_s - CLOSING_S

    def _shortened(self, trials: Sequence[Trial]) -> Job | None:
        """The default with a schedule that fits in the time left, where there was too little for all of it."""
        if not (self.study.candidates() or {}).get("shortened"):
            return None
        fit = shortened(trials)
        if fit is None:
            number, settings = 1 + max(trial.number for trial in trials), {TIME_S: round(max(1.0, self._left_s()), 1)}
            lease = self.study.begin_trial(number, settings, BY_TIME, target=1.0)
            if lease is None:
                return None
            return Job(self.study.place(number), self.plan.configured(settings), lease, 1.0, number)
        if fit.state(self.plan.rungs) in ("done", "failed", "running"):
            return None
        lease = take(fit.folder, beat_s=self.plan.beat_s, target=1.0)
        return None if lease is None else Job(fit.folder, self.plan.configured(fit.settings), lease, 1.0, fit.number)

    def _budget(self, trials: Sequence[Trial]) -> Budget:
        cost = None
        for trial in trials:  # the default first
            cost = cost or cost_of(trial)
        return Budget(self.plan, cost, self.clock.spent_s)

    def _searching(self, trials: Sequence[Trial]) -> Job | None:
        """The next part of the search; None: nothing that can be begun now."""
        rungs, goal, budget = self.plan.rungs, self.plan.goal, self._budget(trials)
        if not trials:
            return self._new(trials)
        for trial in trials:
            state = trial.state(rungs)
            if state not in ("stopped", "waiting", "paused") or (state == "paused" and trial.number):
                continue
            if (job := self._going_on(trial, budget)) is not None:
                return job
        if len(trials) < self.plan.trials and budget.allows_trial(trials) and (job := self._new(trials)) is not None:
            return job
        up = promoted(trials, goal, rungs)
        job = None if up is None else self._going_on(up, budget)
        if job is None and not any(trial.state(rungs) == "running" for trial in trials):
            last = finalist(trials, goal, rungs)
            job = None if last is None else self._going_on(last, budget, last=True)
        return job

    def _new(self, trials: Sequence[Trial]) -> Job | None:
        number = 1 + max((trial.number for trial in trials), default=-1)
        if number == 0:
            settings, by, target = dict[str, Value](), "default", 1.0
        else:
            seed = self.plan.config.seed
            found = propose(self.plan.space, trials, self.plan.goal, self.plan.rungs, number=number, seed=seed)
            if found is None:
                return None
            (settings, by), target = found, self.plan.rungs[0]
        lease = self.study.begin_trial(number, settings, by, target=target)
        if lease is None:
            return None
        place = self.study.place(number)
        try:
            config = self.plan.configured(settings)
        except FovealError as error:
            write_outcome(place, Failure.of(error))
            config = self.plan.config
        return Job(place, config, lease, target, number)

    def _going_on(self, trial: Trial, budget: Budget, *, last: bool = False) -> Job | None:
        """A trial that pauses or was stopped, up to its next rung; None: too late, or another worker was faster.

        Args:
            trial: The trial.
            budget: The time.
            last: Whether it is the only one that can still be confirmed.
        """
        rungs = self.plan.rungs
        reached = trial.rung(rungs)
        target = rungs[min(reached, len(rungs) - 1)]
        if trial.holder is not None:
            target = max(target, trial.holder.target)
        if trial.number == 0:
            target = 1.0
        cost, begin = cost_of(trial, budget.cost), rungs[reached - 1] if reached else 0.0
        if trial.number and budget.limited:
            if cost is None:
                return None
            if not (budget.allows_last(cost.part_s(begin, 1.0)) if last else budget.allows(cost.part_s(begin, target))):
                return None
        lease = take(trial.folder, beat_s=self.plan.beat_s, target=target)
        if lease is None:
            return None
        if trial.holder is not None and trial.holder.idle >= MOST_IDLE:
            what = f"its worker was lost {trial.holder.idle} times before anything was saved"
            write_outcome(trial.folder, Failure("Lost", what, "There may be too little memory."))
        return Job(trial.folder, self.plan.configured(trial.settings), lease, target, trial.number, last)

    def _candidates(self, trials: Sequence[Trial]) -> dict[str, Any]:
        """Which trials are confirmed, as the time allows."""
        found = best(trials, self.plan.goal, self.plan.rungs, most=confirming.MOST_CANDIDATES)
        budget = self._budget(trials)
        count, seeds = budget.confirmable(len(found))
        why = ""
        if not found:
            why = "no other trial is complete"
            if budget.limited and not budget.seeds:
                why = "the time is too short for a search"
                why += "" if budget.cost is None else f", which takes about {duration(budget.needed_s())} at least"
        elif not count:
            why = "the time is too short to confirm another"
        return {"candidates": [trial.number for trial in found[:count]], "seeds": seeds, "why": why}

    def _confirming(self, trials: Sequence[Trial]) -> Job | None:
        known = self.study.candidates() or {}
        seeds, candidates = int(known.get("seeds", 0)), [int(n) for n in known.get("candidates", [])]
        if not candidates or self.study.decision() is not None:
            return None
        by_number = {trial.number: trial for trial in trials}
        if 0 not in by_number or not by_number[0].finished:
            return None
        budget = self._budget(trials)
        for number, place in confirming.order(candidates, seeds):
            confirming.begin(self.study, by_number[number], seeds)
            run = self.study.confirmations(number, seeds)[place]
            if run.state((1.0,)) in ("done", "failed", "running"):
                continue
            if too_late(budget, seeds):
                continue
            lease = take(run.folder, beat_s=self.plan.beat_s, target=1.0)
            if lease is not None:
                config = confirming.member(self.study, by_number[number], seeds, place)
                return Job(run.folder, config, lease, 1.0, number or -1)
        return None

    def _confirmed(self, trials: Sequence[Trial]) -> bool:
        """Whether every run that confirms is over, or will not be begun."""
        known = self.study.candidates() or {}
        candidates, seeds = [int(n) for n in known.get("candidates", [])], int(known.get("seeds", 0))
        if known.get("shortened"):
            fit = shortened(trials)
            return fit is not None and (fit.finished or fit.failure is not None)
        if not candidates or not any(trial.finished and not trial.number for trial in trials):
            return True
        states = {run.state((1.0,)) for n in (0, *candidates) for run in self.study.confirmations(n, seeds)}
        return states <= {"done", "failed"} or ("running" not in states and too_late(self._budget(trials), seeds))

    def _close(self) -> bool:
        """Decide, copy the model, write the page; False: another worker does."""
        lease = take(self.study.folder, beat_s=self.plan.beat_s)
        if lease is None:
            return False
        with lease:
            if self.study.model.exists():
                return True
            trials = self.study.trials()
            done = decide(self.study, trials)
            self.study.write_rungs(trials)
            self.study.keep(DECISION, {**done.to_dict(), "spent_s": round(self.clock.spent_s, 1)})
            write_page(self.study)
            self.study.tidy()
            self._copy_model(self.study.place(done.winner))
            self.clock.beat()
        return True

    def _copy_model(self, source: Path) -> None:
        """The winner's run as the study's own: it went to its end, so it is the last fit."""
        draft = self.study.folder / ".model.tmp"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(source, draft, ignore=shutil.ignore_patterns(*LEFT_OUT))
        with contextlib.suppress(OSError):
            draft.rename(self.study.model)


def too_late(budget: Budget, seeds: int) -> bool:
    """Whether the time left is too short for a run that confirms."""
    return budget.limited and budget.cost is not None and FOLD_LEFT * budget.cost.fold_s(seeds) > budget.left_s


def check_alike(trials: Sequence[Trial]) -> None:
    """Check that trials do not fail one like the other.

    Raises:
        TrainingError: Three do.
    """
    failures = [trial.failure for trial in trials if trial.failure is not None]
    for failure in failures:
        alike = [other for other in failures if failure.is_like(other)]
        if len(alike) >= ALIKE:
            hint = failure.hint or "Begin another study with a narrower space."
            raise TrainingError(f"{len(alike)} trials failed alike: {failure.text}", hint)
