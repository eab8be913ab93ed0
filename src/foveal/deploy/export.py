"""One self-contained .onnx, written only if it agrees with the network on real images.

Shapes: B images, S side of the input.
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
from foveal.inference.backends.onnx_backend import OnnxBackend
from foveal.inference.backends.torch_backend import TorchBackend
from foveal.inference.predictor import Predictor, Prepared, Source
from foveal.tasks.table import open_output
from foveal.types.arrays import RGB
from foveal.types.progress import Progress, silent

OPSET = 18
MIN_AGREEMENT = 0.999
"""Smallest fraction of images with the same top prediction."""


@dataclass(frozen=True, repr=False)
class Parity:
    """How far an export agrees with its network.

    Attributes:
        images: Images both ran on.
        differences: The largest difference between the predictions, by the task's measures.
        tolerances: What is allowed.
        agreement: Fraction of images with the same top prediction.
        min_agreement: The fraction required.
    """

    images: int
    differences: dict[str, float]
    tolerances: dict[str, float]
    agreement: float
    min_agreement: float

    def __repr__(self) -> str:
        """One line: ``Parity(passed: score 1.2e-07; 64 images)``."""
        listed = ", ".join(f"{name} {value:.1e}" for name, value in list(self.differences.items())[:6])
        return f"Parity({'passed' if self.passed else 'failed'}: {listed}; {self.images} images)"

    @property
    def worst(self) -> str:
        """The difference furthest beyond, or closest to, its tolerance."""
        return max(self.differences, key=lambda name: self.differences[name] / self.tolerances[name])

    @property
    def passed(self) -> bool:
        """Whether the export may be kept."""
        inside = all(value <= self.tolerances[name] for name, value in self.differences.items())
        return inside and self.agreement >= self.min_agreement


def export(
    model: Predictor, out: Path, *, images: Sequence[Source], source: str = "", progress: Progress = silent
) -> Parity:
    """Write a model as ONNX, with parity.json beside it.

    The graph takes (B, S, S, 3) uint8 RGB images and holds normalisation, network and activation; B is free.

    Args:
        model: A model on torch.
        out: The file to write.
        images: Real images that both must agree on.
        source: Where they are from, for parity.json.
        progress: Called as the work goes on, with what is done.

    Raises:
        ArtifactError: The model is an export already.
        ParityError: The two disagree; no file is written.
    """
    backend = model.backend
    if not isinstance(backend, TorchBackend):
        raise ArtifactError("This model is an exported file already.", "Export the run or its model.safetensors.")
    prepared = [model.prepare(image) for image in images]
    progress("writing the graph", 0, None)
    content = to_onnx(backend, np.stack([p.pixels for p in prepared[:2]]))
    progress("comparing both models", 0, None)
    parity = compare(model, Predictor(OnnxBackend(content)), prepared)
    if not parity.passed:
        worst = parity.worst
        raise ParityError(
            f"The exported graph disagrees with the network: {worst} differs by"
            f" {parity.differences[worst]:.2g} (allowed {parity.tolerances[worst]:g}), the top prediction agrees on"
            f" {parity.agreement:.1%} of {parity.images} images (needs {MIN_AGREEMENT:.1%}). Nothing was written.",
            "Another backbone, or other versions of torch and onnx, may work; please report it.",
        )
    write_atomic(out, content)
    record = {**asdict(parity), "source": source, "passed": True}
    write_atomic(out.with_name("parity.json"), json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    return parity


def to_onnx(backend: TorchBackend, example: RGB) -> bytes:
    """The graph as ONNX with the card in its metadata, unchecked.

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
        warnings.simplefilter("ignore")  # deprecations inside the exporter are not the user's
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
    card = backend.card.model_copy(update={"outputs": open_output(backend.card).describe(names)})
    entry.key, entry.value = "foveal", card.model_dump_json()
    onnx.save_model(proto, buffer)
    return buffer.getvalue()


def compare(network: Predictor, exported: Predictor, prepared: Sequence[Prepared]) -> Parity:
    """Predict on the same prepared images with both, in batches of two sizes, so that a fixed batch size would show."""
    output = network.output.for_parity()
    both = ((network, 16), (exported, 7))
    ours, theirs = (list(p.with_output(output).stream(prepared, batch_size=b)) for p, b in both)
    differences = dict.fromkeys(output.tolerances, 0.0)
    for mine, other in zip(ours, theirs, strict=True):
        for name, value in output.differences(mine, other).items():
            differences[name] = max(differences[name], value)
    agreement = float(np.mean([output.top_label(a) == output.top_label(b) for a, b in zip(ours, theirs, strict=True)]))
    return Parity(len(prepared), differences, dict(output.tolerances), agreement, MIN_AGREEMENT)
