"""What a run records about itself, and prints when it starts."""

import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from foveal.brief import brief
from foveal.config.schema import RunConfig
from foveal.data.catalog.catalog import SPLITS, Catalog
from foveal.data.inspection.preflight import Skipped
from foveal.data.notes import listed, plural
from foveal.engine.checkpoint import State
from foveal.engine.contract import BatchT
from foveal.engine.logs.log import Log, duration
from foveal.engine.loop import Training
from foveal.engine.optim import num_frozen
from foveal.engine.parts import reached_epochs
from foveal.engine.run import Run
from foveal.ops.machine import num_cores
from foveal.report.findings.contract import Finding
from foveal.runs.data import split_sizes
from foveal.runs.evaluation import Evaluation
from foveal.runs.identity import near
from foveal.runs.plan import ImagePlan
from foveal.types.size import Size
from foveal.version import __version__

EXCEEDED = 1.05
"""Multiple of a time budget from which a run says that it took longer."""
FEW_PARAMETERS = 100_000
"""Below it they are written out."""


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
                **({} if catalog.groups is None else {"groups": catalog.split(name).num_groups}),
                "per_class": [int(n) for n in catalog.split(name).class_counts()],
            }
            for name in SPLITS
            if catalog.has(name)
        },
    }


def described(catalog: Catalog, skipped: Sequence[Skipped]) -> dict[str, Any]:
    """The contents of data.json, with the images that were left out."""
    return {**describe(catalog), **listed_skipped(skipped)}


def listed_skipped(skipped: Sequence[Skipped]) -> dict[str, Any]:
    """For JSON, where there are any."""
    return {"skipped": [one.to_dict() for one in skipped]} if skipped else {}


def told_skipped(skipped: Sequence[Skipped]) -> list[str]:
    """A note for the user, where there are any."""
    if not skipped:
        return []
    some = listed([f"{one.path} {one.reason}" for one in skipped])
    return [f"left out {plural(len(skipped), 'image')} that cannot be read: {some}"]


def trained_on(plan: ImagePlan, catalog: Catalog, skipped: Sequence[Skipped], *, fingerprint: str) -> dict[str, Any]:
    """The data set in a model's card."""
    return {
        "fingerprint": fingerprint,
        "content": catalog.content_fingerprint(),
        "images": len(plan.train_set),
        **({"skipped": [one.path for one in skipped]} if skipped else {}),
    }


