"""From a RunConfig to a finished run: start one, or resume a stopped one."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foveal.artifact.atomic import write_atomic
from foveal.artifact.given import given_card
from foveal.config.files import read_config, to_toml
from foveal.config.schema import RunConfig
from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.looks import looks_kept_in
from foveal.data.inspection.preflight import Skipped, check_readable
from foveal.data.loading.workers import worker_faults
from foveal.data.notes import plural
from foveal.data.outside import INSIDE, lies_inside
from foveal.engine.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from foveal.engine.clock import Began
from foveal.engine.logs.log import Log
from foveal.engine.loop import Training
from foveal.engine.run import Run
from foveal.engine.runtime import Runtime
from foveal.errors import RunError
from foveal.inference.backends.process_tuning import keep_pages
from foveal.metrics.contract import Results
from foveal.report.findings.contract import Finding
from foveal.runs.data import data_facts, looks_folder, open_data
from foveal.runs.display import as_html, history_table, one_line
from foveal.runs.evaluation import Evaluation, to_dict, write_predictions
from foveal.runs.explain.load import TrainedModel
from foveal.runs.finish import closing, finish
from foveal.runs.going_on.longer import (
    announcement,
    as_text,
    asks_for_more,
    begin_part,
    caught_up,
    check_goes_on,
    complete_settings,
    split,
    with_settings,
)
from foveal.runs.going_on.origin import in_one_line, record, recorded
from foveal.runs.identity import anchored, check_data_is_there, check_same_data, config_key, unchanged
from foveal.runs.plan import ImagePlan, make_plan
from foveal.runs.record import (
    Ended,
    describe,
    described,
    ending,
    environment,
    exceeded,
    facts,
    facts_in_words,
    last_words,
    listed_skipped,
    starts_as_given,
    told_skipped,
    told_to_the_end,
    trained_in,
    trained_on,
    undefined_headline,
    versions,
)
from foveal.runs.report.run import write_run_report
from foveal.runs.report.tracking import open_tracker
from foveal.runs.resolve import resolve
from foveal.runs.several.kept import write_trained_on
from foveal.runs.streams.settings import stream_task
from foveal.runs.warm_start import warm_start
from foveal.types.reading import Reading
from foveal.types.samples import Batch

if TYPE_CHECKING:
    from pandas import DataFrame

    from foveal.runs.streams.train import TrainedStream

EXPORTED = "model.onnx"
"""Where ``foveal export`` writes by default, in a run's folder."""


