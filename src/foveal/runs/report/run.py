"""The content of a run's report."""

import shlex

from foveal.config.schema import RunConfig
from foveal.data.catalog.catalog import SPLITS, Catalog
from foveal.engine.checkpoint import State
from foveal.engine.logs.log import duration
from foveal.engine.parts import parts_in_words
from foveal.engine.run import Run
from foveal.inference.predictor import Predictor
from foveal.report.content import Content, Step
from foveal.report.findings.contract import Finding
from foveal.report.findings.find import find
from foveal.report.page import write_report
from foveal.runs.evaluation import Evaluation
from foveal.runs.plan import ImagePlan
from foveal.runs.record import Ended, starts_as_given
from foveal.runs.report.batch import batch_key, first_batch
from foveal.runs.report.evidence import class_counts, evidence, splits_of
from foveal.runs.report.examples import examples, key
from foveal.runs.report.objects import object_counts, object_panels
from foveal.runs.report.tracking import track
from foveal.tasks.table import TASKS
from foveal.version import __version__


def write_run_report(
    run: Run,
    config: RunConfig,
    catalog: Catalog,
    state: State,
    predictor: Predictor,
    evaluation: Evaluation,
    plan: ImagePlan,
    ended: Ended,
) -> list[Finding]:
    """Write report.html and the figures of a finished run.

    Returns:
        What to know first, as the page says it.

    Raises:
        RunError: They cannot be written.
    """
    values, (images, kind, looked) = config.model_dump(exclude_none=True), examples(predictor, evaluation)
    history = [{name: value for name, value in row.items() if value is not None} for row in state.rows]
    findings = find(
        evidence(
            predictor,
            evaluation,
            train_set=plan.train_set,
            history=history,
            best_epoch=state.best_epoch,
            given=starts_as_given(plan),
            stop=ended.ended,
        )
    )
    splits = splits_of(catalog)
    content = Content(
        title=run.folder.resolve().name,
        task=predictor.card.task,
        results=evaluation.results,
        headline=predictor.output.goal.metric,
        findings=findings,
        facts=facts(config, catalog, state, ended),
        history=history,
        kept=state.best_epoch,
        examples=images,
        examples_are=kind,
        looked=looked,
        key=key(predictor),
        batch=first_batch(plan),
        batch_key=batch_key(plan),
        config={k: v for k, v in values.items() if k == config.task or k not in TASKS},
        class_counts=class_counts(splits),
        object_counts=object_counts(splits),
        data_panels=object_panels(plan.train_set),
        split_sizes={name: len(part) for name, part in splits.items()},
        next_steps=next_steps(run),
    )
    write_report(run.report, content)
    track(plan, "predictions", images, step=int(state.rows[-1]["epoch"] or 0) if state.rows else 0)
    return findings


def facts(config: RunConfig, catalog: Catalog, state: State, ended: Ended) -> list[tuple[str, str]]:
    """Facts below the title."""
    counts = ", ".join(f"{len(catalog.split(name)):,} {name}" for name in SPLITS if catalog.has(name))
    last = state.rows[-1]["epoch"] or 0
    assert config.input.eval_size is not None, "resolve chose it"
    return [
        ("data", config.data.path),
        ("images", counts),
        ("classes", str(len(catalog.categories))),
        ("backbone", config.model.backbone),
        ("input", config.input.eval_size.in_px),
        ("epochs", f"{last:.0f}, kept: {ended.best}"),
        ("ended", ended.why),
        *([("schedule", parts_in_words(state.parts, last))] if state.parts else []),
        ("duration", duration(state.elapsed_s)),
        ("seed", str(config.seed)),
        ("Foveal", __version__),
    ]


def next_steps(run: Run) -> list[Step]:
    """Commands to run next."""
    folder = shlex.quote(str(run.folder))
    return [
        Step("Predict on an image", f"foveal predict {folder} IMAGE"),
        Step("Evaluate on other labelled images", f"foveal evaluate {folder} FOLDER"),
        Step("Export to one .onnx file that runs without PyTorch", f"foveal export {folder}"),
    ]
