"""Two layers on normalised columns.

Shapes: B rows per batch, F columns.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from foveal.artifact.card import Card
from foveal.artifact.store import load
from foveal.models.contract import Network
from foveal.types.arrays import Array, FloatArray
from foveal.types.streams.series_spec import SeriesSpec


class Regressor(Network):
    """(B, F) numbers in their own units -> (B,) numbers."""

    mean: Tensor
    std: Tensor

    def __init__(self, spec: SeriesSpec, *, hidden: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([c.mean for c in spec.columns]), persistent=False)
        self.register_buffer("std", torch.tensor([c.std for c in spec.columns]), persistent=False)
        self.body = nn.Sequential(nn.Linear(len(spec.columns), hidden), nn.ReLU(), nn.Dropout(0.1))
        self.head = nn.Linear(hidden, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Predict."""
        out: Tensor = self.head(self.body((inputs - self.mean) / self.std)).squeeze(1)
        return out

    def stages(self) -> Sequence[nn.Module]:
        """The one below the head."""
        return [self.body]

    @property
    def pretrained(self) -> frozenset[str]:
        """Everything starts at random."""
        return frozenset()


def build(card: Card, tensors: Mapping[str, Array]) -> Regressor:
    """The network of a model file."""
    network = Regressor(card.input_as(SeriesSpec), hidden=card.model["hidden"])
    network.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in tensors.items()})
    return network.eval()


@torch.inference_mode()
def predict(path: Path, inputs: FloatArray) -> FloatArray:
    """What a model file predicts for (N, F) numbers: (N,)."""
    predicted: FloatArray = build(*load(path))(torch.from_numpy(inputs).float()).numpy()
    return predicted
