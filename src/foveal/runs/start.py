"""From a RunConfig to a finished run."""

import json
import platform
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from foveal.artifact.card import Card
from foveal.config.files import read_config, to_toml
from foveal.config.schema import RunConfig
from foveal.data.catalog.catalog import SPLITS, Catalog
from foveal.data.catalog.split import with_splits
from foveal.data.inspection.preflight import check_readable
from foveal.data.loading.cache import disk_folder, make_cache
from foveal.data.loading.loader import TrainingImages, load_batches
from foveal.data.loading.order import Order, derive
from foveal.data.loading.statistics import channel_statistics, fit_whitening, sample_images
from foveal.data.outside import INSIDE, check_outside, lies_inside
from foveal.engine.evaluate import Evaluation, to_dict, write_predictions
from foveal.engine.finish import finish
from foveal.engine.log import Log
from foveal.engine.loop import Plan, Training
from foveal.engine.run import Run
from foveal.engine.runtime import Runtime, num_cores
from foveal.engine.warm_start import warm_start
from foveal.errors import RunError
from foveal.imaging.input_spec import InputSpec
from foveal.inference.predictor import Predictor
from foveal.models.weights import input_statistics
from foveal.runs.data import read_data
from foveal.runs.report import write_run_report
from foveal.runs.resolve import resolve
from foveal.tasks.table import get_task
from foveal.version import __version__

FREE_TO_CHANGE = ("data.path", "data.workers", "data.cache", "data.cache_dir", "runtime.device", "runtime.tracker")
"""What a resumed run may do otherwise, because the result does not depend on it."""


@dataclass(frozen=True)
class Trained:
    """A finished run.

    Attributes:
        folder: The run's folder.
        model: The model, ready to predict.
        evaluation: The verdict on the validation split.
    """

    folder: Path
    model: Predictor
    evaluation: Evaluation


def start(config: RunConfig, *, out: Path, log: Log) -> Trained | None:
    """Train from the beginning.

    Raises:
        FovealError: Bad data, configuration or output folder.
    """
    check_cache(config)
    catalog = with_splits(read_data(config), val_fraction=config.data.val_fraction, seed=config.seed)
    check_readable(catalog, path=config.data.path)
    runtime = Runtime(config.runtime, log_dir=out, thaws=config.optim.unfreeze_every > 0)
    resolved = resolve(anchored(config), catalog.split("train"), world=runtime.world)
    chosen = resolved.config
    plan = make_plan(chosen, catalog, runtime=runtime, run=Run(out), log=log)
    if runtime.is_main:
        plan.run.create(to_toml(chosen), describe(catalog), environment())
    runtime.wait()
    if runtime.is_main:
        log.start(facts(chosen, catalog, plan))
        inside = [INSIDE.format(out)] if lies_inside(out, Path(config.data.path)) else []
        for note in (*catalog.notes, *resolved.notes, *inside):
            log.note(note)
    warm_start(plan, getattr(chosen, chosen.task))
    return complete(plan, chosen, catalog, saved=None)


def resume(folder: Path, *, changes: RunConfig | None, log: Log) -> Trained | None:
    """Go on with a run that was stopped.

    Args:
        folder: The run's folder.
        changes: What the command line asks for; only what does not change the result may differ.
        log: What the run says.

    Returns:
        The finished run; None in a process that only helped.

    Raises:
        RunError: Not a run, finished already, or the configuration or the data set has changed.
    """
    run = Run(folder)
    if not run.config.is_file():
        raise RunError(f"{folder}: not a run (it has no config.toml).", "Name a folder that `foveal train` made.")
    config = unchanged(read_config(run.config), None if changes is None else anchored(changes), folder)
    if not Path(config.data.path).exists():
        raise RunError(
            f"{config.data.path}: the data set that {folder} was started on is not there.",
            f"Say where it is now: foveal train DATA --resume {shlex.quote(str(folder))}",
        )
    check_cache(config)
    catalog = with_splits(read_data(config), val_fraction=config.data.val_fraction, seed=config.seed)
    known, found = run.read_json("data.json"), describe(catalog)
    if known["fingerprint"] != found["fingerprint"]:
        raise RunError(
            f"{config.data.path}: the data set is not the one that {folder} was started on"
            f" ({known['images']} images then, {found['images']} now, or other bytes or labels).",
            "Restore the data set, or start a new run with --out.",
        )
    saved = run.load_state()
    if saved and saved["config"] != config_key(config):
        raise RunError(
            f"{run.config}: changed since the run was stopped.",
            "Restore it, or start a new run with --config and --out.",
        )
    if saved and saved["finished"]:
        raise RunError(
            f"{folder}: this run is finished; there is nothing to resume.",
            f"Use its model: foveal evaluate {shlex.quote(str(folder))} DATA",
        )
    runtime = Runtime(config.runtime, log_dir=folder, thaws=config.optim.unfreeze_every > 0)
    plan = make_plan(config, catalog, runtime=runtime, run=run, log=log)
    if runtime.is_main:
        log.start(facts(config, catalog, plan))
    if saved is None:
        warm_start(plan, getattr(config, config.task))
    return complete(plan, config, catalog, saved=saved)