def trained_in(state: State) -> dict[str, Any]:
    """The parts of a run in its model's card, where it was trained longer than first planned."""
    if not state.parts:
        return {}
    ends = reached_epochs(state.parts, state.rows[-1]["epoch"] or 0)
    return {"parts": [part.to_dict(end) for part, end in zip(state.parts, ends, strict=True)]}


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
    """What a run chose, as plain values."""
    taken, size, eval_size = plan.network.taken, config.input.size, config.input.eval_size
    stages = len(plan.network.stages())
    assert size is not None and eval_size is not None, "resolve chose them"
    return {
        "run": str(folder),
        "task": config.task,
        "data": {"path": config.data.path, "format": catalog.format, "images": split_sizes(catalog)},
        "classes": list(catalog.categories.names),
        "model": {
            "backbone": config.model.backbone,
            "pretrained": bool(plan.network.pretrained),
            "weights": None if taken is None else near(taken.origin),
            "parameters": sum(p.numel() for p in plan.network.parameters()),
            "stages": stages,
            "frozen": num_frozen(config.optim, stages, 0),
        },
        "input": {"size": size.plain, "eval_size": eval_size.plain},
        "epochs": plan.epochs,
        "time_s": config.train.time_s,
        "steps_per_epoch": max(1, plan.batches_per_epoch // config.optim.accumulate),
        "batch_size": plan.batch_size,
        "lr": config.optim.lr,
        "device": plan.runtime.device.type,
        "seed": config.seed,
        "metric": plan.goal.metric,
    }


def size_in_words(parameters: int) -> str:
    """``17,345 parameters``, ``11.7 M parameters``."""
    return f"{parameters / 1e6:.1f} M parameters" if parameters >= FEW_PARAMETERS else plural(parameters, "parameter")


def facts_in_words(facts: Mapping[str, Any]) -> dict[str, str]:
    """What a run chose besides its data, for a screen."""
    model, (size, evaluated) = facts["model"], (Size.of(facts["input"][name]) for name in ("size", "eval_size"))
    length = f"{facts['epochs']} epoch{'' if facts['epochs'] == 1 else 's'}"
    if facts["time_s"] is not None:
        length = f"{duration(facts['time_s'])}, at most {length}"
    start = "pretrained" if model["pretrained"] else "random weights"
    if model["weights"] is not None:
        start = f"weights of {model['weights']}"
    frozen = f", {model['frozen']} of {plural(model['stages'], 'stage')} frozen" if model["frozen"] else ""
    return {
        "model": f"{model['backbone']}, {start}, {size_in_words(model['parameters'])}{frozen}",
        "input": size.in_px + (f", evaluated at {evaluated.in_px}" if evaluated != size else ""),
        "plan": f"{length} of {plural(facts['steps_per_epoch'], 'step')} with batches of {facts['batch_size']}"
        f" on {facts['device']}, seed {facts['seed']}",
        "run": facts["run"],
    }


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
        best_epoch: The epoch that was kept; 0: the fitted head, or the given model, without fine-tuning.
        kept: Why that one, in words, where it is not plain.
        seconds: Since the command's start, resumed parts included.
    """

    ended: str
    why: str
    epochs: int
    best_epoch: int
    kept: str
    seconds: float

    __repr__ = brief

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


def ending(training: Training[BatchT], evaluation: Evaluation, metric: str, *, given: bool = False) -> Ended:
    """How a run ended.

    Args:
        training: What has ended.
        evaluation: Of the epoch that was kept.
        metric: The headline.
        given: Whether epoch 0 is a given model.
    """
    state, kept = training.state, ""
    if evaluation.results.metrics[metric].value != evaluation.results.metrics[metric].value:
        loss = "train loss" if training.plan.goal.tie_break is None else "validation loss"
        kept = f"{metric.replace('_', ' ')} could not be computed: the epoch with the least {loss} was kept"
    elif state.best_epoch == 0:
        kept = f"the {'given model' if given else 'fitted head'} without fine-tuning was best"
    epochs = int(state.rows[-1]["epoch"] or 0)
    return Ended(state.ended, training.reason, epochs, state.best_epoch, kept, round(training.clock.elapsed_s, 1))


def starts_as_given(plan: ImagePlan) -> bool:
    """Whether epoch 0 is the model that ``--model.weights`` names, and not a head fitted to pretrained features."""
    taken = plan.network.taken
    return taken is not None and bool(taken.known) and not taken.new


def exceeded(training: Training[BatchT]) -> list[str]:
    """A note, where a run took clearly longer than its time budget."""
    budget_s, elapsed_s = training.train.time_s, training.clock.elapsed_s - training.state.part.from_s
    if budget_s is None or elapsed_s <= EXCEEDED * budget_s:
        return []
    return [f"the time budget of {budget_s:.0f} s was exceeded: it took {elapsed_s:.0f} s, start and report included"]


@contextmanager
def told_to_the_end(training: Training[BatchT], run: Run, log: Log) -> Iterator[None]:
    """Close the log whatever ends training; Ctrl-C is told to ``--json`` too."""
    try:
        yield
    except KeyboardInterrupt:
        log.close()
        if training.runtime.is_main:
            log.finish({"run": str(run.folder), "metrics": {}, "ended": "interrupted", "why": training.reason})
        raise
    finally:
        log.close()


def last_words(
    run: Run, document: Mapping[str, object], findings: Iterable[Finding], ended: Ended
) -> dict[str, object]:
    """What ``--json`` says at the end: paths, the numbers but for those of each class, findings, why it ended."""
    paths = {"run": str(run.folder), "model": str(run.model), "report": str(run.report)}
    told = {key: value for key, value in document.items() if key not in ("per_class", "training")}
    return {**paths, **told, "findings": [finding.to_dict() for finding in findings], **ended.to_dict()}
