"""A study from its beginning, or from where it was: for the command line and for Python."""

import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from foveal.artifact.free import free_folder
from foveal.brief import brief
from foveal.config.schema import RunConfig, merge, parse_config
from foveal.data.catalog.looks import looks_kept_in
from foveal.data.outside import check_outside
from foveal.data.streams.stream import Stream
from foveal.engine.logs.log import Log
from foveal.errors import ConfigError, RunError
from foveal.ops.quiet import quiet
from foveal.runs.data import looks_folder
from foveal.runs.identity import anchored
from foveal.runs.several.train import check_one_process
from foveal.runs.train import check_installed, configured, open_door
from foveal.tune.confirm import blocks
from foveal.tune.confirm.runs import forget
from foveal.tune.data import Default, StudyData, read_study_data
from foveal.tune.document import to_dict
from foveal.tune.search.rungs import fractions
from foveal.tune.space.chosen import Spaces
from foveal.tune.space.dimension import Choice, Space
from foveal.tune.study.folder import Study, begin_study, change_plan, check_free, open_study
from foveal.tune.study.plan import BEAT_S, MOST_TRIALS, SEEDS, TRIALS, StudyPlan
from foveal.version import __version__

COMPUTES = ("torch", "torchvision", "timm", "numpy")
"""Packages whose version a result may depend on."""
FEWEST_SEEDS, MOST_SEEDS = 2, 20
VAL_LOSS = "val_loss"
Work = Callable[[Study, float], None]
"""Works on a study until it is over; given the seconds since the command began."""


@dataclass(frozen=True)
class Tuned:
    """A study that is over.

    Attributes:
        folder: Its folder.
        model: The folder of the run it ended with.
        decision: ``adopt`` or ``keep the default``.
        document: All of it, as ``foveal tune --json`` prints it.
    """

    folder: Path
    model: Path
    decision: str
    document: Mapping[str, Any]

    __repr__ = brief


@dataclass(frozen=True)
class Limits:
    """How long a study may take; None: as usual."""

    trials: int | None
    time_s: float | None
    seeds: int | None
    workers: int | None
    beat_s: float

    def to_dict(self) -> dict[str, Any]:
        """With the usual values filled in."""
        trials = self.trials or (TRIALS if self.time_s is None else MOST_TRIALS)
        return {**vars(self), "trials": trials, "seeds": self.seeds or SEEDS, "workers": self.workers or 1}


@quiet()
def tune(
    data: str | Path = "",
    *,
    space: str | Path | Mapping[str, object] | Sequence[str] | None = None,
    trials: int | None = None,
    time_s: float | None = None,
    seeds: int | None = None,
    workers: int | None = None,
    recipe: str | Path | None = None,
    settings: Mapping[str, object] | Sequence[Mapping[str, object]] = (),
    out: str | Path | None = None,
    resume: str | Path | None = None,
    log: Log | None = None,
    began: float | None = None,
    beat_s: float = BEAT_S,
    work: Work | None = None,
) -> Tuned:
    """Search for better settings than the default's, and find out whether they are better.

    Args:
        data: As for ``train``.
        space: A TOML file; or names and patterns of settings, such as ``optim.lr``; or ranges by setting; None: what is
            usual for the task.
        trials: How many, the default included; with ``time_s`` the most.
        time_s: Time budget in seconds, for the search, the confirmation and the last fit.
        seeds: Runs per setting that confirm the best.
        workers: How many work at once, for what is told of the time; ``work`` starts them.
        recipe: As for ``train``.
        settings: Of the default; nested sections, later ones win.
        out: The study's folder; by default ``tune/NAME``, numbered if that exists.
        resume: A study to go on with.
        log: Told what is done before the first trial.
        began: When the command began, by ``time.monotonic``.
        beat_s: Seconds after which a worker says that it is still there.
        work: Works on the study; None: this process does.

    Raises:
        FovealError: Bad data, settings, space or folders; or trials that fail alike.
    """
    began = time.monotonic() if began is None else began
    log = log or Log()
    check_limits(trials=trials, seeds=seeds)
    check_one_process()
    layers = [settings] if isinstance(settings, Mapping) else list(settings)
    try:
        if resume is not None:
            if data or space is not None or seeds is not None or recipe is not None or out is not None:
                raise ConfigError(
                    "resume goes on with a study as it was planned.", "Leave out data, space, seeds, recipe and out."
                )
            study = go_on(Path(resume), layers, trials=trials, time_s=time_s, workers=workers, log=log, began=began)
        else:
            limits = Limits(trials, time_s, seeds, workers, beat_s)
            study = begin(data, space, limits, recipe=recipe, layers=layers, out=out, log=log, began=began)
    finally:
        log.close()
    (work or work_here)(study, time.monotonic() - began)
    return result(study)


