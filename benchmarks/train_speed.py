"""Training on real JPEG files against the same network's raw steps on tensors in memory.

    python benchmarks/train_speed.py [--data hymenoptera] [--workers 0 1 2] [--rounds N] [--steps N]
    python benchmarks/train_speed.py --data bccd --cache off     # a detector
    python benchmarks/train_speed.py --data coco80 --task instance --cache off
    python benchmarks/train_speed.py --data bccd --cache off --set augment.mosaic=0.5

Sizes and batches are those that ``foveal train`` chooses, or as asked for by ``--size`` and ``--batch``.

One side is Foveal's own loop: ``Training.fit`` on an ImagePlan, with reading, decoding, augmenting, normalising,
clipping, moving average and log. The other is forward + backward + AdamW step of the same network on batches that lie
in memory, with the same layers frozen: the loop's first batches, as a loss takes more time where there are more
objects. Both run in one process (all cores, channels_last, kept pages) and take turns:
the loop's log stops its clock after every few steps and runs the raw steps meanwhile; worker processes are stopped as
well. Evaluation and checkpoints at an epoch's end are left out.

Limit: 0.95.
"""

# ruff: noqa: E402 - how threads wait must be said before torch is imported
from foveal.inference.backends.process_tuning import wait_quietly

wait_quietly()

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import psutil
import torch
from interleave import IMAGENETTE, data_folder, median_ratio, seconds, verdict
from torch import Tensor

from foveal.config.schema import RunConfig, merge, parse_config
from foveal.engine.config import OptimConfig
from foveal.engine.logs.log import Log
from foveal.engine.optim import freeze, num_frozen
from foveal.engine.run import Run
from foveal.models.contract import Model
from foveal.runs.data import open_data
from foveal.runs.plan import ImagePlan, make_plan
from foveal.runs.resolve import resolve
from foveal.runs.start import make_training, open_runtime
from foveal.types.size import Size, read_size

LIMIT = 0.95
Targets = Mapping[str, Tensor]
CACHES = ("off", "memory")
IN_MEMORY = 8
"""Batches that the raw steps take in turns."""
WARM_UP = 3
"""Steps of the loop that are not counted."""


class Enough(Exception):  # noqa: N818 - not an error: it ends a run from within its log
    """The rounds are done."""


@dataclass
class TakingTurns(Log):
    """A log that measures the loop between its calls and runs the raw steps in between.

    Attributes:
        raw: One raw step.
        steps: Of a block.
        rounds: Blocks of each side.
        size: Of the input.
        batch: Images per step.
        loop_s: Seconds of the loop's blocks.
        raw_s: Seconds of the raw blocks.
    """

    raw: Any
    steps: int
    rounds: int
    size: Size
    batch: int
    loop_s: list[float] = field(default_factory=list)
    raw_s: list[float] = field(default_factory=list)
    seen: int = 0
    block: int = 0
    spent: float = 0.0
    clock: float | None = None

    def step(self, **_: Any) -> None:
        """A step of the loop is done."""
        self.seen += 1
        if self.clock is not None:
            self.spent += time.perf_counter() - self.clock
            self.block += 1
        if self.seen >= WARM_UP and (self.clock is None or self.block == self.steps):
            if self.block:
                self.loop_s.append(self.spent)
            if len(self.loop_s) == self.rounds:
                raise Enough
            helpers = psutil.Process().children(recursive=True)
            for helper in helpers:
                helper.suspend()
            self.raw_s.append(seconds(lambda: [self.raw() for _ in range(self.steps)]))
            for helper in helpers:
                helper.resume()
            self.block, self.spent = 0, 0.0
        if self.seen >= WARM_UP:
            self.clock = time.perf_counter()

    def evaluating(self) -> None:
        """The clock stops until the next epoch."""
        if self.clock is not None:
            self.spent += time.perf_counter() - self.clock

    def epoch(self, *_: Any, **__: Any) -> None:
        """The clock goes on; what follows is a checkpoint, a part of the loop."""
        self.clock = None if self.clock is None else time.perf_counter()


class RawSteps:
    """Forward, backward and AdamW's step.

    Args:
        model: A network of its own, trained by nobody else.
        batches: Images and targets, one batch per step; see ``normalized``.
        optim: What the loop freezes.
    """

    def __init__(self, model: Model, batches: Iterator[tuple[Tensor, Targets]], optim: OptimConfig) -> None:
        self.model = model.to(memory_format=torch.channels_last).train()
        freeze(self.model, num_frozen(optim, len(self.model.stages()), 0), norms=bool(optim.freeze_norm))
        self.batches = batches
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)

    def __call__(self) -> Tensor:
        """One step."""
        images, targets = next(self.batches)
        loss = sum(self.model.losses(self.model(images), targets).values())
        assert isinstance(loss, Tensor)
        torch.autograd.backward(loss)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss


