"""What a run records about itself, and prints when it starts."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from foveal.config.schema import RunConfig
from foveal.data.catalog.catalog import SPLITS, Catalog
from foveal.data.notes import plural
from foveal.engine.runtime import num_cores
from foveal.runs.data import split_sizes
from foveal.runs.identity import near
from foveal.runs.plan import ImagePlan
from foveal.version import __version__


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
    """What a run chose, as plain values."""
    taken = plan.network.taken
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
        },
        "input": {"size": config.input.size, "eval_size": config.input.eval_size},
        "epochs": plan.epochs,
        "time_s": config.train.time_s,
        "steps_per_epoch": max(1, plan.batches_per_epoch // config.optim.accumulate),
        "batch_size": plan.batch_size,
        "lr": config.optim.lr,
        "device": plan.runtime.device.type,
        "seed": config.seed,
        "metric": plan.goal.metric,
    }


def facts_in_words(facts: Mapping[str, Any]) -> dict[str, str]:
    """What a run chose besides its data, for a screen."""
    model, size, evaluated = facts["model"], facts["input"]["size"], facts["input"]["eval_size"]
    start = "pretrained" if model["pretrained"] else "random weights"
    if model["weights"] is not None:
        start = f"weights of {model['weights']}"
    return {
        "model": f"{model['backbone']}, {start}, {model['parameters'] / 1e6:.1f} M parameters",
        "input": f"{size} x {size} px" + (f", evaluated at {evaluated} x {evaluated} px" if evaluated != size else ""),
        "plan": f"{facts['epochs']} epoch{'' if facts['epochs'] == 1 else 's'} of"
        f" {plural(facts['steps_per_epoch'], 'step')} with batches of {facts['batch_size']} on {facts['device']},"
        f" seed {facts['seed']}",
        "run": facts["run"],
    }
