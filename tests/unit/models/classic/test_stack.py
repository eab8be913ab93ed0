"""A network from one line."""

import pytest
import torch
from torch import nn

from foveal.errors import ConfigError
from foveal.models.backbone import Backbone
from foveal.models.classic.stack import Recipe, parse
from foveal.models.pyramid import InnerMaps


def test_letters() -> None:
    line = "conv:N=3,M=2,K=0,width=16,act=tanh,pool=avg,pad=reflect,norm=none"
    assert parse(line) == Recipe(3, 2, 0, 16, "tanh", "avg", "reflect", "none")
    assert parse("conv:") == Recipe()


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("conv:Q=2", "unknown letter 'Q'; known: N, M, K, width, kernel, act, pool, pad, norm"),
        ("conv:N", "unknown letter 'N'"),
        ("conv:N=0", "N=0 is no whole number from 1 to 8"),
        ("conv:M=two", "M=two is no whole number"),
        ("conv:K=-1", "K=-1 is no whole number from 0 to 4"),
        ("conv:width=4096", "width=4096 is no whole number from 1 to 1,024"),
        ("conv:kernel=4", "kernel=4 is even, so it has no middle"),
        ("conv:kernel=13", "kernel=13 is no whole number from 1 to 11"),
        ("conv:act=swish", "act=swish is none of relu, leaky, maxout, tanh, sigmoid"),
        ("conv:pad=same", "pad=same is none of zeros, reflect"),
        ("conv:N=1,N=2", "N is given twice"),
    ],
)
def test_faults_name_the_letter(line: str, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        Backbone(line)


@pytest.mark.parametrize("act", ["relu", "leaky", "maxout", "tanh", "sigmoid"])
@pytest.mark.parametrize("pool", ["max", "avg", "none"])
@pytest.mark.parametrize("fully", [0, 2])
def test_layers_are_those_of_the_line(act: str, pool: str, fully: int) -> None:
    net = Backbone(f"conv:N=2,M=3,K={fully},width=8,act={act},pool={pool},pad=reflect").eval()
    convs = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    assert len(convs) == 2 * 3 + fully
    assert all(conv.padding_mode == "reflect" for conv in convs[:6])
    assert sum(isinstance(m, nn.MaxPool2d | nn.AvgPool2d) for m in net.modules()) == (0 if pool == "none" else 3)
    with torch.no_grad():
        features = net(torch.randn(2, 3, 20, 28))
    side = (1, 1) if fully else (20, 28) if pool == "none" else (3, 4)
    assert tuple(features.shape) == (2, 8 if fully else 32, *side)
    assert torch.isfinite(features).all()


@pytest.mark.parametrize("pad", ["zeros", "reflect"])
def test_a_kernel_keeps_the_size_of_the_map(pad: str) -> None:
    net = Backbone(f"conv:N=1,M=2,K=0,width=4,kernel=5,pool=none,pad={pad}").eval()
    convs = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    assert [tuple(conv.weight.shape[2:]) for conv in convs] == [(5, 5), (5, 5)]
    with torch.no_grad():
        assert tuple(net(torch.randn(1, 3, 9, 11)).shape) == (1, 8, 9, 11)


def test_detectors_may_stand_on_it() -> None:
    assert InnerMaps("conv:N=1,M=5,width=8").strides == (2, 4, 8, 16, 32)
    with pytest.raises(ConfigError, match="no maps at several strides"):
        InnerMaps("conv:pool=none")
