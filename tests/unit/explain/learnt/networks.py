"""Small networks, and one that is pretrained."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from foveal.artifact.card import Card
from foveal.inference.backends.torch_backend import TorchBackend
from foveal.inference.predictor import Predictor
from foveal.models.config import ModelConfig
from foveal.tasks.table import open_task
from foveal.types.arrays import RGB

HALF = {"mean": [0.5] * 3, "std": [0.5] * 3}


def network(
    backbone: str = "conv4",
    size: int = 64,
    task: str = "classify",
    *,
    names: Sequence[str] = ("ants", "bees", "wasps"),
    decode: Mapping[str, object] | None = None,
    pretrained: bool = False,
    **own: object,
) -> Predictor:
    """The same every time; pretrained: with ImageNet's weights, which take values in [-1, 1]."""
    card = Card.model_validate(
        {
            "task": task,
            "classes": {"names": list(names)},
            "input": {
                "kind": "image",
                "size": size,
                "train_size": size,
                "fit": "letterbox",
                "mean": [0.5] * 3,
                "std": [0.5] * 3,
            },
            "model": {"backbone": backbone, "weights": "auto" if pretrained else "none"},
            "own": own,
            "decode": dict(decode or {}),
        }
    )
    torch.manual_seed(0)
    built = open_task(card).build(ModelConfig.model_validate(card.model), pretrained=pretrained)
    return Predictor(TorchBackend(built.eval(), card))


def backend_of(predictor: Predictor) -> TorchBackend:
    """What runs it."""
    assert isinstance(predictor.backend, TorchBackend)
    return predictor.backend


def noise(side: int = 64, seed: int = 0) -> RGB:
    """An image of noise."""
    return np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8)
