"""Runs attempts, each in a process of its own, and reads what they found. No torch."""

import json
import math
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from foveal.errors import ConfigError, TrainingError
from foveal.ops.lack import NO_MEMORY
from foveal.tune.finders.memory import Memory

ATTEMPT = "foveal.tune.finders.attempt"
KILLED = -9
State = Literal["measured", "too_large", "out_of_memory", "not_tried", "no_time"]


@dataclass(frozen=True)
class Chosen:
    """What a run with these settings uses.

    Attributes:
        task: The task.
        batch_size: Images per batch.
        accumulate: Batches per step.
        images: Training images.
        size: Of the input in pixels: the side of a square, or [width, height].
        backbone: The network.
        lr: Learning rate.
        adapt_lr: Whether a fitted head lowers it.
        optimizer: Name.
        device: ``cpu`` or ``cuda``.
        device_name: For a person.
        threads: Of torch.
        workers: Processes that load images.
        torch: Its version.
    """

    task: str
    batch_size: int
    accumulate: int
    images: int
    size: int | list[int]
    backbone: str
    lr: float
    adapt_lr: bool
    optimizer: str
    device: str
    device_name: str
    threads: int
    workers: int
    torch: str


@dataclass(frozen=True)
class Attempt:
    """One batch size.

    Attributes:
        batch_size: Images per batch.
        state: ``measured``: it fits; ``too_large``: it ran, but leaves too little memory; ``out_of_memory``: it did
            not run; ``not_tried``: it would not fit, by the others; ``no_time``: it was stopped by the time limit.
        images_per_s: Speed of the steps; NaN where none was measured.
        step_s: Seconds per step; NaN likewise.
        memory: Of the host and, on a GPU, of the device.
    """

    batch_size: int
    state: State
    images_per_s: float = math.nan
    step_s: float = math.nan
    memory: tuple[Memory, ...] = ()

    @property
    def fullest(self) -> Memory | None:
        """The memory of which the least is left."""
        return max(self.memory, key=lambda one: one.most_bytes / max(1, one.limit_bytes), default=None)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        known = self.state in ("measured", "too_large")
        return {
            "batch_size": self.batch_size,
            "state": self.state,
            "images_per_s": self.images_per_s if known else None,
            "step_s": self.step_s if known else None,
            "memory": [one.to_dict() for one in self.memory],
        }


def attempt(
    asked: Mapping[str, object], batch_size: int | None, limit_s: float | None = None
) -> tuple[Chosen | None, Attempt]:
    """Take a few steps with a batch size.

    Args:
        asked: ``data``, ``recipe`` and ``settings`` of the run.
        batch_size: Images per batch; None: the default.
        limit_s: Seconds after which it is stopped; None: never.

    Returns:
        What the run uses, None where it ended before that was known, and the attempt; its batch size is 0 where it is
        the default and not known.

    Raises:
        ConfigError: A run would be refused as well; the message is the same.
        TrainingError: It ended by another error; the message holds its last line.
    """
    text = json.dumps({**asked, "batch_size": batch_size})
    command = [sys.executable, "-m", ATTEMPT]
    try:
        done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return None, Attempt(batch_size or 0, "no_time")
    events = {line.pop("event"): line for line in map(json.loads, done.stdout.splitlines())}
    if (refused := events.get("refused")) is not None:
        raise ConfigError(refused["what"], refused["hint"])
    chosen = Chosen(**events["chosen"]) if "chosen" in events else None
    size = batch_size or (0 if chosen is None else chosen.batch_size)
    if (measured := events.get("measured")) is not None:
        memory = tuple(Memory(**one) for one in measured["memory"])
        found = Attempt(size, "measured", measured["images_per_s"], measured["step_s"], memory)
        return chosen, found if all(one.fits for one in memory) else replace(found, state="too_large")
    lack = done.returncode == KILLED or any(words in done.stderr for words in NO_MEMORY)
    if "out_of_memory" in events or lack:
        return chosen, Attempt(size, "out_of_memory")
    last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    raise TrainingError(
        f"The attempt with batches of {size or 'the default size'} ended with an error: {last}",
        "Find out more with: foveal train, the same data and settings, and --epochs 1.",
    )
