"""What a run records about itself, and prints when it starts."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from foveal.config.schema import RunConfig
from foveal.data.catalog.catalog import SPLITS, Catalog
from foveal.engine.runtime import num_cores
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
                **({} if catalog.groups is None else {"groups": catalog.split(name).num_groups}),
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
