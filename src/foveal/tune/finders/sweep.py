"""A sweep over learning rates on networks that are thrown away. Needs torch."""

import copy
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import torch

from foveal.config.schema import RunConfig
from foveal.data.catalog.catalog import Catalog
from foveal.data.notes import plural
from foveal.engine.logs.log import Log
from foveal.errors import ConfigError, TrainingError
from foveal.runs.identity import anchored
from foveal.runs.plan import ImagePlan, make_plan
from foveal.runs.resolve import resolve
from foveal.runs.start import open_runtime
from foveal.runs.warm_start import warm_start
from foveal.tune.finders.lr_curve import Sweep
from foveal.tune.finders.steps import Steps

BELOW, ABOVE, TOP = 100.0, 1000.0, 10.0
"""A sweep goes from the default rate over BELOW to it times ABOVE, but not beyond TOP."""
STEPS, LEAST_STEPS = 50, 20
"""Steps of a sweep, and how few still tell something."""
LOST = 4.0
"""A loss of so many times that at the start, and above its noise, ends a sweep: nothing comes back from there."""
AVERAGED = 5
"""Steps whose mean loss is compared with that."""


class SweepPlan:
    """Networks and data of the sweeps of several seeds.

    Args:
        config: The run's settings.
        catalog: The data set with its splits.
        log: Told what takes long.
    """

    def __init__(self, config: RunConfig, catalog: Catalog, *, log: Log) -> None:
        self.catalog, self.log = catalog, log
        self.scratch = tempfile.TemporaryDirectory()
        self.runtime = open_runtime(config, Path(self.scratch.name))
        self.chosen = resolve(anchored(config), catalog.split("train"), world=1).config
        self.plan = make_plan(self.chosen, catalog, runtime=self.runtime)
        self.plan.fit_shared_memory()
        self.fitted = self.plan.task.probe(self.plan.network) is not None
        self.factor = warm_start(self.plan, log, adapt=bool(self.chosen.optim.adapt_lr))
        state = self.plan.network.state_dict()
        self.start = copy.deepcopy(state) if self.fitted else None
        rate = self.chosen.optim.lr
        assert rate is not None, "resolve chose it"
        self.default = rate

    def for_seed(self, seed: int) -> ImagePlan:
        """A plan with a network of its own, and the order, augmentation and first weights of a seed."""
        split = self.chosen.seed if self.chosen.data.split_seed is None else self.chosen.data.split_seed
        data = self.chosen.data.model_copy(update={"split_seed": split})
        config = self.chosen.model_copy(update={"seed": seed, "data": data})
        plan = make_plan(config, self.catalog, runtime=self.runtime)
        plan.workers, plan.ahead = self.plan.workers, self.plan.ahead
        plan.images.cache = self.plan.images.cache
        if self.start is not None:
            plan.network.load_state_dict(self.start)
        return plan

    def rates(self, num_steps: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        """(N,) rates of a sweep, evenly spread on the scale of logarithms."""
        return np.geomspace(self.default / BELOW, min(TOP, self.default * ABOVE), num_steps)

    def sweep(self, seed: int, num_steps: int, *, told: Callable[[int], None], deadline: float | None = None) -> Sweep:
        """Take a step per rate.

        Args:
            seed: Of order, augmentation and first weights.
            num_steps: N.
            told: Called after every step with how many are done.
            deadline: By ``time.monotonic``, when it ends with the rates so far; None: never.
        """
        with tempfile.TemporaryDirectory() as scratch:
            steps = Steps(self.for_seed(seed), self.chosen, scratch=Path(scratch))
            rates, losses, cut = self.rates(num_steps), list[float](), False
            for k, rate in enumerate(rates):
                losses.append(_step(steps, float(rate)))
                told(k + 1)
                if _lost(losses):
                    break
                if deadline is not None and time.monotonic() > deadline and k + 1 < num_steps:
                    cut = True
                    break
        return Sweep(seed, rates[: len(losses)], np.array(losses), cut)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.scratch.cleanup()

    def step_s(self, num_steps: int = 2) -> float:
        """Seconds per step, of a few at the lowest rate."""
        with tempfile.TemporaryDirectory() as scratch:
            steps = Steps(self.for_seed(self.chosen.seed), self.chosen, scratch=Path(scratch))
            steps.take(self.default / BELOW)
            began = time.perf_counter()
            for _ in range(num_steps):
                steps.take(self.default / BELOW)
        return (time.perf_counter() - began) / num_steps


def steps_within(left_s: float | None, step_s: float, num_seeds: int) -> int:
    """Steps of each sweep that fit into a time.

    Raises:
        ConfigError: Too few to tell anything; the message names what the least would take.
    """
    if left_s is None:
        return STEPS
    fit = int(left_s / (step_s * num_seeds))
    if fit < LEAST_STEPS:
        raise ConfigError(
            f"A sweep takes at least {LEAST_STEPS} steps of {step_s:.2g} s for each of {num_seeds} seeds, about"
            f" {LEAST_STEPS * step_s * num_seeds:.0f} s, and the time limit leaves {max(0, left_s):.0f} s.",
            "Allow more (--time), or take a smaller --train.batch-size or --input.size.",
        )
    return min(STEPS, fit)


def _step(steps: Steps, rate: float) -> float:
    try:
        return steps.take(rate)
    except TrainingError:  # the loss or its gradient is not finite
        return float("inf")


def _lost(losses: Sequence[float]) -> bool:
    if not np.isfinite(losses[-1]):
        return True
    first = np.array(losses[:AVERAGED])
    limit = max(LOST * float(first.mean()), float(first.mean() + LOST * first.std()))
    return len(losses) > 2 * AVERAGED and float(np.mean(losses[-AVERAGED:])) > limit


def device_name(plan: SweepPlan) -> str:
    """Where it runs, for a person."""
    device = plan.runtime.device
    return (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"CPU, {plural(torch.get_num_threads(), 'thread')}"
    )