def work_here(study: Study, before_s: float = 0.0) -> None:
    """Work on a study in this process."""
    from foveal.tune.worker import Worker

    Worker(study, before_s=before_s).work()


@quiet()
def join(folder: str | Path, *, log: Log | None = None) -> None:
    """Work on a study that another command began, here or on another machine.

    Raises:
        RunError: It is none, lacks a trial, or was made with other data or another Foveal.
    """
    check_one_process()
    check_installed("tune")
    study = open_study(Path(folder))
    study.check_whole()
    check_same(study, log or Log())
    open_door(time.monotonic())
    work_here(study)


def result(study: Study) -> Tuned:
    """What a study found."""
    document = to_dict(study)
    return Tuned(study.folder, study.model, str(document["decision"]), document)


def check_limits(*, trials: int | None, seeds: int | None) -> None:
    """Check numbers that a user gave.

    Raises:
        ConfigError: One is out of bounds.
    """
    if trials is not None and not 2 <= trials <= MOST_TRIALS:
        raise ConfigError(f"--trials {trials} is not between 2 and {MOST_TRIALS:,}.", f"The usual is {TRIALS}.")
    if seeds is not None and not FEWEST_SEEDS <= seeds <= MOST_SEEDS:
        raise ConfigError(f"--seeds {seeds} is not between {FEWEST_SEEDS} and {MOST_SEEDS}.", f"The usual is {SEEDS}.")


def begin(
    data: str | Path,
    space: str | Path | Mapping[str, object] | Sequence[str] | None,
    limits: Limits,
    *,
    recipe: str | Path | None,
    layers: Sequence[Mapping[str, object]],
    out: str | Path | None,
    log: Log,
    began: float,
) -> Study:
    """Make a study's folder."""
    if not data:
        raise ConfigError(
            "No data set is given.", "Name one: foveal tune IMAGES/ --time 2h; or a study: foveal tune --resume STUDY"
        )
    folder = free_folder(Path(data), "tune") if out is None else Path(out)
    check_free(folder)
    config, _, given = configured(data, recipe=recipe, layers=layers, out=folder)
    check_outside(folder, Path(data))
    check_config(config)
    check_installed("tune")
    with looks_kept_in(looks_folder(config)):
        log.begin(f"foveal tune {shlex.quote(config.data.path)}")
        log.doing(f"reading {config.data.path}")
        read = read_study_data(config)
        log.say(read.facts)
        log.doing("loading torch")
        open_door(began)
        default = read.default(config, given)
        plan, made = planned(default, read, space, given)
        if isinstance(read.read, Stream):
            limits = replace(limits, seeds=limits.seeds or blocks.SEEDS)
            blocks.check_blocks(default.complete, read.read, limits.seeds or blocks.SEEDS)
    study = begin_study(folder, StudyPlan(**{**plan, **limits.to_dict()}))
    log.say({"search": ", ".join(f"{one.key} {one.text}" for one in made.dimensions), "study": str(folder)})
    return study


def planned(
    default: Default,
    data: StudyData,
    space: str | Path | Mapping[str, object] | Sequence[str] | None,
    given: Mapping[str, object],
) -> tuple[dict[str, Any], Space]:
    """What a study's plan has of the data set and the default."""
    from foveal.runs.record import versions

    task, complete = data.task, default.complete
    assert complete.train.epochs is not None, "it was chosen"
    spaces = Spaces(task, complete, lr=default.lr)
    if space is None:
        made = spaces.default(given)
    elif isinstance(space, Mapping):
        made = spaces.given(space, where="space")
    elif isinstance(space, str | Path):
        made = spaces.read(Path(space))
    else:
        made = spaces.named(space)
    check_networks(made)
    goal, found = default.goal, versions()
    values: dict[str, Any] = {
        "config": anchored(_given_alone(default.config)),
        "task": task,
        "space": made,
        "goal": goal if goal.tie_break is None else type(goal)(goal.metric, goal.maximize, VAL_LOSS),
        "rungs": fractions(complete.train.epochs, warmup=complete.schedule.warmup),
        "epochs": complete.train.epochs,
        "fingerprint": data.fingerprint,
        "images": len(data),
        "versions": {"foveal": __version__, **{name: found[name] for name in COMPUTES if name in found}},
    }
    return values, made


