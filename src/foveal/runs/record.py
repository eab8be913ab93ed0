"""What a run records about itself, and prints when it starts."""

import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from foveal.config.schema import RunConfig
from foveal.data.catalog.catalog import SPLITS, Catalog
from foveal.engine.loop import Training
from foveal.engine.run import Run
from foveal.engine.runtime import num_cores
from foveal.runs.evaluation import Evaluation
from foveal.runs.plan import ImagePlan
from foveal.types.samples import Batch
from foveal.version import __version__

EXCEEDED = 1.05
"""Multiple of a time budget from which a run says that it took longer."""


def describe(catalog: Catalog) -> dict[str, Any]:
    """The contents of data.json."""
    return {
        "path": str(catalog.root),
        "format": catalog.format,
        "fingerprint": catalog.fingerprint(),
        "images": len(catalog),
        "classes": list(catalog.categories.names),
        "splits": {
            name: {
                "images": len(catalog.split(name)),
                "per_class": [int(n) for n in catalog.split(name).class_counts()],
            }
            for name in SPLITS
            if catalog.has(name)
        },
    }


def versions() -> dict[str, str]:
    """Versions of the libraries that the result depends on."""
    found = {"foveal": __version__, "python": platform.python_version()}
    for package in ("torch", "torchvision", "timm", "accelerate", "numpy", "pillow", "simplejpeg", "cykooz-resizer"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def environment() -> dict[str, Any]:
    """The contents of environment.json."""
    return {
        "versions": versions(),
        "platform": platform.platform(),
        "cores": num_cores(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def facts(config: RunConfig, catalog: Catalog, plan: ImagePlan, folder: Path) -> dict[str, Any]:
    """The facts printed when a run starts."""
    splits = ", ".join(f"{len(catalog.split(name)):,} {name}" for name in SPLITS if catalog.has(name))
    names = catalog.categories.names
    shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    parameters = sum(p.numel() for p in plan.network.parameters()) / 1e6
    start = "pretrained" if plan.network.pretrained else "random weights"
    size, evaluated = config.input.size, config.input.eval_size
    return {
        "data": f"{near(config.data.path)}  ({catalog.format.replace('_', ' ')}: {splits})",
        "classes": f"{len(names)}  ({shown})",
        "model": f"{config.model.backbone}, {start}, {parameters:.1f} M parameters",
        "input": f"{size} x {size} px" + (f", evaluated at {evaluated} x {evaluated} px" if evaluated != size else ""),
        "plan": f"{plan.epochs} epochs of {plan.batches_per_epoch} batches of {plan.batch_size}"
        f" on {plan.runtime.device.type}, seed {config.seed}",
        "run": str(folder),
    }


def near(path: str) -> str:
    """A path relative to the working directory, if inside it."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def undefined_headline(plan: ImagePlan) -> list[str]:
    """A note, where the headline metric cannot be computed because no validation image has a class."""
    if plan.val_set.class_counts().sum():
        return []
    loss = "train loss" if plan.goal.tie_break is None else "validation loss"
    metric = plan.task_goal.metric.replace("_", " ")
    return [f"no validation image has a class: {metric} cannot be computed; the epoch with the least {loss} is kept"]


@dataclass(frozen=True)
class Ended:
    """How training ended, and which epoch was kept.

    Attributes:
        ended: Why, as an ``engine.ending.Ending``.
        why: The same in words.
        epochs: Epochs that were evaluated last.
        best_epoch: The epoch that was kept; 0: the fitted head without fine-tuning.
        kept: Why that one, in words, where it is not plain.
        seconds: Since the command's start, resumed parts included.
    """

    ended: str
    why: str
    epochs: int
    best_epoch: int
    kept: str
    seconds: float

    @property
    def best(self) -> str:
        """The epoch that was kept, for the page."""
        words = self.kept.removesuffix(" was best")
        return f"{self.best_epoch}" + (f" ({words})" if words else "")

    @property
    def notes(self) -> list[str]:
        """For the screen."""
        return [self.why, *([self.kept] if self.kept else [])]

    def to_dict(self) -> dict[str, object]:
        """For ``--json`` and metrics.json."""
        return asdict(self)


def ending(training: Training[Batch], evaluation: Evaluation, metric: str) -> Ended:
    """How a run ended."""
    state, kept = training.state, ""
    if evaluation.results.metrics[metric].value != evaluation.results.metrics[metric].value:
        loss = "train loss" if training.plan.goal.tie_break is None else "validation loss"
        kept = f"{metric.replace('_', ' ')} could not be computed: the epoch with the least {loss} was kept"
    elif state.best_epoch == 0:
        kept = "the fitted head without fine-tuning was best"
    epochs = int(state.rows[-1]["epoch"] or 0)
    return Ended(state.ended, training.reason, epochs, state.best_epoch, kept, round(training.clock.elapsed_s, 1))


def exceeded(training: Training[Batch]) -> list[str]:
    """A note, where a run took clearly longer than its time budget."""
    budget_s, elapsed_s = training.train.time_s, training.clock.elapsed_s
    if budget_s is None or elapsed_s <= EXCEEDED * budget_s:
        return []
    return [f"the time budget of {budget_s:.0f} s was exceeded: it took {elapsed_s:.0f} s, start and report included"]


def interrupted(run: Run, training: Training[Batch]) -> dict[str, object]:
    """The last words of a run that Ctrl-C stopped, for ``--json``."""
    return {"run": str(run.folder), "metrics": {}, "ended": "interrupted", "why": training.reason}
