"""The content of a report on a stream."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from foveal.config.schema import RunConfig
from foveal.data.streams.stream import Stream
from foveal.engine.logs.log import duration
from foveal.engine.parts import parts_in_words
from foveal.engine.run import Run
from foveal.metrics.contract import Passage, Passages, Results
from foveal.models.recurrent.config import RecurrentConfig
from foveal.report.content import Content, Step
from foveal.report.findings.contract import Evidence, Finding
from foveal.report.findings.find import find
from foveal.report.page import PAGE, why_no_page, write_report
from foveal.runs.streams.settings import place_of
from foveal.tasks.stream import AnyStreamOutput
from foveal.tasks.table import get_stream
from foveal.version import __version__

if TYPE_CHECKING:
    from foveal.engine.checkpoint import State
    from foveal.runs.record import Ended

MAX_SAMPLES = 5
SAMPLE_CHARACTERS = 300


def write_run_report(
    run: Run,
    config: RunConfig,
    output: AnyStreamOutput,
    parts: tuple[Stream, Stream],
    state: "State",
    results: Results,
    ended: "Ended",
) -> list[Finding]:
    """Write report.html and the figures of a finished run.

    Returns:
        What to know first, as the page says it.
    """
    history = [{name: value for name, value in row.items() if value is not None} for row in state.rows]
    goal, spec = output.goal, get_stream(config.task)
    findings = find(
        Evidence(
            results,
            goal.metric,
            goal.maximize,
            caveats=results.cautions,
            history=history,
            best_epoch=state.best_epoch,
            stop=ended.ended,
        )
    )
    values = config.model_dump(exclude_none=True)
    kept = {"task", "seed", config.task, "optim", "schedule", "train", "runtime"}
    folder = shlex.quote(str(run.folder))
    content = Content(
        title=run.folder.resolve().name,
        task=config.task,
        results=replace(results, panels=[*samples(run, history), *results.panels]),
        headline=goal.metric,
        findings=findings,
        facts=[
            ("data", config.data.path),
            (spec.unit, f"{len(parts[0]):,} train, {len(parts[1]):,} held out {place_of(config.data)}"),
            ("network", network_in_words(output.own)),
            ("epochs", f"{state.rows[-1]['epoch'] or 0:.0f}, kept: {ended.best}"),
            ("ended", ended.why),
            *([("schedule", parts_in_words(state.parts, state.rows[-1]["epoch"] or 0))] if state.parts else []),
            ("duration", duration(state.elapsed_s)),
            ("seed", str(config.seed)),
            ("Foveal", __version__),
        ],
        history=history,
        kept=state.best_epoch,
        config={name: value for name, value in values.items() if name in kept},
        next_steps=[Step(what, command) for command, what in next_commands(config.task, folder).items()],
        unit=spec.unit[:-1],
        classes_are=spec.rows,
    )
    write_report(run.report, content)
    return findings


def write_evaluation_report(
    folder: Path, output: AnyStreamOutput, results: Results, findings: Sequence[Finding], facts: dict[str, str]
) -> str:
    """Write report.html of an evaluation.

    Returns:
        A note where there is no page because a package is missing, else nothing.
    """
    if note := why_no_page():
        return note
    task = facts.pop("task")
    content = Content(
        title=folder.resolve().name,
        task=task,
        results=results,
        headline=output.goal.metric,
        findings=findings,
        facts=[*facts.items(), ("network", network_in_words(output.own)), ("Foveal", __version__)],
        unit=get_stream(task).unit[:-1],
        classes_are=get_stream(task).rows,
    )
    write_report(folder / PAGE, content)
    return ""


def network_in_words(own: RecurrentConfig) -> str:
    """For example ``LSTM, 2 layers of 512 features``."""
    layers = "" if own.layers == 1 else f"{own.layers} layers of "
    attention = f", attention over {own.attention} past steps" if own.attention else ""
    return f"{own.cell.upper()}, {layers}{own.hidden} features{attention}"


def next_commands(task: str, folder: str) -> dict[str, str]:
    """Commands to run next, and what they do."""
    spec = get_stream(task)
    write = f'foveal generate {folder} --prompt "..."', "write on from a beginning"
    ahead = f"foveal predict {folder} {spec.example}", "predict what comes next"
    return dict([write if spec.generates else ahead]) | {
        f"foveal evaluate {folder} {spec.example}": f"evaluate on other {spec.data}",
        f"foveal export {folder}": "write one .onnx file that needs no PyTorch",
    }


def samples(run: Run, history: Sequence[dict[str, float]]) -> list[Passages]:
    """What the model wrote at some of its stages."""
    at_step = {int(row["step"]): row for row in history}
    found = [(int(file.stem.rpartition("-")[2]), file) for file in sorted((run.folder / "samples").glob("step-*.txt"))]
    found = [(step, file) for step, file in found if step in at_step]
    places = sorted({round(i * (len(found) - 1) / (MAX_SAMPLES - 1)) for i in range(MAX_SAMPLES)}) if found else []
    passages = []
    for step, file in (found[place] for place in places):
        text = file.read_text(encoding="utf-8")[:SAMPLE_CHARACTERS].strip("\n")
        passages.append(Passage(f"epoch {at_step[step]['epoch']:g}, step {step:,}", text))
    note = "Written at a temperature of 0.8; all are in the folder samples/."
    return [Passages("What it writes, stage by stage", passages, note)] if passages else []
