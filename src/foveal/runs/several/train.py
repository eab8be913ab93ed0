"""``foveal train --folds 5`` and ``--seeds 3``: one folder of ordinary runs, and a summary.

The folder is the truth: which runs it plans stands in runs.toml, and a run is complete when its own files say so. So a
killed command goes on where it was, and any run in it can be evaluated, exported or resumed by itself.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from foveal.config.schema import RunConfig, merge, parse_config
from foveal.data.catalog.looks import looks_kept_in
from foveal.engine.clock import Began
from foveal.engine.logs.log import Log
from foveal.errors import ConfigError, RunError
from foveal.ops.quiet import quiet as silently
from foveal.runs.data import looks_folder, open_data
from foveal.runs.identity import anchored, unchanged
from foveal.runs.several.plan import Kind, SeveralRuns, read_plan, write_plan
from foveal.runs.streams.settings import stream_task
from foveal.runs.train import announce, check_installed, configured, open_door, open_door_for

if TYPE_CHECKING:
    from foveal.runs.several.summary import Summary

SUMMARY_S = 6.0
"""Seconds that are left of a time budget for the summary."""
LEAST_S = 1.0
OF_STREAMS: dict[Kind, str] = {
    "folds": "One run holds out a block before the end: --data.folds 5 --data.fold 1",
    "seeds": "Train one run with --seed 0, one with --seed 1, and so on.",
}
"""What to do on a text or a series."""


@silently()
def train_several(
    data: str | Path,
    *,
    kind: Kind,
    number: int,
    recipe: str | Path | None = None,
    settings: Sequence[Mapping[str, object]] = (),
    out: str | Path | None = None,
    log: Log | None = None,
    began: float | None = None,
) -> "Summary":
    """Train a run per fold or per seed, one after the other, and sum them up.

    Args:
        data: As for ``train``.
        kind: Folds of a cross-validation, or seeds on one split.
        number: How many.
        recipe: As for ``train``.
        settings: As for ``train``; a time budget is that of all runs together, the summary included.
        out: The folder; by default ``runs/NAME``, numbered if that exists.
        log: Progress output.
        began: When the command began, by ``time.monotonic``.

    Raises:
        FovealError: Bad data, settings or folder.
    """
    began = time.monotonic() if began is None else began
    log = log or Log()
    check_one_process()
    layers = list(settings)
    config, folder, given = configured(data, recipe=recipe, layers=layers, out=out)
    if stream_task(config) is not None:
        raise ConfigError(f"--{kind} is for images, and {data} is a text or a series.", OF_STREAMS[kind])
    if config.data.folds or (kind == "folds" and given_split(given)):
        raise ConfigError(
            "--folds makes the splits, so it has no use for --data.folds, --data.fold and --data.val-fraction.",
            "Leave them out.",
        )
    check_installed()
    base = config.model_copy(update={"train": config.train.model_copy(update={"time_s": None})})
    plan = SeveralRuns(kind, number, anchored(_unset(base)), config.train.time_s)
    first = replace(plan, config=base).member(0, time_s=None)  # with the paths as they were given
    try:
        with looks_kept_in(looks_folder(config)):
            catalog, _ = announce(first, log)
            _, since = open_door_for(catalog, config, given, log=log, began=began)
            write_plan(folder, plan)
            return _Going(folder, plan, log, since).go()
    finally:
        log.close()


@silently()
def resume_several(
    folder: Path, *, settings: Sequence[Mapping[str, object]] = (), log: Log | None = None, began: float | None = None
) -> "Summary":
    """Go on with a folder of several runs.

    Args:
        folder: The folder.
        settings: Only those that do not affect the result, such as another path of the data set.
        log: Progress output.
        began: When the command began, by ``time.monotonic``.

    Raises:
        RunError: The folder is none, is complete, or a setting affects the result.
        FovealError: A run cannot be resumed.
    """
    began = time.monotonic() if began is None else began
    log = log or Log()
    check_one_process()
    plan = read_plan(folder)
    if plan is None:
        raise RunError(f"{folder}: not a folder of several runs.", "Name one that `foveal train` made.")
    merged = merge({}, *settings)
    changes = anchored(parse_config(merged, where="the command line")) if merged else None
    if changes is not None:
        unchanged(plan.config, changes, folder)  # refuses what affects the result
        layers = (one.model_dump(exclude_unset=True, exclude_none=True) for one in (plan.config, changes))
        plan = replace(plan, config=parse_config(merge({}, *layers), where="the command line"))
    check_installed()
    log.begin(f"foveal train --resume {folder}")
    try:
        log.doing("loading torch")
        with looks_kept_in(looks_folder(plan.config)):
            _, since = open_door(began)
            return _Going(folder, plan, log, since, changes).go()
    finally:
        log.close()


@dataclass
class _Going:
    """Several runs on their way.

    Attributes:
        folder: Their folder.
        plan: What it plans.
        log: Progress output.
        since: When this command began.
        changes: Settings that were given to go on with.
    """

    folder: Path
    plan: SeveralRuns
    log: Log
    since: Began
    changes: RunConfig | None = None

    def go(self) -> "Summary":
        """Train what is not complete, then sum up.

        Raises:
            FovealError: A run fails.
        """
        from foveal.engine.checkpoint import load_checkpoint
        from foveal.engine.run import Run
        from foveal.runs.several.summary import summarise
        from foveal.runs.several.summary_page import write_summary_page

        names, folders = self.plan.names(), self.plan.folders(self.folder)
        saved = [load_checkpoint(Run(folder).checkpoint) for folder in folders]
        spent_s = sum(one.state.elapsed_s for one in saved if one is not None)
        complete = [one is not None and one.finished for one in saved]
        if all(complete) and (self.folder / "metrics.json").exists():
            raise RunError(f"{self.folder}: all its runs are complete; there is nothing to resume.", "")
        for place, folder in enumerate(folders):
            if complete[place]:
                continue
            self.log.run(names[place], number=place + 1, of=len(names))
            left = complete[place:].count(False)
            self._train(place, folder, spent_s=spent_s, left=left)
            complete[place] = True
        self.log.doing("summing up")
        done = summarise(self.folder, self.plan)
        self.log.doing("drawing the report")
        if missing := write_summary_page(done):
            self.log.note(missing)
        self.log.summary(done.document)
        return done

    def _train(self, place: int, folder: Path, *, spent_s: float, left: int) -> None:
        from foveal.runs import start

        own = Began(time.monotonic(), imports_s=self.since.imports_s)
        if (folder / "config.toml").exists():
            start.resume(folder, changes=self.changes, log=self.log, began=own)
            return
        config = self.plan.member(place, time_s=self._share_s(spent_s, left))
        catalog, skipped = open_data(config)
        first = not spent_s and left == self.plan.number
        start.start(config, catalog, skipped, out=folder, log=self.log, began=self.since if first else own)

    def _share_s(self, spent_s: float, left: int) -> float | None:
        """Seconds for the next of the runs that are left; the first one's begin with the command."""
        if self.plan.time_s is None:
            return None
        here = time.monotonic() - self.since.at
        first = not spent_s and left == self.plan.number
        rest = self.plan.time_s - SUMMARY_S - spent_s - here
        return max(LEAST_S, rest / left + (here if first else 0.0))


def check_one_process() -> None:
    """Refuse torchrun: the runs of a folder are trained one after the other by one process.

    Raises:
        ConfigError: There are several processes.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise ConfigError(
            "Folds and seeds are trained by one process.",
            "Train each on several: foveal train DATA --data.folds 5 --data.fold 1, and so on.",
        )


def given_split(given: Mapping[str, object]) -> bool:
    """Whether a user gave how images are held out."""
    data = given.get("data")
    return isinstance(data, Mapping) and not {"fold", "folds", "val_fraction"}.isdisjoint(data)


def _unset(config: RunConfig) -> RunConfig:
    """The same settings, of which only those that were given count as given."""
    values = json.loads(config.model_dump_json(exclude_unset=True, exclude_none=True))
    return parse_config(values, where="the command line")
