"""One self-contained .onnx, written only if it agrees with the network on real pictures.

Shapes: B pictures, S side of the input.
"""

import io
import json
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from foveal.artifact.atomic import write_atomic
from foveal.errors import ArtifactError, MissingExtraError, ParityError
from foveal.inference.onnx_backend import OnnxBackend
from foveal.inference.predictor import Predictor, Source
from foveal.inference.torch_backend import TorchBackend
from foveal.types.arrays import RGB, Array

OPSET = 18
TOLERANCE = 1e-4
"""Largest absolute difference of an activated output (scores lie in [0, 1])."""
MIN_AGREEMENT = 0.999
"""Least part of pictures with the same first answer."""


@dataclass(frozen=True)
class Parity:
    """How far an export agrees with its network.

    Attributes:
        images: Pictures both ran on.
        max_abs_difference: Largest absolute difference, by output.
        tolerance: What is allowed.
        agreement: Part of pictures with the same first answer.
        min_agreement: What is asked for.
    """

    images: int
    max_abs_difference: dict[str, float]
    tolerance: float
    agreement: float
    min_agreement: float

    @property
    def passed(self) -> bool:
        """Whether the export may be kept."""
        worst = max(self.max_abs_difference.values())
        return worst <= self.tolerance and self.agreement >= self.min_agreement


def export(model: Predictor, out: Path, *, pictures: Sequence[Source]) -> Parity:
    """Write a model as ONNX, with parity.json beside it.

    The graph takes (B, S, S, 3) uint8 RGB pictures and holds normalisation, network and activation; B is free.

    Args:
        model: A model on torch.
        out: The file to write.
        pictures: Real pictures that both must agree on.

    Raises:
        ArtifactError: The model is an export already.
        ParityError: The two disagree; no file is written.
    """
    backend = model.backend
    if not isinstance(backend, TorchBackend):
        raise ArtifactError("This model is an exported file already.", "Export the run or its model.safetensors.")
    prepared = np.stack([model.prepare(picture).pixels for picture in pictures])
    content = to_onnx(backend, prepared[:2])
    parity = compare(model, Predictor(OnnxBackend(content)), prepared)
    if not parity.passed:
        worst = max(parity.max_abs_difference, key=lambda name: parity.max_abs_difference[name])
        raise ParityError(
            f"The exported graph disagrees with the network: {worst} differs by"
            f" {parity.max_abs_difference[worst]:.2g} (allowed {TOLERANCE:g}), the first answer agrees on"
            f" {parity.agreement:.1%} of {parity.images} pictures (needs {MIN_AGREEMENT:.1%}). Nothing was written.",
            "Another backbone, or other versions of torch and onnx, may work; please report it.",
        )
    write_atomic(out, content)
    write_atomic(out.with_name("parity.json"), json.dumps({**asdict(parity), "passed": True}, indent=2) + "\n")
    return parity


def to_onnx(backend: TorchBackend, example: RGB) -> bytes:
    """The graph as ONNX with the card in its metadata; nothing is checked here.

    Raises:
        MissingExtraError: onnx or onnxscript is not installed.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401  what torch's exporter writes with
    except ModuleNotFoundError as error:
        raise MissingExtraError("export a model", error.name or "onnx") from None
    graph = backend.graph.cpu().eval()
    images = torch.from_numpy(np.concatenate([example, example])[:2])
    with torch.inference_mode():
        names = list(graph(images))
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations are no news to a user
        program: Any = torch.onnx.export(
            graph,
            (images,),
            dynamo=True,
            opset_version=OPSET,
            input_names=["images"],
            output_names=names,
            dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
            verbose=False,
        )
        proto: onnx.ModelProto = program.model_proto
    entry = proto.metadata_props.add()
    entry.key, entry.value = "foveal", backend.card.model_dump_json()
    onnx.save_model(proto, buffer)
    return buffer.getvalue()


def compare(network: Predictor, exported: Predictor, prepared: RGB) -> Parity:
    """Run both on the same prepared pictures, the export also one by one so that a fixed batch would show."""
    ours, theirs = _run(network, prepared, 16), _run(exported, prepared, 7)
    differences = {
        name: float(np.max(np.abs(ours[name].astype(np.float64) - theirs[name]))) if name in theirs else float("inf")
        for name in ours
    }
    answers = [_first_answers(p, a, prepared) for p, a in ((network, ours), (exported, theirs))]
    agreement = float(np.mean([a == b for a, b in zip(*answers, strict=True)]))
    return Parity(len(prepared), differences, TOLERANCE, agreement, MIN_AGREEMENT)


def _run(model: Predictor, prepared: RGB, batch: int) -> dict[str, Array]:
    parts = [model.backend.run(prepared[i : i + batch]) for i in range(0, len(prepared), batch)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _first_answers(model: Predictor, arrays: dict[str, Array], prepared: RGB) -> list[str]:
    geometries = [model.spec.geometry(*p.shape[1::-1]) for p in prepared]
    predictions = model.task.assemble(arrays, geometries, model.categories, model.options)
    return [model.task.rows(p)[0][0] if model.task.rows(p) else "" for p in predictions]
