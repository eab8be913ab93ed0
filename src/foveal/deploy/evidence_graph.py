"""A network whose graph also gives cell scores: what each place of the map says for each class.

Shapes: B images, K classes, S T height and width of the input, h w of the map.
"""

import torch
from torch import Tensor

from foveal.artifact.card import Card
from foveal.errors import ConfigError
from foveal.inference.backends.contract import EVIDENCE
from foveal.inference.backends.torch_backend import Graph, TorchBackend
from foveal.types.input_spec import InputSpec


class GraphWithEvidence(Graph):
    """Predictions and cell scores of one pass: what an export with evidence contains."""

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Activated outputs and ``evidence`` (B, K, h, w), for (B, S, T, 3) uint8 images."""
        maps = self.model.look(self.inputs(images))
        raw = self.model.answer(maps)
        cells = self.task.cells(self.model, maps, raw)
        assert cells is not None, "a task with cell scores"
        return {**self.task.activate(raw), EVIDENCE: cells}


def with_evidence(backend: TorchBackend) -> tuple[GraphWithEvidence, Card]:
    """The graph that also gives cell scores, and the card that knows them.

    Raises:
        ConfigError: A model that has none.
    """
    size = backend.card.input_as(InputSpec).size
    with torch.inference_mode():
        found = backend.graph.cells(torch.zeros((1, *size.shape, 3), dtype=torch.uint8, device=backend.device))
    if EVIDENCE not in found:
        raise ConfigError(
            "This model has no scores of cells to export: it does not read its classes off the places of one map.",
            "Export it without --evidence; foveal explain --method rise and occlusion work on every exported file.",
        )
    rows, columns = found[EVIDENCE].shape[2:]
    card = backend.card.model_copy(update={"evidence": {EVIDENCE: (int(columns), int(rows))}})
    return GraphWithEvidence(backend.graph.model, card, backend.graph.task), card
