"""``foveal tune --find lr``: a learning rate with a range, from sweeps on networks that are thrown away."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foveal.brief import brief
from foveal.config.schema import merge
from foveal.data.catalog.looks import looks_kept_in
from foveal.engine.logs.log import Log
from foveal.errors import ConfigError
from foveal.runs.data import looks_folder, open_data
from foveal.runs.train import open_door_for
from foveal.tune.finders.command import train_command
from foveal.tune.finders.find_batch import check_image_run, section
from foveal.tune.finders.lr_curve import Reading, Suggestion, Sweep, read_sweep, suggest
from foveal.types.progress import Progress, silent

SEEDS = 3


@dataclass(frozen=True)
class RateFound:
    """What was found.

    Attributes:
        data: The data set as the user named it.
        facts: Task, network, batch size, device and the like, for a person and for JSON.
        default: What a run without it uses.
        factor: By how much the run lowers that after fitting the head; 1: not at all.
        fitted: Whether the head is fitted to pretrained features before the first step.
        sweeps: One per seed.
        readings: What each of them tells.
        suggestion: What they tell together.
        keep: Whether the default lies within what was found.
        command: What to run.
        decision: In words.
        notes: Limits and what was cut short.
        seconds: Duration of the search.
    """

    data: str
    facts: Mapping[str, Any]
    default: float
    factor: float
    fitted: bool
    sweeps: Sequence[Sweep]
    readings: Sequence[Reading]
    suggestion: Suggestion
    keep: bool
    command: str
    decision: str
    notes: Sequence[str]
    seconds: float

    __repr__ = brief

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of ``--json``."""
        found = self.suggestion
        return {
            "find": "lr",
            "data": self.data,
            **self.facts,
            "default_lr": self.default,
            "factor": self.factor,
            "head_fitted": self.fitted,
            "lr": _number(found.rate),
            "low": _number(found.low),
            "high": _number(found.high),
            "steepest": _number(found.steepest),
            "tenth_of_divergence": _number(found.safe),
            "keep_default": self.keep,
            "decision": self.decision,
            "command": self.command,
            "sweeps": [
                {
                    "seed": sweep.seed,
                    "rates": [float(f"{rate:.4g}") for rate in sweep.rates],
                    "losses": [_number(loss) for loss in sweep.losses],
                    "steepest": _number(reading.steepest),
                    "diverges": _number(reading.diverges),
                }
                for sweep, reading in zip(self.sweeps, self.readings, strict=True)
            ],
            "notes": list(self.notes),
            "seconds": round(self.seconds, 1),
        }


def find_lr(
    data: str | Path,
    *,
    recipe: str | None = None,
    settings: Sequence[Mapping[str, object]] = (),
    time_s: float | None = None,
    seeds: int = SEEDS,
    progress: Progress = silent,
) -> RateFound:
    """Find a learning rate.

    Args:
        data: As for ``train``.
        recipe: As for ``train``.
        settings: As for ``train``.
        time_s: Seconds that the search may take; None: as it needs.
        seeds: Sweeps, each with an order, an augmentation and first weights of its own.
        progress: Called as the work goes on.

    Raises:
        FovealError: A run with these settings would be refused, or time is too short to tell anything.
    """
    began, given = time.monotonic(), merge({}, *settings)
    config = check_image_run(data, recipe, [given], what="--find lr finds a learning rate")
    if "lr" in section(given, "optim"):
        raise ConfigError("--find lr looks for the learning rate.", "Leave out --optim.lr.")
    with looks_kept_in(looks_folder(config)):
        progress(f"reading {data}", 0, None)
        catalog, _ = open_data(config)
        progress("loading torch", 0, None)
        open_door_for(catalog, config, given, log=Log(), began=began)
        from foveal.tune.finders.sweep import STEPS, SweepPlan, device_name, steps_within

        progress("loading the network", 0, None)
        with SweepPlan(config, catalog, log=Log()) as plan:
            step_s = plan.step_s()
            left_s = None if time_s is None else time_s - (time.monotonic() - began)
            num_steps = steps_within(left_s, step_s, seeds)
            notes = [] if num_steps == STEPS else [f"time allows {num_steps} steps per sweep, not {STEPS}"]
            deadline, sweeps = None if time_s is None else began + time_s, list[Sweep]()
            for seed in range(config.seed, config.seed + seeds):

                def told(done: int, seed: int = seed) -> None:
                    progress(f"sweep of seed {seed}", done, num_steps)

                sweeps.append(plan.sweep(seed, num_steps, told=told, deadline=deadline))
    notes += [
        f"time is over: the sweep of seed {one.seed} has {len(one.rates)} of {num_steps} steps"
        for one in sweeps
        if one.cut
    ]
    readings = [read_sweep(one) for one in sweeps]
    found = suggest(readings)
    decision, rate = decide(found, plan.default, plan.factor, fitted=plan.fitted)
    optim: Mapping[str, object] = {} if rate is None else {"optim": {"lr": rate}}
    chosen = plan.chosen
    return RateFound(
        str(data),
        {
            "task": chosen.task,
            "backbone": chosen.model.backbone,
            "size": None if chosen.input.size is None else chosen.input.size.plain,
            "images": len(plan.plan.train_set),
            "batch_size": plan.plan.batch_size,
            "optimizer": chosen.optim.name,
            "device": plan.runtime.device.type,
            "device_name": device_name(plan),
            "step_s": round(step_s, 4),
        },
        plan.default,
        plan.factor,
        plan.fitted,
        sweeps,
        readings,
        found,
        rate is None,
        train_command(str(data), recipe=recipe, settings=given, found=optim),
        decision,
        notes,
        time.monotonic() - began,
    )


def decide(found: Suggestion, default: float, factor: float, *, fitted: bool) -> tuple[str, float | None]:
    """What to do, in words, and the rate to set; None: keep the default.

    Args:
        found: What the sweeps tell.
        default: What a run without it uses.
        factor: By how much the run lowers that after fitting the head.
        fitted: Whether the head is fitted before the first step.
    """
    applied = default * factor
    if math.isnan(found.rate):
        why = "the loss falls at no rate beyond its noise"
        why += ": the head is fitted to pretrained features before the first step" if fitted else ""
        if math.isnan(found.safe):
            return f"{why}, and does not rise either: keep the default", None
        if applied <= found.safe:
            return f"{why}. Only the upper end is known, {found.safe:.2g}: keep the default, which is below it", None
        return f"{why}, and the default is above a tenth of where it diverges", float(f"{found.safe:.2g}")
    if found.low <= applied <= found.high:
        return "the default lies in the range: keep it", None
    side = "below" if applied < found.low else "above"
    return f"the default is {side} the range", float(f"{found.rate:.2g}")


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return float(f"{value:.6g}") if math.isfinite(value) else None