@dataclass(frozen=True, repr=False)
class Trained:
    """A finished run.

    Attributes:
        folder: The run's folder.
        model: The model, ready to predict.
        evaluation: The results on the validation split.
        ended: Why training ended, and which epoch was kept.
        skipped: Images that cannot be read and were left out.
        findings: What to know first, as the page says it.
    """

    folder: Path
    model: TrainedModel
    evaluation: Evaluation
    ended: Ended
    skipped: tuple[Skipped, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def results(self) -> Results:
        """The metrics with their intervals, a table of classes, panels and mistakes."""
        return self.evaluation.results

    def __repr__(self) -> str:
        """One line: ``Trained(accuracy 0.957 (0.921 to 0.986), 49 images, runs/flowers)``."""
        return one_line("Trained", self.results, folder=self.folder)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return as_html("Trained model", self.results, self.folder, self.results.cautions)

    def to_pandas(self) -> "DataFrame":
        """A ``pandas.DataFrame`` with a row per epoch: losses, metrics, learning rate.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return history_table(self.folder)


def start(
    config: RunConfig, catalog: Catalog, skipped: Sequence[Skipped], *, out: Path, log: Log, began: Began
) -> Trained | None:
    """Train from the beginning.

    Args:
        config: As given.
        catalog: The data set that it names, from ``open_data``.
        skipped: Images that cannot be read, from there too.
        out: The run's folder.
        log: Progress output.
        began: When the command began, for the time budget.

    Returns:
        The finished run; None in other processes than the first.

    Raises:
        FovealError: Bad data, configuration or output folder.
    """
    if config.data.bad_images == "error":
        log.doing(f"checking {plural(len(catalog), 'image')}")
        check_readable(catalog, path=config.data.path, reading=Reading(bands=config.data.band_numbers))
    log.doing("loading the network")
    runtime = open_runtime(config, out)
    resolved = resolve(anchored(config), catalog.split("train"), world=runtime.world)
    chosen, run = resolved.config, Run(out)
    plan = make_plan(chosen, catalog, runtime=runtime)
    taken, card = plan.network.taken, given_card(chosen.model.weights)
    if runtime.is_main:
        about = None if taken is None else record(taken, card)
        run.create(to_toml(chosen), described(catalog, skipped), environment(), about)
    runtime.wait()
    if runtime.is_main:
        begin(log, facts(chosen, catalog, plan, out))
        inside = [INSIDE.format(out)] if lies_inside(out, Path(config.data.path)) else []
        if taken is not None:
            log.weights({"text": in_one_line(taken), **asdict(taken)})
        cautions = [*told_skipped(skipped), *undefined_headline(plan)]
        for note in (*catalog.notes, *resolved.notes, *inside, *cautions):
            log.note(note)
    factor = warm_start(plan, log, limit_s=began.share_s(chosen.train.time_s), adapt=bool(chosen.optim.adapt_lr))
    return complete(plan, chosen, catalog, run=run, log=log, saved=None, skipped=skipped, began=began, lr_factor=factor)


def resume(folder: Path, *, changes: RunConfig | None, log: Log, began: Began) -> "Trained | TrainedStream | None":
    """Resume a stopped run.

    Args:
        folder: The run's folder.
        changes: Settings of the command line; only those that do not affect the result may differ, unless they ask
            for another number of epochs or a time budget: then a new part begins, with a schedule of its own.
        log: Progress output.
        began: When the command began, for the time budget.

    Returns:
        The finished run; None in other processes than the first.

    Raises:
        RunError: Not a run folder, complete already, or the configuration or the data set has changed.
    """
    run = Run(folder)
    if not run.config.is_file():
        raise RunError(f"{folder}: not a run folder (no config.toml).", "Name a folder that `foveal train` created.")
    saved = load_checkpoint(run.checkpoint)
    written = read_config(run.config)
    own = caught_up(written, saved)
    more = asks_for_more(own, changes, saved)
    wished, others = split(changes) if changes and more else ({}, changes)
    config = unchanged(own, None if others is None else anchored(others), folder)
    check_data_is_there(config, folder)
    log.doing(f"reading {config.data.path}")
    if stream_task(config) is not None:
        from foveal.runs.streams.train import resume as resume_stream

        return resume_stream(config, saved, wished if more else None, run=run, written=written, log=log, began=began)
    known = run.read_json("data.json")
    with looks_kept_in(looks_folder(config)):
        catalog, skipped = open_data(config, skipped=[Skipped(**one) for one in known.get("skipped", [])])
        log.say(data_facts(config, catalog))
        log.doing("loading the network")
        check_same_data(known, describe(catalog), config, folder)
    check_goes_on(run, config, saved, more=more)
    runtime = open_runtime(config, folder)
    settings = complete_settings(wished, config, saved) if more else {}
    before, config = config, with_settings(config, settings)
    plan = make_plan(config, catalog, runtime=runtime, known=None if saved is None else recorded(run))
    if saved and more:
        saved = begin_part(saved, before, settings, batches_per_epoch=plan.batches_per_epoch, folder=folder)
    runtime.wait()  # all have read what now changes
    if runtime.is_main:
        begin(log, facts(config, catalog, plan, folder))
        if saved and more:
            save_checkpoint(run.checkpoint, saved)
            log.note(announcement(saved.state, plan.goal))
            if (folder / EXPORTED).exists():
                log.note(f"{folder / EXPORTED} stays as it was; export again afterwards")
        if more or own != written:
            write_atomic(run.config, as_text(config, saved.state if saved else None))
    factor = 1.0
    if saved is None:
        factor = warm_start(plan, log, limit_s=began.share_s(config.train.time_s), adapt=bool(config.optim.adapt_lr))
    return complete(
        plan, config, catalog, run=run, log=log, saved=saved, skipped=skipped, began=began, lr_factor=factor
    )


def complete(
    plan: ImagePlan,
    config: RunConfig,
    catalog: Catalog,
    *,
    run: Run,
    log: Log,
    saved: Checkpoint | None,
    began: Began,
    lr_factor: float,
    skipped: Sequence[Skipped] = (),
) -> Trained | None:
    """Train, calibrate, evaluate and report.

    Returns:
        The finished run; None in other processes than the first.
    """
    runtime = plan.runtime
    open_tracker(plan, config)
    training = make_training(plan, config, run=run, log=log, saved=saved, began=began, lr_factor=lr_factor)
    for caution in plan.cautions if runtime.is_main else ():
        log.note(caution)
    with told_to_the_end(training, run, log), worker_faults(run.folder, workers=plan.workers):
        if (note := plan.fit_shared_memory()) and runtime.is_main:
            log.note(note)
        training.fit(eval_first=starts_trained(plan))
    log.doing("evaluating the best epoch")
    if not runtime.is_main:
        runtime.wait()
        return None
    data = trained_on(plan, catalog, skipped, fingerprint=run.read_json("data.json")["fingerprint"])
    predictor, evaluation = finish(plan, run.model, data={**data, **trained_in(training.state)}, versions=versions())
    ended = ending(training, evaluation, predictor.output.goal.metric, given=starts_as_given(plan))
    document = {**to_dict(evaluation, config.task), **listed_skipped(skipped)}
    run.write_json("metrics.json", {**document, "training": ended.to_dict()})
    write_trained_on(run.folder, plan.train_set)
    write_predictions(run.folder, evaluation, predictor, split="val", run=str(run.folder.resolve()))
    log.doing("drawing the report")
    findings = write_run_report(run, config, catalog, training.state, predictor, evaluation, plan, ended)
    training.close()
    for note in exceeded(training):
        log.note(note)
    log.finish(last_words(run, document, findings, ended))
    runtime.wait()
    return Trained(run.folder, predictor, evaluation, ended, tuple(skipped), tuple(findings))


def starts_trained(plan: ImagePlan) -> bool:
    """Whether the network predicts classes before the first step: a fitted head, or one taken from a given model."""
    taken = plan.network.taken
    return plan.task.probe(plan.network) is not None or bool(taken and taken.known)


def make_training(
    plan: ImagePlan,
    config: RunConfig,
    *,
    run: Run,
    log: Log,
    saved: Checkpoint | None = None,
    began: Began | None = None,
    lr_factor: float = 1.0,
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
        lr_factor=lr_factor,
        began=began,
        closing=closing(plan, began),
    )


def begin(log: Log, chosen: dict[str, Any]) -> None:
    """Say what the run chose."""
    log.say(facts_in_words(chosen))
    log.start(chosen)


def open_runtime(config: RunConfig, folder: Path) -> Runtime:
    """Device, precision and processes of a run.

    Raises:
        ConfigError: A GPU is requested but not available.
    """
    if config.runtime.keep_pages:
        keep_pages()
    return Runtime(config.runtime, log_dir=folder, unfreezes=config.optim.unfreeze_every > 0)
