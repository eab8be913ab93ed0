"""The classic networks have their papers' parameters, and take what their design allows."""

import pytest
import torch

from foveal.errors import ConfigError
from foveal.models.backbone import Backbone
from foveal.models.classic.table import CLASSICS, NETWORKS
from foveal.models.pyramid import InnerMaps


@pytest.mark.parametrize("name", CLASSICS)
def test_parameters_are_the_papers(name: str) -> None:
    classic = CLASSICS[name]
    with torch.device("meta"):
        net = Backbone(name)
    count = sum(p.numel() for p in net.parameters()) + (net.num_features + 1) * classic.classes
    assert count == pytest.approx(classic.parameters, rel=0.005)
    assert 1980 < classic.year < 2030
    assert classic.top5_error is None or 3 < classic.top5_error < 20


@pytest.mark.parametrize(
    ("name", "stated"),
    [
        ("alexnet", 60e6),
        ("vgg11", 133e6),
        ("vgg16", 138e6),
        ("vgg19", 144e6),
        ("resnet50", 25.5e6),
        ("densenet121", 8e6),
        ("efficientnet_b0", 5.3e6),
        ("lenet5", 60e3),
        ("cifar_resnet20", 0.27e6),
        ("cifar_resnet56", 0.85e6),
    ],
)
def test_counts_round_to_what_the_papers_state(name: str, stated: float) -> None:
    assert CLASSICS[name].parameters == pytest.approx(stated, rel=0.02)


@pytest.mark.parametrize("name", NETWORKS)
def test_stages_hold_every_parameter_once(name: str) -> None:
    with torch.device("meta"):
        net = Backbone(name)
    inside = [p for stage in net.stages() for p in stage.parameters()]
    assert len(inside) == len({id(p) for p in inside}) == len(list(net.parameters()))


@pytest.mark.parametrize("name", [name for name, own in NETWORKS.items() if not own.fixed])
@pytest.mark.parametrize("size", [(224, 224), (96, 160), (40, 40)])
def test_any_size(name: str, size: tuple[int, int]) -> None:
    with torch.device("meta"):
        net = Backbone(name)
        (features,) = (net(torch.zeros(1, 3, *size)),)
    assert features.shape[:2] == (1, net.num_features)
    assert min(features.shape[2:]) >= 1


def test_a_network_without_windows_takes_its_own_size_alone() -> None:
    with pytest.raises(ConfigError, match="takes images of 32 x 32 pixels only"):
        Backbone("mlp")(torch.zeros(1, 3, 64, 64))


@pytest.mark.parametrize("name", ["conv5", "alexnet", "zfnet", "vgg16_c", "googlenet"])
def test_maps_at_several_strides(name: str) -> None:
    with torch.device("meta"):
        net = InnerMaps(name)
        maps = net(torch.zeros(1, 3, 256, 320))
    assert [m.shape[1] for m in maps] == list(net.channels)
    for features, stride in zip(maps, net.strides, strict=True):
        assert abs(features.shape[2] - 256 / stride) <= 2 and abs(features.shape[3] - 320 / stride) <= 2


def test_networks_for_tiny_images_have_no_maps() -> None:
    for name in ("plain20", "lenet5", "mlp"):
        with pytest.raises(ConfigError, match="gives no maps at several strides"):
            InnerMaps(name)
