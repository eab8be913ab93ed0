"""The classic networks have their papers' parameters, and take what their design allows."""

from pathlib import Path

import pytest
import torch

from foveal.errors import ConfigError
from foveal.models.backbone import Backbone
from foveal.models.classic.stack import CHOICES, LIMITS, Recipe
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
    assert classic.top5_error is None or 3 <= classic.top5_error < 20


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
        ("efficientnet_b7", 66e6),
        ("lenet5", 60e3),
        ("cifar_resnet20", 0.27e6),
        ("cifar_resnet56", 0.85e6),
    ],
)
def test_counts_round_to_what_the_papers_state(name: str, stated: float) -> None:
    assert CLASSICS[name].parameters == pytest.approx(stated, rel=0.02)


def test_the_page_has_the_table() -> None:
    page = (Path(__file__).parents[4] / "docs" / "guide" / "networks.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    papers = {name.strip("`"): cells for name, *cells in rows if name.strip("`") in CLASSICS}
    assert list(papers) == list(CLASSICS)
    for name, (paper, year, parameters, classes, *error) in papers.items():
        classic = CLASSICS[name]
        assert (paper, int(year)) == (classic.paper, classic.year)
        assert (parameters, classes) == (f"{classic.parameters:,}", f"{classic.classes:,}")
        assert [float(word.strip(" |")) for word in error if word.strip(" |")] == (
            [] if classic.top5_error is None else [classic.top5_error]
        )


def test_the_page_has_every_letter() -> None:
    page = (Path(__file__).parents[4] / "docs" / "guide" / "networks.md").read_text("utf-8")
    rows = {
        cells[0].strip("`"): (cells[1], cells[2].strip("`"))
        for cells in (line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `"))
        if cells[0].strip("`") in {**LIMITS, **CHOICES}
    }
    assert rows.keys() == {**LIMITS, **CHOICES}.keys()
    for letter, (values, default) in rows.items():
        assert default == str(getattr(Recipe(), letter))
        if letter in LIMITS:
            low, high = LIMITS[letter]
            assert values == f"{low} to {high:,}"
        else:
            assert values.replace("`", "").split(", ") == list(CHOICES[letter])


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


@pytest.mark.parametrize("name", ["vgg11", "googlenet", "densenet121", "conv:N=1,M=6,width=2,pad=reflect"])
def test_images_that_are_too_small_are_told_with_a_size_that_is_not(name: str) -> None:
    with torch.device("meta"):
        net = Backbone(name).eval()
        with pytest.raises(ConfigError, match=r"does not take images of 16 x 16 pixels: nothing would be left") as told:
            net(torch.zeros(1, 3, 16, 16))
        size = int(told.value.hint.removeprefix("Use --size ").split()[0])
        net(torch.zeros(2, 3, size, size))


@pytest.mark.parametrize("name", ["vgg11", "conv:N=1,M=6,width=2,pad=reflect"])
def test_maps_of_images_that_are_too_small(name: str) -> None:
    with torch.device("meta"), pytest.raises(ConfigError, match="does not take images of 16 x 16 pixels"):
        InnerMaps(name)(torch.zeros(1, 3, 16, 16))


def test_other_failures_are_not_taken_for_a_size() -> None:
    with pytest.raises(RuntimeError, match="channels"):
        Backbone("conv5")(torch.zeros(1, 4, 32, 32))


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


def test_maps_come_without_the_layers_after_them() -> None:
    with torch.device("meta"):
        nets = {name: InnerMaps(name) for name in ("alexnet", "zfnet", "vgg16_c")}
        line = InnerMaps("conv:N=1,M=2,K=2,width=4,norm=none")
    counts = {name: sum(p.numel() for p in net.parameters()) for name, net in nets.items()}
    assert counts == {"alexnet": 2_334_080, "zfnet": 3_726_464, "vgg16_c": 9_996_096}
    assert sum(p.numel() for p in line.parameters()) == (27 + 1) * 4 + (36 + 1) * 8
    assert len(line.stages()) == 2


def test_networks_for_tiny_images_have_no_maps() -> None:
    for name in ("plain20", "lenet5", "mlp"):
        with pytest.raises(ConfigError, match="gives no maps at several strides"):
            InnerMaps(name)
