"""One self-contained .onnx, written only if it agrees with the network on real images, on every engine that is there.

Shapes: N images, S T height and width of the input.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from foveal.artifact.atomic import write_atomic
from foveal.deploy import evidence as cells
from foveal.deploy.fp16 import halve
from foveal.deploy.headline import POINT, Labelled, change, evaluate_on
from foveal.deploy.int8.choose import to_int8
from foveal.deploy.int8.report import measure
from foveal.deploy.parity import Parity, compare, with_headline, worst_of
from foveal.errors import ArtifactError, MissingExtraError, ParityError
from foveal.inference.backends.choose import has_openvino
from foveal.inference.backends.contract import NAMES, Backend
from foveal.inference.backends.onnx_backend import OnnxBackend
from foveal.inference.backends.openvino_backend import OpenVinoBackend
from foveal.inference.predictor import Predictor, Prepared, Source
from foveal.types.progress import Progress, silent

TOLERANCES_FP16: Mapping[str, float] = {
    "box_px": 4.0,
    "score": 0.02,
    "pixels": 0.01,
    "mask": 0.02,
    **cells.TOLERANCES_FP16,
}
"""What rounding the weights to half precision may change; the headline has the tolerance of float."""
AGREEMENT_FP16 = 0.98


@dataclass(frozen=True)
class Precision:
    """How the weights are stored.

    Attributes:
        name: fp32, fp16 or int8.
        calibration: For int8: images that ranges are taken from, none of them labelled ones.
        max_drop: For int8: points of the headline that may be lost.
    """

    name: str = "fp32"
    calibration: Sequence[Source] = ()
    max_drop: float = 1.0


def export(
    model: Predictor,
    out: Path,
    *,
    images: Sequence[Source],
    source: str = "",
    content: bytes | None = None,
    labelled: Labelled | None = None,
    unlabelled: str = "",
    precision: Precision | None = None,
    evidence: bool = False,
    progress: Progress = silent,
) -> Parity:
    """Write a model as ONNX, with a record of the comparison beside it.

    The graph takes (B, S, T, 3) uint8 RGB images and holds normalisation, network and activation; B is free.

    Args:
        model: A model on torch, or an exported one in float.
        out: The file to write.
        images: Real images that both must agree on.
        source: Where they are from, for the record.
        content: The exported model's bytes; None: ``model`` is on torch and is written.
        labelled: Images that the headline metric is compared on; None: it is not.
        unlabelled: Why there are none.
        precision: How the weights are stored; None: in float32.
        evidence: Whether the graph also gives cell scores, which must then agree too.
        progress: Called as the work goes on, with what is done.

    Raises:
        ArtifactError: The model is an export already, and its bytes are not given.
        ParityError: The two disagree; no file is written.
        ConfigError: A model without cell scores.
    """
    precision = precision or Precision()
    prepared = [model.prepare(image) for image in images]
    if content is None:
        progress("writing the graph", 0, None)
        content = write_graph(model, prepared, evidence=evidence)
    if precision.name == "int8":
        assert labelled is not None, "labelled images to measure the drop on"
        content, parity = _on_integers(model, content, prepared, labelled, precision, progress)
    else:
        if precision.name == "fp16":
            content = halve(content)
        parity = _in_float(model, content, prepared, labelled, progress)
        if precision.name == "fp16":
            tolerances = {name: TOLERANCES_FP16.get(name, value) for name, value in parity.tolerances.items()}
            parity = replace(parity, tolerances=tolerances, min_agreement=AGREEMENT_FP16)
        parity = replace(parity, unlabelled=unlabelled)
    if not parity.passed:
        raise disagreement(parity, precision.name)
    write_atomic(out, content)
    record = {**asdict(parity), "source": source, "precision": precision.name, "passed": True}
    write_atomic(record_of(out), json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    return parity


def record_of(out: Path) -> Path:
    """Where the comparison of an exported file is written."""
    return out.with_name("parity.json") if out.name == "model.onnx" else out.with_suffix(".json")


def write_graph(model: Predictor, prepared: Sequence[Prepared], *, evidence: bool = False) -> bytes:
    """A model on torch as ONNX.

    Raises:
        ArtifactError: The model is an export already.
        ConfigError: A model without cell scores.
    """
    from foveal.deploy.graph import to_onnx
    from foveal.inference.backends.torch_backend import TorchBackend

    if not isinstance(model.backend, TorchBackend):
        raise ArtifactError("This model is an exported file already.", "Export the run or its model.safetensors.")
    return to_onnx(model.backend, np.stack([p.pixels for p in prepared[:2]]), evidence=evidence)


def engines() -> dict[str, Callable[[bytes], Backend]]:
    """What opens an exported file here, by the engine's name in words; the one that is preferred first."""
    found: dict[str, Callable[[bytes], Backend]] = {}
    if has_openvino():
        found[NAMES["openvino"]] = OpenVinoBackend
    found[NAMES["onnxruntime"]] = lambda content: OnnxBackend(content, device="cpu")
    return found


