"""Layer tables: totals equal torchinfo's and fvcore's, receptive fields equal what gradients reach."""

import json
import math
from functools import partial

import pytest
import torch
from torch import nn
from torchinfo import summary

from foveal.models.backbone import Backbone
from foveal.models.zoo.layers import layers, totals
from foveal.models.zoo.listing import measure
from foveal.types.size import Size

TEN = (
    "conv4",
    "lenet5",
    "alexnet",
    "zfnet",
    "vgg11",
    "googlenet",
    "resnet18",
    "densenet121",
    "tf_efficientnet_lite0",
    "cifar_resnet20",
)


@pytest.mark.parametrize("name", TEN)
def test_totals_equal_torchinfos(name: str) -> None:
    rows = layers(name, size=Size.square(64))
    parameters, macs = totals(rows)
    net = Backbone(name).eval()
    info = summary(net, (1, 3, 64, 64), verbose=0, depth=20)
    products = [entry for entry in info.summary_list if isinstance(entry.module, nn.Conv2d | nn.Linear)]
    biased = [(entry.module.bias.numel(), entry.output_size[2:]) for entry in products if entry.module.bias is not None]
    biases = sum(count * math.prod(places) for count, places in biased)
    assert parameters == info.total_params
    assert macs == sum(entry.macs for entry in products) - biases


@pytest.mark.filterwarnings("ignore")  # of jit's tracer, and of what it does not count
@pytest.mark.parametrize("name", TEN)
def test_totals_equal_fvcores(name: str) -> None:
    from fvcore.nn import FlopCountAnalysis, parameter_count

    net = Backbone(name).eval()
    analysis = FlopCountAnalysis(net, torch.zeros(1, 3, 64, 64)).unsupported_ops_warnings(False)
    products = sum(analysis.by_operator()[name] for name in ("conv", "linear", "matmul"))  # it counts norms, too
    assert totals(layers(name, size=Size.square(64))) == (parameter_count(net)[""], products)


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"])
def test_products_between_layers_are_counted(name: str) -> None:
    assert totals(layers(name)) == measure(name)


def as_mean(pool: nn.MaxPool2d, x: torch.Tensor) -> torch.Tensor:
    """Its windows, but each pixel has a share."""
    return nn.functional.avg_pool2d(x, pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode)


@pytest.mark.parametrize("name", ["alexnet", "resnet10t", "googlenet", "conv:N=2,M=3,K=0,width=4"])
def test_receptive_fields_are_what_gradients_reach(name: str) -> None:
    torch.manual_seed(0)
    net = Backbone(name).eval()
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.uniform_(module.weight, 0.01, 0.02)  # nothing cancels, and ReLU lets all through
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)  # some blocks begin with a branch of zeros
    for pool in [m for m in net.modules() if isinstance(m, nn.MaxPool2d)]:
        pool.forward = partial(as_mean, pool)
    side = 800 if name == "googlenet" else 512
    image = torch.rand(1, 3, side, side, requires_grad=True)
    features = net(image)
    features[0, :, features.shape[2] // 2, features.shape[3] // 2].sum().backward()
    reached = (image.grad.abs().sum((0, 1)) > 0).any(0).nonzero()
    last = [row.receptive_px for row in layers(name, size=Size.square(side))]
    assert int(reached.max() - reached.min()) + 1 == max(n for n in last if n is not None)


def test_published_receptive_fields() -> None:
    """Araujo et al. 2019, table 1: AlexNet's last pooling 195, VGG-16's 212.

    ResNet-50 has 483 there; timm's, as most of today, strides in its 3 x 3 convolutions, which makes 427.
    """
    fields = {name: {row.name: row.receptive_px for row in layers(name)} for name in ("alexnet", "vgg16", "resnet50")}
    assert fields["alexnet"]["features.2.6"] == 195
    assert fields["vgg16"]["features.30"] == 212
    assert max(n for n in fields["resnet50"].values() if n is not None) == 427


def test_command(here) -> None:  # type: ignore[no-untyped-def]
    done = here("models", "show", "vgg16", "--json")
    document = json.loads(done.out)
    assert done.code == 0
    assert document["parameters"] == 134260544
    assert document["classic"]["top5_error"] == 8.1
    assert document["layers"][0]["shape"] == [64, 224, 224]
    text = here("models", "show", "conv:N=1,M=2", "--size", "20").out
    assert "million MACs for one image of 20 x 20 px" in text
    assert "blocks.0.0" in text and "without a classifier" in text
    assert "act=foo is none of" in here("models", "show", "conv:act=foo").err
    assert "Use --size 32 or more" in here("models", "show", "vgg11", "--size", "16").err
    assert here("models", "show", "alexnot").code == 2
    assert "--size 0 is not allowed." in here("models", "show", "vgg11", "--size", "0").err
    wide = here("models", "show", "vgg11", "--size", "96x64", "--json")
    assert json.loads(wide.out)["layers"][0]["shape"] == [64, 64, 96]  # channels, rows, columns
    assert "takes images of 32 x 32 pixels only, not 96 x 64." in here("models", "show", "mlp", "--size", "96x64").err
