"""``foveal.evaluate``: evaluate a model on a data set. No torch: exported models are evaluated the same way."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from foveal.artifact.atomic import json_text, make_folder, write_atomic
from foveal.artifact.card import Card, SplitCard
from foveal.artifact.free import free_folder, stem_of
from foveal.data.catalog.catalog import SPLITS, Catalog
from foveal.data.catalog.fraction import thinned
from foveal.data.catalog.split import shared_groups
from foveal.data.config import Format
from foveal.data.formats.read import read
from foveal.data.inspection.folds import Fold
from foveal.data.inspection.preflight import split_without, without
from foveal.data.outside import INSIDE, check_outside, lies_inside
from foveal.errors import DataError, ImageError
from foveal.inference.crops import check_objects, save_crops
from foveal.inference.load import load
from foveal.inference.predictor import BATCH_SIZE, Predictor, check_batch_size
from foveal.inference.streams.load import is_on_streams
from foveal.inference.views import Viewing
from foveal.metrics.contract import Results
from foveal.ops.quiet import quiet
from foveal.report.findings.contract import Finding
from foveal.report.findings.find import find
from foveal.runs.display import as_html, one_line, predictions_table
from foveal.runs.evaluation import Evaluation, to_dict, write_predictions
from foveal.runs.evaluation import evaluate as evaluate_catalog
from foveal.runs.report.evaluation import write_evaluation_report
from foveal.runs.report.evidence import evidence
from foveal.runs.several.kept import run_of
from foveal.tasks.table import get_spec
from foveal.types.progress import Progress, silent
from foveal.types.selection import Selection

if TYPE_CHECKING:
    from pandas import DataFrame

    from foveal.runs.streams.evaluate import StreamEvaluation


@dataclass(frozen=True, repr=False)
class EvaluationRun:
    """An evaluation and its files.

    Attributes:
        evaluation: Truths, predictions and the results.
        document: The results as plain values, as ``--json`` prints them.
        folder: Where metrics.json, predictions.csv and report.html are.
        notes: Caveats about the numbers.
        skipped: Errors of the images that were left out.
        findings: What to know first, as the page says it.
        running: The engine, its device and its threads, in words.
    """

    evaluation: Evaluation
    document: dict[str, object]
    folder: Path
    notes: tuple[str, ...]
    skipped: tuple[ImageError, ...] = ()
    findings: tuple[Finding, ...] = ()
    running: str = ""

    @property
    def results(self) -> Results:
        """The metrics with their intervals, a table of classes, panels and mistakes."""
        return self.evaluation.results

    def __repr__(self) -> str:
        """One line: ``EvaluationRun(accuracy 0.957 (0.921 to 0.986), 49 images, evaluations/flowers)``."""
        return one_line("EvaluationRun", self.results, folder=self.folder)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return as_html("Evaluation", self.results, self.folder, self.notes)

    def to_pandas(self) -> "DataFrame":
        """A ``pandas.DataFrame`` with a row per image: path, truth, prediction, scores.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return predictions_table(self.folder)


