"""``foveal tune --find batch``: the smallest batch that is about as fast as any that fits into memory. No torch.

Each batch size is tried in a process of its own, so that one that does not fit ends nothing but itself, and what one
left behind cannot make the next one fail.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foveal.brief import brief
from foveal.config.schema import RunConfig, merge
from foveal.data.notes import plural
from foveal.errors import ConfigError
from foveal.runs.streams.settings import stream_task
from foveal.runs.train import check_installed, configured
from foveal.tune.finders.attempts import Attempt, Chosen, attempt
from foveal.tune.finders.choice import Rule, choose, scaled, scaling_rule
from foveal.tune.finders.command import train_command
from foveal.tune.finders.memory import KEPT
from foveal.tune.finders.search import Search, Try
from foveal.types.progress import Progress, silent

FEW_STEPS = 8
"""An epoch of fewer steps than this leaves little to learn from."""


@dataclass(frozen=True)
class BatchFound:
    """What was found.

    Attributes:
        data: The data set as the user named it.
        default: What a run without it would use.
        tries: Every batch size, by size.
        best: The one to use; None: none fits.
        lr: Learning rate for it.
        rule: How it was scaled.
        command: What to run.
        notes: Limits and what was cut short.
        seconds: Duration of the search.
    """

    data: str
    default: Chosen
    tries: Sequence[Attempt]
    best: Attempt | None
    lr: float
    rule: Rule
    command: str
    notes: Sequence[str]
    seconds: float

    __repr__ = brief

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of ``--json``."""
        default = self.default
        return {
            "find": "batch",
            "data": self.data,
            "task": default.task,
            "device": default.device,
            "device_name": default.device_name,
            "images": default.images,
            "memory_kept": KEPT,
            "tries": [one.to_dict() for one in self.tries],
            "default": {"batch_size": default.batch_size, "lr": default.lr, "optimizer": default.optimizer},
            "batch_size": None if self.best is None else self.best.batch_size,
            "lr": None if self.best is None else self.lr,
            "lr_rule": self.rule,
            "command": self.command if self.best is not None else None,
            "notes": list(self.notes),
            "seconds": round(self.seconds, 1),
        }


def find_batch(
    data: str | Path,
    *,
    recipe: str | None = None,
    settings: Sequence[Mapping[str, object]] = (),
    time_s: float | None = None,
    progress: Progress = silent,
    attempt_one: Try = attempt,
) -> BatchFound:
    """Find a batch size.

    Args:
        data: As for ``train``.
        recipe: As for ``train``.
        settings: As for ``train``; a learning rate among them is scaled.
        time_s: Seconds that the search may take; None: as it needs.
        progress: Called as the work goes on.
        attempt_one: What tries one batch size.

    Raises:
        FovealError: A run with these settings would be refused, or time is over before anything is measured.
    """
    began, given = time.monotonic(), merge({}, *settings)
    check_image_run(data, recipe, [given], what="--find batch finds a batch size")
    if "batch_size" in section(given, "train"):
        raise ConfigError("--find batch looks for the batch size.", "Leave out --train.batch-size.")
    asked = {"data": str(data), "recipe": recipe, "settings": given}
    search = Search(asked, attempt_one, progress, began, time_s)
    search.run()
    default, best = search.default, choose(search.tries)
    rule = scaling_rule(default.optimizer)
    lr = default.lr if best is None else scaled(default.lr, best.batch_size / default.batch_size, rule)
    found: dict[str, object] = {}
    if best is not None and best.batch_size != default.batch_size:
        found = {"train": {"batch_size": best.batch_size}, "optim": {"lr": lr}}
        if default.adapt_lr:
            found["optim"] = {"lr": lr, "adapt_lr": True}
    larger = best is not None and best.batch_size > default.batch_size
    if best is not None and larger and default.images // best.batch_size < FEW_STEPS:
        steps = plural(default.images // best.batch_size, "step")
        search.notes.append(f"an epoch has only {steps} with it: it may need more epochs (--epochs)")
    command = train_command(str(data), recipe=recipe, settings=given, found=found)
    tries = sorted(search.tries, key=lambda one: one.batch_size)
    return BatchFound(str(data), default, tries, best, lr, rule, command, search.notes, time.monotonic() - began)


def check_image_run(
    data: str | Path, recipe: str | None, settings: Sequence[Mapping[str, object]], *, what: str
) -> RunConfig:
    """The settings of a run on images by one process.

    Args:
        data: As for ``train``.
        recipe: As for ``train``.
        settings: As for ``train``.
        what: What is asked for, for the message.

    Raises:
        ConfigError: They are not; or a bad recipe or setting.
        MissingExtraError: What training needs is not installed.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise ConfigError("foveal tune works in one process.", "Run it without torchrun.")
    if not data:
        raise ConfigError("No data set is given.", "Name a folder of images: foveal tune IMAGES/ ...")
    config, _, _ = configured(data, recipe=recipe, layers=settings, out=Path("not-written"))
    if stream_task(config) is not None:
        raise ConfigError(
            f"{what} for images, and {data} is a text or a series.",
            "Search the rate: foveal tune DATA --tune optim.lr",
        )
    check_installed("tune")
    return config


def section(settings: Mapping[str, object], name: str) -> Mapping[str, object]:
    """One of the nested sections; empty where it is not given."""
    found = settings.get(name)
    return found if isinstance(found, Mapping) else {}