def require_openvino() -> None:
    """Refuse an export for OpenVINO where it cannot be tried.

    Raises:
        MissingExtraError: It is not installed.
    """
    if not has_openvino():
        raise MissingExtraError("export a model for OpenVINO", "openvino", extra="openvino")


def _in_float(
    model: Predictor,
    content: bytes,
    prepared: Sequence[Prepared],
    labelled: Labelled | None,
    progress: Progress,
) -> Parity:
    """The comparison of every engine with the network."""
    progress("comparing both models", 0, None)
    parities, changes = [], []
    before = None if labelled is None else evaluate_on(model, labelled)
    for opened in engines().values():
        with Predictor(opened(content)) as exported:
            parity = compare(model, exported, prepared)
            parities.append(cells.with_cells(parity, model, exported, prepared) if exported.card.evidence else parity)
            if before is not None and labelled is not None:
                changes.append(change(model, before, evaluate_on(exported, labelled)))
    worst = max(changes, key=lambda one: abs(one.drop), default=None)
    return with_headline(worst_of(parities), worst)


def _on_integers(
    model: Predictor,
    content: bytes,
    prepared: Sequence[Prepared],
    labelled: Labelled,
    precision: Precision,
    progress: Progress,
) -> tuple[bytes, Parity]:
    """The model on integers and its report; what is allowed is the drop of the headline."""
    calibration = np.stack([model.prepare(image).pixels for image in precision.calibration])
    opening = engines()
    made, report = to_int8(
        model, content, calibration, labelled, engines=opening, max_drop=precision.max_drop, progress=progress
    )
    progress("timing both files", 0, None)
    pixels = np.stack([one.pixels for one in prepared[:8]])
    speeds = [measure(opened(content), opened(made), pixels) for opened in opening.values()]
    report = replace(report, speeds=speeds)
    worst = max(report.changes.values(), key=lambda one: one.high)
    with Predictor(next(iter(opening.values()))(made)) as exported:
        parity = compare(model, exported, prepared)
    return made, replace(
        parity,
        differences={worst.metric: worst.high},
        tolerances={worst.metric: precision.max_drop * POINT},
        min_agreement=0.0,
        engines=tuple(speed.engine for speed in speeds),
        headline=worst,
        int8=report,
    )


def disagreement(parity: Parity, precision: str) -> ParityError:
    """The error for an export that differs from its network."""
    worst = parity.worst
    hint = "Another backbone, or other versions of torch and onnx, may work; please report it."
    if precision == "fp16":
        hint = "Weights in half precision cost this model more than that: export it without --fp16."
    return ParityError(
        f"The exported graph disagrees with the network: {worst} differs by"
        f" {parity.differences[worst]:.2g} (allowed {parity.tolerances[worst]:g}), the top prediction agrees on"
        f" {parity.agreement:.1%} of {parity.images} images (needs {parity.min_agreement:.1%}). Nothing was written.",
        hint,
    )