@quiet()
def evaluate(
    model: str | Path | Predictor,
    data: str | Path,
    *,
    split: str | None = None,
    format: Format = "auto",  # noqa: A002
    images: str = "",
    labels: str = "",
    classes: str = "",
    ignore: Sequence[int] = (),
    groups: str | None = None,
    out: str | Path | None = None,
    device: str = "auto",
    engine: str = "auto",
    threads: int = 0,
    viewing: Viewing | None = None,
    threshold: float | None = None,
    max_objects: int | None = None,
    only: Sequence[str] = (),
    crops: str | Path | None = None,
    batch_size: int = BATCH_SIZE,
    skip_bad: bool = False,
    seed: int = 0,
    progress: Progress = silent,
) -> "EvaluationRun | StreamEvaluation":
    """Evaluate a model on labelled images, with the model's class map; or one on streams on a text or a series.

    For a model on streams ``split``, ``out``, ``threads``, ``seed`` and ``progress`` are what counts.

    Args:
        model: A run folder, a .safetensors or .onnx file, or an open model.
        data: An image folder, a table, a COCO, VOC or YOLO data set, or images with masks. Where it has several splits,
            ``split`` selects one.
        split: ``train``, ``val`` or ``test``; by default all images, or ``test``, else ``val``, where splits exist. For
            the training data set, ``val`` may be the images that training held out.
        format: Format of the data set; auto: the one that is recognised.
        images: Folder of the images, where the layout does not show it.
        labels: File or folder with the annotations or masks, where the layout does not show it.
        classes: Of masks whose pixel values are not those the model was trained on, see ``data.formats.mask_folder``.
        ignore: Pixel values in masks that are ignored.
        groups: Rule that names images that hang together: a column, ``folder``, or a regular expression on the path;
            they are resampled as one. None: the rule that the model was trained with, where it fits; empty: none.
        out: Folder for metrics.json and predictions.csv; by default ``evaluations/NAME``, numbered if that exists.
        device: Where it runs, as for ``load``.
        engine: What runs it, as for ``load``.
        threads: Threads within the network, as for ``load``.
        viewing: Tiles and test-time augmentation (mirrored, several scales); None: one view of each full image.
        threshold: Score from which an object is detected or a class present; None: the model's own. It changes no
            metric that counts all scores, such as mAP.
        max_objects: Most objects per image or tile; None: the model's own limit.
        only: Classes whose objects are evaluated; empty: all.
        crops: Folder of the detected objects, cut out; None: none.
        batch_size: Images per batch.
        skip_bad: Leave out images that cannot be read; ``EvaluationRun.skipped`` has their errors.
        seed: For the bootstrap.
        progress: Called as the work goes on, with what is done.

    Raises:
        FovealError: Bad model, data or folder; an unknown class is named.
    """
    if not isinstance(model, Predictor) and is_on_streams(Path(model)):
        from foveal.runs.streams.evaluate import evaluate_stream

        place = None if out is None else Path(out)
        return evaluate_stream(
            Path(model), Path(data), split=split, out=place, threads=threads, seed=seed, progress=progress
        )
    folder = Path(out) if out is not None else free_folder(Path(data), "evaluations")
    if out is None:
        check_outside(folder, Path(data))
    check_batch_size(batch_size)
    progress("loading the model", 0, None)
    opened = model if isinstance(model, Predictor) else load(model, device=device, engine=engine, threads=threads)
    selection = Selection(threshold, max_objects, only)
    predictor = opened.select(selection)
    if crops is not None:
        check_objects(predictor.output)
    progress("reading the data set", 0, None)
    if split is not None and split not in SPLITS:
        raise DataError(f"Unknown split {split!r}.", f"Splits: {', '.join(SPLITS)}.")
    tiled = viewing is not None and viewing.tile is not None
    catalog, notes = open_data(
        Path(data),
        predictor,
        split=split,
        format=format,
        images=images,
        labels=labels,
        classes=classes,
        ignore=ignore,
        groups=groups,
        tiled=tiled,
    )
    chosen, part = part_of(catalog, split)
    predictor.output.accept(part)
    bad: dict[int, ImageError] = {}
    try:
        evaluation = evaluate_catalog(
            predictor,
            part,
            viewing=viewing,
            batch_size=batch_size,
            seed=seed,
            bad=bad if skip_bad else None,
            progress=progress,
        )
    except ImageError as error:
        error.hint = f"{error.hint} Leave such images out with --skip-bad.".lstrip()
        raise
    skipped = {part.names[i]: bad[i] for i in sorted(bad)}
    catalog = without(catalog, skipped)
    caveats = [
        *predictor.notes,
        *predictor.output.remarks(evaluation.truths, evaluation.predictions, before=opened.output),
    ]
    may_be = chosen in (None, "train") and len(catalog) >= int(predictor.card.data.get("images", 0))
    if may_be and predictor.card.data.get("content") == catalog.content_fingerprint():
        caveats.append("The model was trained on these images; expect lower numbers on others.")
    if crops is not None:
        save_crops(predictor, list(evaluation.catalog.paths()), evaluation.predictions, crops)
    make_folder(folder)
    document = to_dict(evaluation, predictor.card.task)
    document["data"] = str(data)
    document["device"] = predictor.device
    document["running"] = asdict(predictor.running)
    if skipped:
        document["skipped"] = [{"path": name, "reason": error.reason} for name, error in skipped.items()]
    if viewing is not None and not viewing.plain:
        document["viewing"] = asdict(viewing)
    if any(selection):
        document["selection"] = {name: getattr(selection, name) for name in selection}
    findings = find(evidence(predictor, evaluation, caveats=caveats))
    document["findings"] = [finding.to_dict() for finding in findings]
    write_atomic(folder / "metrics.json", json_text(document))
    run = run_of(model) if isinstance(model, str | Path) else ""
    write_predictions(folder, evaluation, predictor, split=chosen or "", run=run, viewing=viewing)
    progress("drawing the report", 0, None)
    name = str(model) if isinstance(model, str | Path) else "an open model"
    missing = write_evaluation_report(folder, predictor, evaluation, findings, model=name, data=str(data), split=chosen)
    notes += [*caveats, *evaluation.results.cautions, *([missing] if missing else [])]
    if lies_inside(folder, Path(data)):
        notes.append(INSIDE.format(folder))
    if out is None and folder.name != stem_of(Path(data)):
        notes.append(f"The results are in {folder}; earlier ones are kept.")
    return EvaluationRun(
        evaluation, document, folder, tuple(notes), tuple(skipped.values()), tuple(findings), str(predictor.running)
    )


