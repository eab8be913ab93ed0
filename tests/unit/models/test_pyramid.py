"""Backbones with maps at several strides."""

import pytest
import torch
from torch import nn

from foveal.models.pyramid import InnerMaps, early_stages

EARLY = {
    "tf_efficientnet_lite0": 3,
    "resnet18": 2,
    "convnext_atto": 2,
    "densenet121": 2,
    "conv5": 2,
    "vit_tiny_patch16_224": 0,
    "hrnet_w18": 0,
    "alexnet": 0,
    "rdnet_tiny": 3,
}
"""Stages up to stride 4: none of a network that has no such map, or goes through all its stages on the way there."""


@pytest.mark.parametrize("name", EARLY)
def test_stages_up_to_a_stride(name: str) -> None:
    assert early_stages(name, 4) == EARLY[name]


@pytest.mark.parametrize("name", [name for name, count in EARLY.items() if count])
def test_stages_up_to_a_stride_are_those_that_its_map_comes_from(name: str) -> None:
    inner, images, count = InnerMaps(name, (4, 8, 16, 32)).eval(), torch.rand(1, 3, 64, 64), early_stages(name, 4)
    before = inner(images)[0]
    with torch.no_grad():
        for stage in inner.stages()[count:]:
            _disturb(stage)
    assert torch.equal(inner(images)[0], before), "a later stage has a part in the map"
    with torch.no_grad():
        _disturb(inner.stages()[count - 1])
    assert not torch.equal(inner(images)[0], before)


def _disturb(stage: nn.Module) -> None:
    for parameter in stage.parameters():
        parameter.add_(0.1)
