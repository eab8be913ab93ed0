"""Train a run longer than planned: ``--resume RUN`` with another number of epochs, or with a time budget.

A run so trained has several parts, each with a schedule of its own.
"""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any

from foveal.config.files import to_toml
from foveal.config.schema import RunConfig, merge
from foveal.engine.checkpoint import Checkpoint, State
from foveal.engine.logs.log import duration
from foveal.engine.loop import steps_per_epoch
from foveal.engine.parts import Part, parts_in_words
from foveal.engine.run import Run
from foveal.errors import RunError
from foveal.runs.identity import config_key, flat
from foveal.runs.resolve import choose_eval_every
from foveal.types.goal import Goal

LENGTH = ("train.epochs", "train.time_s")
"""Settings that ask for a further part."""
WITH_LENGTH = (*LENGTH, "train.patience", "train.eval_every", "optim.lr", "schedule")
"""Settings, or sections, that it may change."""
MORE_EPOCHS = 4
"""With a time budget alone, at most so many times the planned epochs follow: the clock decides."""
MOST_EPOCHS = 100_000
"""``train.epochs`` allows no more."""


def asks_for_more(config: RunConfig, changes: RunConfig | None, saved: Checkpoint | None) -> bool:
    """Whether a run is to be trained by another plan than its own; a complete one: whether to be trained at all."""
    given = {} if changes is None else flat(changes.model_dump(exclude_unset=True))
    planned = flat(config.model_dump())
    complete = saved is not None and saved.finished
    return any(key in given and (complete or given[key] != planned[key]) for key in LENGTH)


def check_goes_on(run: Run, config: RunConfig, saved: Checkpoint | None, *, more: bool) -> None:
    """Check that a run can go on from its checkpoint.

    Args:
        run: The run.
        config: Its configuration.
        saved: Its last checkpoint.
        more: Whether it is to be trained longer than planned.

    Raises:
        RunError: Its configuration has changed, or it is complete.
    """
    if saved and saved.key != config_key(config):
        raise RunError(
            f"{run.config}: changed since the run was stopped.",
            "Restore it, or start a new run with --config and --out.",
        )
    if saved and saved.finished and not more:
        name, epochs = shlex.quote(str(run.folder)), 2 * (config.train.epochs or 1)
        raise RunError(
            f"{run.folder}: this run is complete; there is nothing to resume.",
            f"Train it longer: foveal train --resume {name} --epochs {epochs}."
            f" Or use its model: foveal evaluate {name} DATA",
        )


def split(changes: RunConfig) -> tuple[dict[str, Any], RunConfig | None]:
    """(what a new part changes, by section; all other settings of the command line)."""
    ours: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for section, values in changes.model_dump(exclude_unset=True).items():
        if not isinstance(values, Mapping):
            others[section] = values
            continue
        for key, value in values.items():
            belongs = section in WITH_LENGTH or f"{section}.{key}" in WITH_LENGTH
            (ours if belongs else others).setdefault(section, {})[key] = value
    return ours, RunConfig.model_validate(others) if others else None


def complete_settings(given: Mapping[str, Any], config: RunConfig, saved: Checkpoint | None) -> dict[str, Any]:
    """What a new part changes, complete.

    Without ``--time`` it has no budget, without ``--epochs`` the clock decides; a given rate is not lowered.
    """
    done = int(saved.state.rows[-1]["epoch"] or 0) if saved and saved.state.rows else 0
    epochs = min(done + MORE_EPOCHS * (config.train.epochs or 1), MOST_EPOCHS)
    train: dict[str, Any] = {"time_s": None, "epochs": epochs, **given.get("train", {})}
    if train["time_s"] is None and train.get("eval_every", config.train.eval_every) is None:
        train["eval_every"] = choose_eval_every(train["epochs"], config.task)
    optim = {"optim": {"adapt_lr": False}} if "lr" in given.get("optim", {}) else {}
    return merge(optim, given, {"train": train})


def with_settings(config: RunConfig, settings: Mapping[str, Any]) -> RunConfig:
    """The configuration with some settings changed."""
    return RunConfig.model_validate(merge(config.model_dump(), settings))


def begin_part(
    saved: Checkpoint, before: RunConfig, settings: Mapping[str, Any], *, batches_per_epoch: int, folder: Path
) -> Checkpoint:
    """The checkpoint from which a further part begins.

    Args:
        saved: Where the run is.
        before: Its configuration so far.
        settings: What changes in it.
        batches_per_epoch: Of its plan.
        folder: The run's, for messages.

    Raises:
        RunError: It has been trained for so many epochs already.
    """
    config = with_settings(before, settings)
    steps, state = steps_per_epoch(batches_per_epoch, config.optim), saved.state
    done, epochs = state.step / steps, config.train.epochs or 0
    if epochs * steps <= state.step:
        more = max(1, int(done))
        raise RunError(
            f"{folder}: {done:.3g} epochs are trained already, and --epochs {epochs} counts from the first.",
            f"For {more} more: foveal train --resume {shlex.quote(str(folder))} --epochs {int(done) + more}",
        )
    first = _part(before, state.lr_factor)
    state.lr_factor = state.lr_factor if config.optim.adapt_lr else 1.0
    state.train_on(first, following=replace(_part(config, state.lr_factor), from_epoch=done, settings=settings))
    return replace(saved, key=config_key(config), finished=False, soup={})


def _part(config: RunConfig, lr_factor: float) -> Part:
    epochs = config.train.epochs
    assert epochs is not None, "resolve chose it"
    return Part(epochs, config.schedule.name, float(f"{lr_factor * (config.optim.lr or 0.0):.3g}"), config.train.time_s)


def caught_up(config: RunConfig, saved: Checkpoint | None) -> RunConfig:
    """The configuration of a run that was killed between the checkpoint that begins a part and its config.toml."""
    if saved is None or not saved.state.parts or saved.key == config_key(config):
        return config
    after = with_settings(config, saved.state.part.settings)
    return after if saved.key == config_key(after) else config


def as_text(config: RunConfig, state: State | None) -> str:
    """The text of config.toml; of a run in several parts it says what each one is."""
    text = to_toml(config)
    if state is None or not state.parts:
        return text
    plan = parts_in_words(state.parts, state.part.epochs)
    return f"# In {len(state.parts)} parts, {plan}.\n# train.epochs counts all of them.\n{text}"


def announcement(state: State, goal: Goal) -> str:
    """What begins, for the screen."""
    part, score, metric = state.part, (state.best or {}).get(goal.metric), goal.metric.replace("_", " ")
    length = f"to epoch {part.epochs}" if part.time_s is None else f"for {duration(part.time_s)}"
    best = ""
    if score is not None:
        value = "-" if isnan(score) else f"{score:.3f}"
        best = f"; the best so far is epoch {state.best_epoch} ({metric} {value})"
    done = f"{round(part.from_epoch, 1):g}"
    return (
        f"trained for {done} epoch{'s' * (done != '1')}, going on {length}:"
        f" a new {part.schedule} schedule, lr {part.lr:g}{best}"
    )
