"""A network as one ONNX graph with the card in its metadata.

Shapes: B images, S T height and width of the input.
"""

import io
import warnings
from typing import Any

import numpy as np
import torch

from foveal.deploy.evidence_graph import with_evidence
from foveal.errors import MissingExtraError
from foveal.inference.backends.torch_backend import TorchBackend
from foveal.tasks.table import open_output
from foveal.types.arrays import RGB

OPSET = 18


def to_onnx(backend: TorchBackend, example: RGB, *, evidence: bool = False) -> bytes:
    """The graph as ONNX with the card in its metadata, unchecked; with ``evidence`` it also gives cell scores.

    Raises:
        MissingExtraError: onnx or onnxscript is not installed.
        ConfigError: A model without cell scores.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401  what torch's exporter writes with
    except ModuleNotFoundError as error:
        raise MissingExtraError("export a model", error.name or "onnx") from None
    graph, card = with_evidence(backend) if evidence else (backend.graph, backend.card)
    graph = graph.cpu().eval()
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
    card = card.model_copy(update={"outputs": open_output(card).describe(names)})
    entry.key, entry.value = "foveal", card.model_dump_json()
    onnx.save_model(proto, buffer)
    return buffer.getvalue()