def make_plan(config: RunConfig, catalog: Catalog, *, runtime: Runtime, run: Run, log: Log) -> Plan:
    """Build everything a run needs."""
    torch.manual_seed(derive(config.seed, 0))
    task, own = get_task(config.task), getattr(config, config.task)
    train_set, val_set = catalog.split("train"), catalog.split("val")
    options = task.options(own, catalog)
    for part in (train_set, val_set):
        task.accept(part, options)
    spec = input_spec(config, train_set)
    model = task.build(config.model, own, catalog.categories, options, pretrained=config.model.weights != "none")
    task.criterion(model, own, train_set)
    assert config.train.batch_size is not None, "resolve chose it"
    assert config.train.epochs is not None, "resolve chose it"
    assert config.data.workers is not None, "resolve chose it"
    order = Order(
        len(train_set),
        config.train.batch_size,
        seed=config.seed,
        weights=task.sampling_weights(train_set) if config.data.sampling == "balanced" else None,
    )
    images = TrainingImages(
        train_set,
        task.augment(config.augment, spec, own),
        seed=config.seed,
        min_side=round(spec.train_size / config.augment.crop_scale**0.5),
        cache=make_cache(config.data.cache, len(train_set), folder=config.data.cache_dir, workers=config.data.workers),
    )
    card = Card.model_validate(
        {
            "task": task.name,
            "classes": catalog.categories.to_dict(),
            "input": spec,
            "model": {**config.model.model_dump(), "weights": Path(config.model.weights).name},
            "own": own.model_dump(),
            "decode": options.model_dump(),
            "split": {"seed": config.seed, "val_fraction": config.data.val_fraction},
        }
    )
    return Plan(
        task=task,
        model=model,
        card=card,
        train_set=train_set,
        val_set=val_set,
        batches=partial(
            load_batches, images, order, workers=config.data.workers, pin_memory=runtime.device.type == "cuda"
        ),
        mix=partial(task.mix, config.augment, categories=catalog.categories),
        batches_per_epoch=order.batches_per_epoch,
        epochs=config.train.epochs,
        seed=config.seed,
        optim=config.optim,
        schedule=config.schedule,
        train=config.train,
        runtime=runtime,
        run=run,
        log=log,
        config_key=config_key(config),
    )


def complete(plan: Plan, config: RunConfig, catalog: Catalog, *, saved: Mapping[str, Any] | None) -> Trained | None:
    """Train, calibrate, evaluate and report.

    Returns:
        The finished run; None in a process that only helped.
    """
    plan.runtime.open_tracker()
    training = Training(plan, saved)
    try:
        training.fit(eval_first=plan.task.probe(plan.model, getattr(config, config.task)) is not None)
    finally:
        plan.log.close()
    if not plan.runtime.is_main:
        plan.runtime.wait()
        return None
    data = {
        "fingerprint": plan.run.read_json("data.json")["fingerprint"],
        "content": catalog.content_fingerprint(),
        "images": len(plan.train_set),
    }
    predictor, evaluation = finish(plan, data=data, versions=versions())
    plan.run.write_json("metrics.json", to_dict(evaluation, plan.task.name))
    write_predictions(plan.run.folder / "predictions.csv", evaluation, predictor)
    write_run_report(plan.run, config, catalog, training.state, predictor, evaluation)
    training.close()
    metrics = {name: i.value for name, i in evaluation.results.metrics.items() if i.value == i.value}
    plan.log.finish({"run": str(plan.run.folder), "model": str(plan.run.model), "metrics": metrics})
    plan.runtime.wait()
    return Trained(plan.run.folder, predictor, evaluation)


