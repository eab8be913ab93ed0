"""From a RunConfig to a finished run on a stream: start one, or resume a stopped one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foveal.artifact.atomic import write_atomic
from foveal.artifact.card import Card
from foveal.config.files import to_toml
from foveal.config.schema import RunConfig
from foveal.data.streams.stream import Stream
from foveal.engine.checkpoint import Checkpoint, save_checkpoint
from foveal.engine.clock import Began, Closing
from foveal.engine.logs.log import Log
from foveal.engine.loop import Training
from foveal.engine.run import Run
from foveal.engine.runtime import Runtime
from foveal.errors import RunError
from foveal.inference.streams.torch_stepper import TorchStepper
from foveal.metrics.contract import Results
from foveal.report.findings.contract import Finding
from foveal.runs.display import as_html, history_table, one_line
from foveal.runs.going_on.longer import (
    announcement,
    as_text,
    begin_part,
    check_goes_on,
    complete_settings,
    with_settings,
)
from foveal.runs.identity import anchored, config_key
from foveal.runs.record import Ended, environment, exceeded, last_words, told_to_the_end, trained_in
from foveal.runs.streams.document import to_dict, write_predictions
from foveal.runs.streams.finish import finish, write_sample
from foveal.runs.streams.plan import StreamPlan, Window, make_plan
from foveal.runs.streams.record import begin, describe, sizes
from foveal.runs.streams.report import write_run_report
from foveal.runs.streams.resolve import resolve
from foveal.runs.streams.settings import data_facts, open_stream_data
from foveal.tasks.table import get_stream

if TYPE_CHECKING:
    from pandas import DataFrame

PASSES, FIXED_S, IMPORTS = 2.2, 1.5, 0.7
"""After the last step: evaluations, seconds, and a multiple of the seconds that the imports took."""
EVALUATED_COST = 0.35
"""Duration of evaluating a step as a multiple of training on it."""


@dataclass(frozen=True, repr=False)
class TrainedStream:
    """A finished run on a stream.

    Attributes:
        folder: The run's folder.
        card: The model card.
        results: The metrics on the held-out end, with their intervals.
        headline: Name of the metric that selected the epoch.
        ended: Why training ended, and which epoch was kept.
        findings: What to know first, as the page says it.
    """

    folder: Path
    card: Card
    results: Results
    headline: str
    ended: Ended
    findings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        """One line."""
        return one_line("TrainedStream", self.results, folder=self.folder, unit=get_stream(self.card.task).unit)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        unit = get_stream(self.card.task).unit
        return as_html("Trained model", self.results, self.folder, self.results.cautions, unit=unit)

    def to_pandas(self) -> "DataFrame":
        """A ``pandas.DataFrame`` with a row per epoch.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return history_table(self.folder)


def start(config: RunConfig, stream: Stream, *, out: Path, log: Log, began: Began) -> TrainedStream | None:
    """Train from the beginning; arguments and errors as in ``runs.start``."""
    log.doing("building the network")
    runtime = Runtime(config.runtime, log_dir=out)
    chosen, run = resolve(anchored(config), stream, world=runtime.world), Run(out)
    plan = make_plan(chosen, stream, runtime=runtime)
    chosen = chosen.model_copy(update={chosen.task: plan.output.own})
    if runtime.is_main:
        run.create(to_toml(chosen), describe(stream, plan), environment())
    runtime.wait()
    if runtime.is_main:
        begin(log, chosen, plan, out)
        for note in stream.notes:
            log.note(note)
    return complete(plan, chosen, run=run, log=log, saved=None, began=began)


def resume(
    config: RunConfig,
    saved: Checkpoint | None,
    wished: Mapping[str, Any] | None,
    *,
    run: Run,
    written: RunConfig,
    log: Log,
    began: Began,
) -> TrainedStream | None:
    """Go on with a stopped run.

    Args:
        config: The run's.
        saved: The run's last checkpoint.
        wished: What a further part changes in the settings; None: the run goes on as planned.
        run: The run.
        written: The configuration as its folder has it.
        log: Progress output.
        began: When the command began.

    Raises:
        RunError: The data or the configuration has changed, or the run is complete.
    """
    stream, more = open_stream_data(config), wished is not None
    log.say(data_facts(config, stream))
    if run.read_json("data.json")["fingerprint"] != stream.fingerprint():
        raise RunError(
            f"{config.data.path}: not what {run.folder} was started on: its content has changed.",
            "Restore it, or start a new run with --out.",
        )
    check_goes_on(run, config, saved, more=more)
    settings = {} if wished is None else complete_settings(wished, config, saved)
    before, config = config, with_settings(config, settings)
    plan = make_plan(config, stream, runtime=Runtime(config.runtime, log_dir=run.folder))
    if saved and more:
        saved = begin_part(saved, before, settings, batches_per_epoch=plan.batches_per_epoch, folder=run.folder)
    plan.runtime.wait()  # all have read what now changes
    if plan.runtime.is_main:
        begin(log, config, plan, run.folder)
        if saved and more:
            save_checkpoint(run.checkpoint, saved)
            log.note(announcement(saved.state, plan.goal))
        if more or config != written:
            write_atomic(run.config, as_text(config, saved.state if saved else None))
    return complete(plan, config, run=run, log=log, saved=saved, began=began)


def complete(
    plan: StreamPlan, config: RunConfig, *, run: Run, log: Log, saved: Checkpoint | None, began: Began
) -> TrainedStream | None:
    """Train, evaluate and report."""
    runtime = plan.runtime
    runtime.open_tracker(config.model_dump(exclude_none=True))
    if get_stream(config.task).generates:
        plan.validated = lambda windows, network: write_sample(
            run, windows // config.optim.accumulate, TorchStepper(network, plan.card), config.seed
        )
    training = make_training(plan, config, run=run, log=log, saved=saved, began=began)
    with told_to_the_end(training, run, log):
        training.fit()
    log.doing("evaluating the best epoch")
    if not runtime.is_main:
        runtime.wait()
        return None
    facts = {"fingerprint": run.read_json("data.json")["fingerprint"], **sizes(plan), **trained_in(training.state)}
    card, results, parts = finish(plan, run.model, data=facts)
    state = training.state
    ended = Ended(
        state.ended,
        training.reason,
        int(state.rows[-1]["epoch"] or 0),
        state.best_epoch,
        "",
        round(training.clock.elapsed_s, 1),
    )
    document = {**to_dict(results, card, data=config.data.path), "training": ended.to_dict()}
    run.write_json("metrics.json", document)
    write_predictions(run.folder / "predictions.csv", plan.output, parts, plan.val_set.pieces)
    log.doing("drawing the report")
    findings = write_run_report(run, config, plan.output, (plan.train_set, plan.val_set), state, results, ended)
    training.close()
    for note in exceeded(training):
        log.note(note)
    log.finish(last_words(run, document, findings, ended))
    runtime.wait()
    return TrainedStream(run.folder, card, results, plan.goal.metric, ended, tuple(findings))


def make_training(
    plan: StreamPlan,
    config: RunConfig,
    *,
    run: Run,
    log: Log,
    saved: Checkpoint | None = None,
    began: Began | None = None,
) -> Training[Window]:
    """The training loop over a plan, with the configuration's settings."""
    imports_s = 0.0 if began is None else began.imports_s
    share = EVALUATED_COST * len(plan.val_set) / plan.batch_size
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
        began=began,
        closing=Closing(PASSES, max(FIXED_S, IMPORTS * imports_s), share),
    )
