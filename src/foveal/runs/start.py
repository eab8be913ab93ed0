"""From a RunConfig to a finished run: start one, or resume a stopped one."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from foveal.config.files import read_config, to_toml
from foveal.config.schema import RunConfig
from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.split import with_splits
from foveal.data.inspection.preflight import check_readable
from foveal.data.loading.cache import disk_folder
from foveal.data.outside import INSIDE, check_outside, lies_inside
from foveal.engine.checkpoint import Checkpoint, load_checkpoint
from foveal.engine.log import Log
from foveal.engine.loop import Training
from foveal.engine.run import Run
from foveal.engine.runtime import Runtime
from foveal.errors import RunError
from foveal.inference.predictor import Predictor
from foveal.inference.process_tuning import keep_pages
from foveal.runs.data import read_data
from foveal.runs.evaluation import Evaluation, to_dict, write_predictions
from foveal.runs.finish import finish
from foveal.runs.identity import anchored, check_data_is_there, check_same_data, config_key, unchanged
from foveal.runs.plan import ImagePlan, make_plan
from foveal.runs.record import describe, environment, facts, versions
from foveal.runs.report.run import write_run_report
from foveal.runs.report.tracking import open_tracker
from foveal.runs.resolve import resolve
from foveal.runs.warm_start import warm_start
from foveal.types.samples import Batch


@dataclass(frozen=True)
class Trained:
    """A finished run.

    Attributes:
        folder: The run's folder.
        model: The model, ready to predict.
        evaluation: The results on the validation split.
    """

    folder: Path
    model: Predictor
    evaluation: Evaluation


def start(config: RunConfig, *, out: Path, log: Log) -> Trained | None:
    """Train from the beginning.

    Returns:
        The finished run; None in other processes than the first.

    Raises:
        FovealError: Bad data, configuration or output folder.
    """
    catalog = open_data(config)
    check_readable(catalog, path=config.data.path)
    runtime = open_runtime(config, out)
    resolved = resolve(anchored(config), catalog.split("train"), world=runtime.world)
    chosen, run = resolved.config, Run(out)
    plan = make_plan(chosen, catalog, runtime=runtime)
    if runtime.is_main:
        run.create(to_toml(chosen), describe(catalog), environment())
    runtime.wait()
    if runtime.is_main:
        log.start(facts(chosen, catalog, plan, out))
        inside = [INSIDE.format(out)] if lies_inside(out, Path(config.data.path)) else []
        for note in (*catalog.notes, *resolved.notes, *inside):
            log.note(note)
    warm_start(plan, log)
    return complete(plan, chosen, catalog, run=run, log=log, saved=None)


def resume(folder: Path, *, changes: RunConfig | None, log: Log) -> Trained | None:
    """Resume a stopped run.

    Args:
        folder: The run's folder.
        changes: Settings of the command line; only those that do not affect the result may differ.
        log: Progress output.

    Returns:
        The finished run; None in other processes than the first.

    Raises:
        RunError: Not a run folder, complete already, or the configuration or the data set has changed.
    """
    run = Run(folder)
    if not run.config.is_file():
        raise RunError(f"{folder}: not a run folder (no config.toml).", "Name a folder that `foveal train` created.")
    config = unchanged(read_config(run.config), None if changes is None else anchored(changes), folder)
    check_data_is_there(config, folder)
    catalog = open_data(config)
    check_same_data(run.read_json("data.json"), describe(catalog), config, folder)
    saved = load_checkpoint(run.checkpoint)
    if saved and saved.key != config_key(config):
        raise RunError(
            f"{run.config}: changed since the run was stopped.",
            "Restore it, or start a new run with --config and --out.",
        )
    if saved and saved.finished:
        raise RunError(
            f"{folder}: this run is complete; there is nothing to resume.",
            f"Use its model: foveal evaluate {shlex.quote(str(folder))} DATA",
        )
    runtime = open_runtime(config, folder)
    plan = make_plan(config, catalog, runtime=runtime)
    if runtime.is_main:
        log.start(facts(config, catalog, plan, folder))
    if saved is None:
        warm_start(plan, log)
    return complete(plan, config, catalog, run=run, log=log, saved=saved)


def complete(
    plan: ImagePlan, config: RunConfig, catalog: Catalog, *, run: Run, log: Log, saved: Checkpoint | None
) -> Trained | None:
    """Train, calibrate, evaluate and report.

    Returns:
        The finished run; None in other processes than the first.
    """
    runtime = plan.runtime
    open_tracker(plan, config)
    training = make_training(plan, config, run=run, log=log, saved=saved)
    try:
        training.fit(eval_first=plan.task.probe(plan.network) is not None)
    finally:
        log.close()
    if not runtime.is_main:
        runtime.wait()
        return None
    data = {
        "fingerprint": run.read_json("data.json")["fingerprint"],
        "content": catalog.content_fingerprint(),
        "images": len(plan.train_set),
    }
    predictor, evaluation = finish(plan, run.model, data=data, versions=versions())
    run.write_json("metrics.json", to_dict(evaluation, config.task))
    write_predictions(run.folder / "predictions.csv", evaluation, predictor)
    findings = write_run_report(run, config, catalog, training.state, predictor, evaluation, plan)
    training.close()
    metrics = {name: i.value for name, i in evaluation.results.metrics.items() if i.value == i.value}
    found = [finding.to_dict() for finding in findings]
    log.finish({"run": str(run.folder), "model": str(run.model), "metrics": metrics, "findings": found})
    runtime.wait()
    return Trained(run.folder, predictor, evaluation)


def make_training(
    plan: ImagePlan, config: RunConfig, *, run: Run, log: Log, saved: Checkpoint | None = None
) -> Training[Batch]:
    """The training loop over a plan, with the configuration's settings."""
    return Training(
        plan,
        optim=config.optim,
        schedule=config.schedule,
        train=config.train,
        runtime=plan.runtime,
        run=run,
        log=log,
        key=config_key(config),
        saved=saved,
    )


def open_data(config: RunConfig) -> Catalog:
    """The data set with a training and a validation split.

    Raises:
        RunError: The disk cache would lie inside it.
        DataError: It cannot be read.
    """
    if config.data.cache == "disk":
        check_outside(disk_folder(config.data.cache_dir), Path(config.data.path), option="--data.cache-dir")
    return with_splits(read_data(config), val_fraction=config.data.val_fraction, seed=config.seed)


def open_runtime(config: RunConfig, folder: Path) -> Runtime:
    """Device, precision and processes of a run.

    Raises:
        ConfigError: A GPU is requested but not available.
    """
    if config.runtime.keep_pages:
        keep_pages()
    return Runtime(config.runtime, log_dir=folder, unfreezes=config.optim.unfreeze_every > 0)