def normalized(plan: ImagePlan) -> Iterator[tuple[Tensor, Targets]]:
    """A plan's batches, read as they are asked for, as the network's layers take them."""
    for batch in plan.batches(start=0):
        yield plan.normalize(batch.images).contiguous(memory_format=torch.channels_last), batch.targets


def build_plan(data: Path, out: Path, settings: dict[str, Any]) -> tuple[ImagePlan, RunConfig, Run]:
    """What ``foveal train`` would build: the plan, its configuration and an empty run."""
    config = parse_config({**settings, "data": {"path": str(data), **settings.get("data", {})}}, where="benchmark")
    (catalog, _), runtime, run = open_data(config), open_runtime(config, out), Run(out / "run")
    config = resolve(config, catalog.split("train")).config
    plan = make_plan(config, catalog, runtime=runtime)
    run.create("", {}, {})
    return plan, config, run


def fill_cache(plan: ImagePlan) -> None:
    """Decode every image once, as the first epoch does."""
    for place in range(len(plan.train_set)):
        plan.images.decoded(place)


def compare(
    data: Path, *, cache: str, workers: int, rounds: int, steps: int, settings: dict[str, Any] | None = None
) -> TakingTurns:
    """Measure both sides.

    Args:
        data: Images.
        cache: ``--data.cache``.
        workers: ``--workers``.
        rounds: Blocks of each side.
        steps: Of a block.
        settings: Laid over the defaults.
    """
    base: dict[str, Any] = {"train": {"epochs": 1000}, **(settings or {})}
    with tempfile.TemporaryDirectory() as folder:
        plan, config, run = build_plan(data, Path(folder), {**base, "data": {"cache": cache, "workers": workers}})
        twin, _, _ = build_plan(data, Path(folder) / "twin", {**base, "data": {"cache": "off", "workers": 0}})
        if cache != "off":
            fill_cache(plan)
        raw = RawSteps(twin.network, cycle(list(islice(normalized(twin), IN_MEMORY))), config.optim)
        assert config.input.size is not None and config.train.batch_size is not None, "resolved"
        log = TakingTurns(raw, steps, rounds, config.input.size, config.train.batch_size)
        raw()
        with suppress(Enough):
            make_training(plan, config, run=run, log=log).fit()
        return log


def one_setting(text: str) -> dict[str, Any]:
    """``section.key=number`` as nested sections."""
    key, _, value = text.partition("=")
    section, _, name = key.partition(".")
    return {section: {name: float(value)}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where a limit is missed with the first of the worker settings."""
    parser = argparse.ArgumentParser(description="Foveal's loop on files against raw steps.")
    parser.add_argument("--data", default=IMAGENETTE, help="a folder below FOVEAL_DATA")
    parser.add_argument("--workers", type=int, nargs="+", default=[0])
    parser.add_argument("--cache", nargs="+", choices=CACHES, default=CACHES)
    parser.add_argument("--task", default="auto", help="where the data set serves several")
    parser.add_argument("--size", type=read_size, help="of the input, such as 224 or 480x352")
    parser.add_argument("--batch", type=int, help="images per step")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=NUMBER", help="such as augment.mosaic=0.5")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=4)
    options = parser.parse_args(arguments)
    missed = False
    for workers in options.workers:
        for cache in options.cache:
            log = compare(
                data_folder(options.data),
                cache=cache,
                workers=workers,
                rounds=options.rounds,
                steps=options.steps,
                settings=merge(
                    {
                        "task": options.task,
                        "input": {"size": options.size},
                        "train": {"batch_size": options.batch, "epochs": 1000},
                    },
                    *map(one_setting, options.set),
                ),
            )
            images = log.batch * options.steps
            print(
                f"{options.data}, {log.size} px, batches of {log.batch}, cache {cache}, {workers} workers,"
                f" {torch.get_num_threads()} threads:"
                f" loop {images * len(log.loop_s) / sum(log.loop_s):.1f} images/s,"
                f" raw {images * len(log.raw_s) / sum(log.raw_s):.1f} images/s; rounds"
                f" {' '.join(f'{r / f:.2f}' for r, f in zip(log.raw_s, log.loop_s, strict=True))}"
            )
            reached = verdict(f"train_speed {cache}", median_ratio(log.raw_s, log.loop_s), LIMIT)
            missed |= not reached and workers == options.workers[0]
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