def input_spec(config: RunConfig, train_set: Catalog) -> InputSpec:
    """The preparation, with statistics of the backbone's weights or of the training split."""
    chosen = config.input
    assert chosen.size is not None, "resolve chose it"
    assert chosen.eval_size is not None, "resolve chose it"
    spec = InputSpec(
        size=chosen.eval_size,
        train_size=chosen.size,
        fit=chosen.fit,
        crop_fraction=chosen.crop_fraction,
        interpolation=chosen.interpolation,
    )
    if chosen.normalize == "backbone":
        mean, std = input_statistics(config.model.backbone)
        return spec.model_copy(update={"mean": mean, "std": std})
    images = sample_images(train_set, spec)
    if chosen.normalize == "dataset":
        mean, std = channel_statistics(images)
        return spec.model_copy(update={"mean": mean, "std": std})
    whitening = fit_whitening(images, kind=chosen.normalize, patch=chosen.whitening_patch)
    return spec.model_copy(update={"whitening": whitening})


def check_cache(config: RunConfig) -> None:
    """Refuse a disk cache in the data set.

    Raises:
        RunError: It would lie there.
    """
    if config.data.cache == "disk":
        check_outside(disk_folder(config.data.cache_dir), Path(config.data.path), option="--data.cache-dir")


def anchored(config: RunConfig) -> RunConfig:
    """The same with full paths where files are named, so that the run goes on from any folder."""
    data, model = config.data, config.model
    if data.path:
        data = data.model_copy(update={"path": str(Path(data.path).resolve())})
    if Path(data.classes).is_file():
        data = data.model_copy(update={"classes": str(Path(data.classes).resolve())})
    if Path(model.weights).is_file() and model.weights not in ("auto", "none"):
        model = model.model_copy(update={"weights": str(Path(model.weights).resolve())})
    return config.model_copy(
        update={name: new for name, new in (("data", data), ("model", model)) if new is not getattr(config, name)}
    )


def unchanged(config: RunConfig, changes: RunConfig | None, folder: Path) -> RunConfig:
    """The run's configuration with the changes that are allowed.

    Raises:
        RunError: A change would make another run of it; the message names the key.
    """
    if changes is None:
        return config
    values = config.model_dump()
    for key, new in flat(changes.model_dump(exclude_unset=True)).items():
        section, _, name = key.rpartition(".")
        place = values[section] if section else values
        if place[name] != new and key not in FREE_TO_CHANGE:
            raise RunError(
                f"{folder}: {key} is {place[name]!r} in this run and {new!r} on the command line.",
                "Resume without it, or start a new run with --out.",
            )
        place[name] = new
    return RunConfig.model_validate(values)


def config_key(config: RunConfig) -> str:
    """All values that the result depends on, as text."""
    values = flat(config.model_dump())
    return json.dumps({key: value for key, value in values.items() if key not in FREE_TO_CHANGE}, sort_keys=True)


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Nested sections with dotted keys."""
    out: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            out.update({f"{key}.{name}": inner for name, inner in flat(value).items()})
        else:
            out[key] = value
    return out


def describe(catalog: Catalog) -> dict[str, Any]:
    """What data.json says."""
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
    """Versions of what the result depends on."""
    found = {"foveal": __version__, "python": platform.python_version()}
    for package in ("torch", "torchvision", "timm", "accelerate", "numpy", "pillow", "simplejpeg", "cykooz-resizer"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def environment() -> dict[str, Any]:
    """What environment.json says."""
    return {
        "versions": versions(),
        "platform": platform.platform(),
        "cores": num_cores(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def facts(config: RunConfig, catalog: Catalog, plan: Plan) -> dict[str, Any]:
    """What a run says of itself when it starts."""
    splits = ", ".join(f"{len(catalog.split(name)):,} {name}" for name in SPLITS if catalog.has(name))
    names = catalog.categories.names
    shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    parameters = sum(p.numel() for p in plan.model.parameters()) / 1e6
    start = "pretrained" if plan.model.pretrained else "from random weights"
    size, evaluated = config.input.size, config.input.eval_size
    return {
        "data": f"{near(config.data.path)}  ({catalog.format.replace('_', ' ')}: {splits})",
        "classes": f"{len(names)}  ({shown})",
        "model": f"{config.model.backbone}, {start}, {parameters:.1f} M parameters",
        "input": f"{size} x {size} px" + (f", evaluated at {evaluated} x {evaluated} px" if evaluated != size else ""),
        "plan": f"{plan.epochs} epochs of {plan.batches_per_epoch} batches of {config.train.batch_size}"
        f" on {plan.runtime.device.type}, seed {config.seed}",
        "run": str(plan.run.folder),
    }


def near(path: str) -> str:
    """A full path as it is said from here."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path
