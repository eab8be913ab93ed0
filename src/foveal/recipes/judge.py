"""``foveal.evaluate``: a model on a later data set. No torch: exported models are judged the same way."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from foveal.artifact.atomic import make_folder, write_atomic
from foveal.data.catalog import SPLITS
from foveal.data.read import read
from foveal.engine.evaluate import Evaluation, to_dict, write_predictions
from foveal.engine.evaluate import evaluate as judge
from foveal.errors import DataError
from foveal.inference.load import load
from foveal.inference.predictor import Predictor
from foveal.inference.views import Viewing


@dataclass(frozen=True)
class Verdict:
    """How a model did.

    Attributes:
        evaluation: Truths, predictions and the judgement.
        document: The same as plain values, as ``--json`` prints it.
        folder: Where metrics.json and predictions.csv are.
        notes: What a person should know before believing the numbers.
    """

    evaluation: Evaluation
    document: dict[str, Any]
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
) -> Verdict:
    """Judge a model on pictures with known answers, by the model's own class map.

    Args:
        model: A run folder, a .safetensors or .onnx file, or an open model.
        data: An image folder, a table, a COCO, VOC or YOLO data set, or pictures with masks. Where it has train and
            other splits, ``split`` says which is judged.
        split: ``train``, ``val`` or ``test``; by default everything, or ``test`` / ``val`` where splits exist.
        classes: Of masks, see ``data.formats.mask_folder.read``: whose codes are not those the model was trained on.
        ignore: Codes in masks that count nowhere.
        out: Folder for metrics.json and predictions.csv; by default ``evaluations/NAME``.
        device: Where a torch network runs.
        viewing: How each picture is looked at (tiles, mirrored, in several sizes); None: once, whole.
        seed: Of the bootstrap.

    Raises:
        FovealError: Bad model, data or folder; an unknown class is named.
    """
    predictor = model if isinstance(model, Predictor) else load(model, device=device)
    catalog = read(
        Path(data),
        categories=predictor.categories,
        classes=classes,
        ignore=ignore,
        wants=predictor.task.annotations,
    )
    if split is not None and split not in SPLITS:
        raise DataError(f"There is no split {split!r}.", f"Splits: {', '.join(SPLITS)}.")
    there = [name for name in ("test", "val", "train") if catalog.has(name)]
    chosen = split or (there[0] if there else None)
    part = catalog.split(chosen) if chosen else catalog
    predictor.task.accept(part, predictor.options)
    evaluation = judge(predictor, part, viewing=viewing, seed=seed)
    folder = Path(out) if out is not None else Path("evaluations") / Path(data).resolve().stem
    make_folder(folder)
    document = to_dict(evaluation, predictor.task.name)
    document["data"] = str(data)
    if viewing is not None and not viewing.plain:
        document["viewing"] = asdict(viewing)
    write_atomic(folder / "metrics.json", _json(document))
    write_predictions(folder / "predictions.csv", evaluation, predictor)
    notes = list(catalog.notes)
    if chosen in (None, "train") and predictor.card.data.get("content") == catalog.content_fingerprint():
        notes.append("These are the very pictures the model was trained on; the numbers say little about others.")
    return Verdict(evaluation, document, folder, tuple(notes))


def _json(document: dict[str, Any]) -> str:
    import json

    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