def part_of(catalog: Catalog, split: str | None) -> tuple[str | None, Catalog]:
    """The split to evaluate, and its images; without a wish test, else val, else train, else all."""
    there = [name for name in ("test", "val", "train") if catalog.has(name)]
    chosen = split or (there[0] if there else None)
    return chosen, catalog.split(chosen) if chosen else catalog


def open_data(
    data: Path,
    predictor: Predictor,
    *,
    split: str | None,
    classes: str,
    ignore: Sequence[int],
    groups: str | None,
    format: Format = "auto",  # noqa: A002
    images: str = "",
    labels: str = "",
    tiled: bool = False,
) -> tuple[Catalog, list[str]]:
    """The data set with the model's class map, with its groups and, if need be, training's splits; and notes.

    Raises:
        DataError: It cannot be read, or the split from training cannot be reproduced.
    """
    card = predictor.card
    trained = card.split.groups if card.split else ""

    def reading(rule: str, *, tiled: bool = tiled) -> Catalog:
        return read(
            data,
            format=format,
            images=images,
            labels=labels,
            categories=predictor.output.categories,
            classes=classes,
            ignore=ignore,
            annotations=get_spec(card.task).annotations,
            groups=rule,
            tiled=tiled,
        )

    unfit = []
    try:
        catalog = reading(trained if groups is None else groups)
    except DataError as error:
        if groups is not None or not trained:
            raise
        catalog = reading("")
        unfit = [f"The groups rule of training does not fit: {error.what} Images are taken as independent."]
    notes = [*catalog.notes, *unfit]
    lacking = split is not None and not catalog.has(split) and not catalog.has("val")
    of_folds = card.split is not None and card.split.folds > 0 and in_folds(catalog, card, card.split)
    if split in ("train", "val") and card.split and (lacking or of_folds):
        same = groups is None or groups == trained
        if tiled:  # training has left such images out, so they are in neither of its splits
            catalog = reading(trained if groups is None else groups, tiled=False)
        made = as_in_training(catalog if same else reading(trained, tiled=False), card, split)
        catalog = made if same else among(catalog, made).assign(made.splits)
        notes.append(
            f"The data set has no {split!r} split of its own; evaluated on the images that training held out"
            f" ({held_out(card.split)})."
            if lacking
            else f"Evaluated on the {split} images of training ({held_out(card.split)})."
        )
    return catalog, notes + shared_groups(catalog)


def among(catalog: Catalog, others: Catalog) -> Catalog:
    """The images of a data set that are among others, which are some of it."""
    names = {others.names[i] for i in range(len(others))}
    return catalog.take(np.array([i for i in range(len(catalog)) if catalog.names[i] in names], np.int64))


def held_out(split: SplitCard) -> str:
    """How training held images out, in words."""
    if split.folds:
        return f"seed {split.seed}, fold {split.fold} of {split.folds}"
    return f"seed {split.seed}, {split.val_fraction:.0%}"


def in_folds(catalog: Catalog, card: Card, split: SplitCard) -> bool:
    """Whether a data set with splits of its own is the one whose images training made into folds."""
    if split.train_fraction == 1:
        return catalog.content_fingerprint() == card.data.get("content")
    with suppress(DataError):  # too few images for so many folds
        return split_again(catalog, card, split).fingerprint() == card.data.get("fingerprint")
    return False


def split_again(catalog: Catalog, card: Card, split: SplitCard) -> Catalog:
    """A data set with the splits that training would make of it.

    Raises:
        DataError: It has too few images.
    """
    skipped = frozenset(card.data.get("skipped", ()))
    fold = Fold(split.folds, split.fold) if split.folds else None
    whole = split_without(catalog, skipped, val_fraction=split.val_fraction, seed=split.seed, fold=fold)
    return thinned(whole, split.train_fraction, seed=split.fraction_seed)


def as_in_training(catalog: Catalog, card: Card, split: str) -> Catalog:
    """The data set that a model was trained on, with the splits that training created.

    Raises:
        DataError: It is not the same data set.
    """
    assert card.split is not None, "the card of a trained model"
    made = split_again(catalog, card, card.split)
    if made.fingerprint() != card.data.get("fingerprint"):
        raise DataError(
            f"{catalog.root} has no {split!r} split of its own, and the one from training cannot be reproduced:"
            " the data has changed since, or it is another data set.",
            "Restore the data set, or evaluate all of it without --split.",
        )
    return made
