"""Evaluate a model on a text or a series. No torch for an exported one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foveal.artifact.atomic import json_text, make_folder, write_atomic
from foveal.artifact.card import SplitCard
from foveal.artifact.free import free_folder
from foveal.data.outside import check_outside
from foveal.data.streams.stream import Piece, Stream
from foveal.errors import ConfigError, DataError
from foveal.inference.streams.load import load_stream
from foveal.inference.streams.run_over import run_over
from foveal.metrics.contract import Results
from foveal.report.findings.contract import Evidence, Finding
from foveal.report.findings.find import find
from foveal.runs.display import as_html, one_line
from foveal.runs.streams.document import to_dict, write_predictions
from foveal.runs.streams.report import write_evaluation_report
from foveal.runs.streams.settings import split_of
from foveal.tasks.table import get_stream, open_stream
from foveal.types.progress import Progress, silent


@dataclass(frozen=True, repr=False)
class StreamEvaluation:
    """An evaluation and its files.

    Attributes:
        results: The metrics with their intervals.
        document: The same as plain values, as ``--json`` prints them.
        folder: Where metrics.json, predictions.csv and report.html are.
        notes: Caveats about the numbers.
        findings: What to know first.
        running: Engine, device and threads.
        unit: What a step is called, in the plural.
    """

    results: Results
    document: dict[str, object]
    folder: Path
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]
    running: str
    unit: str

    def __repr__(self) -> str:
        """One line."""
        return one_line("StreamEvaluation", self.results, folder=self.folder, unit=self.unit)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return as_html("Evaluation", self.results, self.folder, self.notes, unit=self.unit)


def evaluate_stream(
    model: Path,
    data: Path,
    *,
    split: str | None,
    out: Path | None = None,
    threads: int = 0,
    seed: int = 0,
    progress: Progress = silent,
) -> StreamEvaluation:
    """Evaluate a model on all of a file or folder, or on the end that training held out.

    Args:
        model: A run folder, a .safetensors or an .onnx file.
        data: The file or folder.
        split: ``val`` or ``train`` as training cut the same data; None: all of it.
        out: Folder for the results; None: ``evaluations/NAME``, numbered if that exists.
        threads: Threads within the network; 0: all cores.
        seed: For the bootstrap.
        progress: Called as the work goes on.

    Raises:
        FovealError: Bad model, data or folder.
    """
    folder = free_folder(data, "evaluations") if out is None else out
    if out is None:
        check_outside(folder, data)
    progress("loading the model", 0, None)
    stepper = load_stream(model, threads=threads)
    card, output = stepper.card, open_stream(stepper.card)
    spec = get_stream(card.task)
    progress("reading the data", 0, None)
    stream = spec.read(data, output.own, output.spec)
    same = stream.fingerprint() == card.data.get("fingerprint")
    pieces, notes = _pieces(stream, split, same=same, held_out=card.split)
    if same and split != "val":
        notes.append(f"The model was trained on the same {spec.data}; --split val is what it has not seen.")
    facts = run_over(stepper, output, pieces, progress=progress)
    progress("computing the intervals", 0, None)
    results = output.results(facts, pieces, seed=seed)
    findings = find(Evidence(results, output.goal.metric, output.goal.maximize, caveats=[*notes, *results.cautions]))
    document = {
        **to_dict(results, card, data=str(data)),
        "split": split,
        "running": stepper.running,
        "findings": [finding.to_dict() for finding in findings],
    }
    make_folder(folder)
    write_atomic(folder / "metrics.json", json_text(document))
    write_predictions(folder / "predictions.csv", output, facts, pieces)
    progress("drawing the report", 0, None)
    told = {"task": card.task, "model": str(model), "data": str(data), **({"split": split} if split else {})}
    missing = write_evaluation_report(folder, output, results, findings, told)
    listed = (*stream.notes, *notes, *([missing] if missing else []))
    return StreamEvaluation(results, document, folder, listed, tuple(findings), stepper.running, spec.unit)


def _pieces(
    stream: Stream, split: str | None, *, same: bool, held_out: SplitCard | None
) -> tuple[Sequence[Piece], list[str]]:
    if split is None:
        return stream.pieces, []
    if split == "test":
        raise ConfigError("A stream has no test split.", "Name another file, or use --split val.")
    if split not in ("train", "val"):
        raise DataError(f"Unknown split {split!r}.", "Splits: train, val.")
    if not same or held_out is None:
        raise DataError(
            f"{stream.path}: not what the model was trained on, so what was held out is not known.",
            "Leave out --split to evaluate on all of it.",
        )
    train, val = split_of(stream, held_out)
    return (train if split == "train" else val).pieces, []