def check_networks(space: Space) -> None:
    """Check that networks that are searched are known, before the first trial is trained; it needs torch.

    Raises:
        ConfigError: One is not; the message suggests the nearest name.
    """
    from foveal.models.declared import declared

    for one in space.dimensions:
        if one.key == "model.backbone" and isinstance(one, Choice):
            for name in one.values:
                declared(str(name))


def check_config(config: RunConfig) -> None:
    """Check that a study can be made of these settings.

    Raises:
        ConfigError: They are of folds, or have a time budget for each trial.
    """
    if config.data.folds:
        raise ConfigError("The confirmation makes its own folds.", "Leave out --data.folds and --data.fold.")
    if config.train.time_s is not None:
        raise ConfigError(
            "--train.time-s would compare trials by the clock.", "Use --time for all of the study, or --epochs."
        )


def go_on(
    folder: Path,
    layers: Sequence[Mapping[str, object]],
    *,
    trials: int | None,
    time_s: float | None,
    workers: int | None,
    log: Log,
    began: float,
) -> Study:
    """Open a study to go on with; one that is over goes on only with further trials or time.

    Raises:
        ConfigError: Settings are given, which would be those of another study.
        RunError: It is none, is over, lacks a trial, or was made with other data or another Foveal.
    """
    if merge({}, *layers):
        raise ConfigError("--resume uses the settings of the study.", "Leave them out, or begin another study.")
    study = open_study(folder)
    check_installed("tune")
    log.begin(f"foveal tune --resume {shlex.quote(str(folder))}")
    check_same(study, log)
    more = (trials or 0) > study.plan.trials or (time_s or 0) > (study.plan.time_s or float("inf"))
    if study.model.exists() and not more:
        time = study.plan.time_s
        further = f"trials (--trials {2 * study.plan.trials})" if time is None else f"time (--time {2 * time / 60:g}m)"
        raise RunError(
            f"{folder}: this study is over; there is nothing to resume.",
            f"Go on with more {further}, or use its model: {study.model}",
        )
    study.check_whole()
    if more:
        forget(study)
    study = change_plan(study, trials=trials, time_s=time_s, workers=workers)
    log.doing("loading torch")
    open_door(began)
    return study


def check_same(study: Study, log: Log) -> None:
    """Check that the data set and what computes the results are the study's.

    Raises:
        RunError: They are not; the message names what differs.
    """
    config, plan = study.plan.config, study.plan
    path = Path(config.data.path)
    if not path.exists():
        raise RunError(f"{path}: the data set of {study.folder} is not there.", "Every machine needs it at this path.")
    here = {"foveal": __version__, **{name: _version(name) for name in COMPUTES}}
    for name, made in plan.versions.items():
        if _public(made) != _public(here.get(name, "")):
            raise RunError(
                f"{study.folder} was made with {name} {made}, and here is {here.get(name) or 'none'}: results would"
                " differ.",
                "Install the same version, or begin another study with --out.",
            )
    log.doing(f"reading {path}")
    with looks_kept_in(looks_folder(config)):
        data = read_study_data(config)
    if data.fingerprint != plan.fingerprint:
        raise RunError(
            f"{path}: the data set is not the one that {study.folder} was made with ({plan.images:,} {plan.unit}"
            f" before, {len(data):,} now, or other files or labels).",
            "Restore it, or begin another study with --out.",
        )


def _given_alone(config: RunConfig) -> RunConfig:
    """The same settings, of which only those that were given count as given."""
    return parse_config(config.model_dump(mode="json", exclude_unset=True, exclude_none=True), where="the command line")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _public(found: str) -> str:
    """Without what follows a plus sign: the same code for another device."""
    return found.partition("+")[0]
