"""``foveal.evaluate``: evaluate a model on a data set. No torch: exported models are evaluated the same way."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from foveal.artifact.atomic import make_folder, write_atomic
from foveal.artifact.card import Card
from foveal.data.catalog.catalog import SPLITS, Catalog
from foveal.data.catalog.split import with_splits
from foveal.data.formats.read import read
from foveal.data.outside import INSIDE, check_outside, lies_inside
from foveal.errors import DataError
from foveal.inference.load import load
from foveal.inference.predictor import Predictor
from foveal.inference.views import Viewing
from foveal.report.findings.find import find
from foveal.runs.evaluation import Evaluation, to_dict, write_predictions
from foveal.runs.evaluation import evaluate as evaluate_catalog
from foveal.runs.report.evaluation import write_evaluation_report
from foveal.runs.report.evidence import evidence
from foveal.runs.train import free_folder
from foveal.tasks.table import get_spec


@dataclass(frozen=True)
class EvaluationRun:
    """An evaluation and its files.

    Attributes:
        evaluation: Truths, predictions and the results.
        document: The results as plain values, as ``--json`` prints them.
        folder: Where metrics.json, predictions.csv and report.html are.
        notes: Caveats about the numbers.
    """

    evaluation: Evaluation
    document: dict[str, object]
    folder: Path
    notes: tuple[str, ...]


def evaluate(
    model: str | Path | Predictor,
    data: str | Path,
    *,
    split: str | None = None,
    classes: str = "",
    ignore: Sequence[int] = (),
    out: str | Path | None = None,
    device: str = "auto",
    viewing: Viewing | None = None,
    seed: int = 0,
) -> EvaluationRun:
    """Evaluate a model on labelled images, with the model's class map.

    Args:
        model: A run folder, a .safetensors or .onnx file, or an open model.
        data: An image folder, a table, a COCO, VOC or YOLO data set, or images with masks. Where it has several splits,
            ``split`` selects one.
        split: ``train``, ``val`` or ``test``; by default all images, or ``test``, else ``val``, where splits exist. For
            the training data set, ``val`` may be the images that training held out.
        classes: Of masks whose pixel values are not those the model was trained on, see ``data.formats.mask_folder``.
        ignore: Pixel values in masks that are ignored.
        out: Folder for metrics.json and predictions.csv; by default ``evaluations/NAME``, numbered if that exists.
        device: Where a torch network runs.
        viewing: Tiles and test-time augmentation (mirrored, several scales); None: one view of each full image.
        seed: For the bootstrap.

    Raises:
        FovealError: Bad model, data or folder; an unknown class is named.
    """
    folder = Path(out) if out is not None else free_folder(Path(data), "evaluations")
    if out is None:
        check_outside(folder, Path(data))
    predictor = model if isinstance(model, Predictor) else load(model, device=device)
    catalog = read(
        Path(data),
        categories=predictor.output.categories,
        classes=classes,
        ignore=ignore,
        annotations=get_spec(predictor.card.task).annotations,
    )
    if split is not None and split not in SPLITS:
        raise DataError(f"Unknown split {split!r}.", f"Splits: {', '.join(SPLITS)}.")
    notes = list(catalog.notes)
    if split in ("train", "val") and not catalog.has(split) and not catalog.has("val") and predictor.card.split:
        catalog = as_in_training(catalog, predictor.card, split)
        notes.append(
            f"The data set has no {split!r} split of its own; evaluated on the images that training held out"
            f" (seed {predictor.card.split.seed}, {predictor.card.split.val_fraction:.0%})."
        )
    there = [name for name in ("test", "val", "train") if catalog.has(name)]
    chosen = split or (there[0] if there else None)
    part = catalog.split(chosen) if chosen else catalog
    predictor.output.accept(part)
    evaluation = evaluate_catalog(predictor, part, viewing=viewing, seed=seed)
    caveats: list[str] = []
    may_be = chosen in (None, "train") and len(catalog) >= int(predictor.card.data.get("images", 0))
    if may_be and predictor.card.data.get("content") == catalog.content_fingerprint():
        caveats.append("The model was trained on these images; expect lower numbers on others.")
    make_folder(folder)
    document = to_dict(evaluation, predictor.card.task)
    document["data"] = str(data)
    if viewing is not None and not viewing.plain:
        document["viewing"] = asdict(viewing)
    findings = find(evidence(predictor, evaluation, caveats=caveats))
    document["findings"] = [finding.to_dict() for finding in findings]
    write_atomic(folder / "metrics.json", _json(document))
    write_predictions(folder / "predictions.csv", evaluation, predictor)
    name = str(model) if isinstance(model, str | Path) else "an open model"
    missing = write_evaluation_report(folder, predictor, evaluation, findings, model=name, data=str(data), split=chosen)
    notes += [*caveats, *([missing] if missing else [])]
    if lies_inside(folder, Path(data)):
        notes.append(INSIDE.format(folder))
    if out is None and folder.name != Path(data).resolve().stem:
        notes.append(f"The results are in {folder}; earlier ones are kept.")
    return EvaluationRun(evaluation, document, folder, tuple(notes))


def as_in_training(catalog: Catalog, card: Card, split: str) -> Catalog:
    """The data set that a model was trained on, with the splits that training created.

    Raises:
        DataError: It is not the same data set.
    """
    assert card.split is not None, "the card of a trained model"
    made = with_splits(catalog, val_fraction=card.split.val_fraction, seed=card.split.seed)
    if made.fingerprint() != card.data.get("fingerprint"):
        raise DataError(
            f"{catalog.root} has no {split!r} split of its own, and the one from training cannot be reproduced:"
            " the data has changed since, or it is another data set.",
            "Restore the data set, or evaluate all of it without --split.",
        )
    return made


def _json(document: dict[str, object]) -> str:
    import json

    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
