"""The content of a run's report."""

import shlex

import numpy as np
from PIL import Image

from foveal.config.schema import RunConfig
from foveal.data.catalog.catalog import SPLITS, Catalog
from foveal.engine.checkpoint import State
from foveal.engine.log import duration
from foveal.engine.parts import parts_in_words
from foveal.engine.run import Run
from foveal.inference.images import read_image
from foveal.inference.predictor import Predictor
from foveal.report.content import CaptionedImage, Content, Step
from foveal.report.page import write_report
from foveal.runs.evaluation import Evaluation
from foveal.runs.record import Ended
from foveal.tasks.table import TASKS
from foveal.types.arrays import RGB
from foveal.version import __version__

MAX_MISTAKES = 24
MISTAKE_SIDE_PX = 480


def write_run_report(
    run: Run,
    config: RunConfig,
    catalog: Catalog,
    state: State,
    predictor: Predictor,
    evaluation: Evaluation,
    ended: Ended,
) -> None:
    """Write report.html and the figures of a finished run.

    Raises:
        RunError: They cannot be written.
    """
    results, values = evaluation.results, config.model_dump(exclude_none=True)
    mistakes = [
        CaptionedImage(mistake_image(predictor, evaluation, m.position), m.caption)
        for m in results.worst[:MAX_MISTAKES]
    ]
    write_report(
        run.report,
        Content(
            title=run.folder.resolve().name,
            task=predictor.card.task,
            results=results,
            headline=predictor.output.goal.metric,
            facts=facts(config, catalog, state, ended),
            history=[{name: value for name, value in row.items() if value is not None} for row in state.rows],
            mistakes=mistakes,
            config={k: v for k, v in values.items() if k == config.task or k not in TASKS},
            class_counts={
                name: dict(zip(catalog.categories, map(int, catalog.split(name).class_counts()), strict=True))
                for name in SPLITS
                if catalog.has(name)
            },
            next_steps=next_steps(run),
        ),
    )


def mistake_image(predictor: Predictor, evaluation: Evaluation, position: int) -> RGB:
    """A reduced image with truth and prediction drawn on it."""
    image = Image.fromarray(read_image(evaluation.catalog.path(position), reading=predictor.spec.reading))
    scale = MISTAKE_SIDE_PX / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    resized = np.asarray(image.resize(size, Image.Resampling.BICUBIC))
    truth, prediction = evaluation.truths[position], evaluation.predictions[position]
    return predictor.output.draw_evaluated(resized, truth, prediction)


def facts(config: RunConfig, catalog: Catalog, state: State, ended: Ended) -> list[tuple[str, str]]:
    """Facts below the title."""
    counts = ", ".join(f"{len(catalog.split(name)):,} {name}" for name in SPLITS if catalog.has(name))
    return [
        ("data", config.data.path),
        ("images", counts),
        ("classes", str(len(catalog.categories))),
        ("backbone", config.model.backbone),
        ("input", f"{config.input.eval_size} x {config.input.eval_size} px"),
        ("epochs", f"{state.rows[-1]['epoch']:.0f}, best: {ended.best}"),
        ("ended", ended.why),
        *([("schedule", parts_in_words(state.parts, state.rows[-1]["epoch"] or 0))] if state.parts else []),
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
