import pytest
import torch
from torch import Tensor, nn

from foveal.errors import WeightsError
from foveal.models.backbone import Backbone
from foveal.models.matching import load_matching
from foveal.models.weights import Weights


def _weights(tensors: dict[str, Tensor]) -> Weights:
    return Weights(tensors, (0.5,) * 3, (0.5,) * 3, "bilinear", "file", "w.pth")


def _net(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return Backbone("conv4").net


def _tensors(seed: int) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in _net(seed).state_dict().items()}


def test_what_matches_is_loaded_and_the_rest_is_reported() -> None:
    net, given = _net(0), _tensors(1)
    kept = net.state_dict()["blocks.3.0.weight"].clone()
    del given["blocks.3.0.weight"]
    given["blocks.0.0.weight"] = torch.zeros(1, 2)
    given["fc.weight"] = torch.zeros(3)
    match = load_matching(net, _weights(given))
    assert match.missing == ("blocks.3.0.weight",)
    assert match.mismatched == ("blocks.0.0.weight",)
    assert match.unused == ("fc.weight",)
    assert "blocks.1.0.weight" in match.loaded
    assert torch.equal(net.state_dict()["blocks.3.0.weight"], kept)
    assert torch.equal(net.state_dict()["blocks.1.0.weight"], given["blocks.1.0.weight"])


@pytest.mark.parametrize("prefix", ["backbone.net.", "module.", "model."])
def test_prefixes_of_other_trainers(prefix: str) -> None:
    net, given = _net(0), _tensors(1)
    match = load_matching(net, _weights({prefix + name: value for name, value in given.items()}))
    assert match.missing == match.mismatched == match.unused == ()
    assert torch.equal(net.state_dict()["blocks.2.0.weight"], given["blocks.2.0.weight"])


def test_weights_of_another_network_are_refused() -> None:
    given = {name: torch.zeros(1) for name in _tensors(1) if ".0.weight" not in name}
    with pytest.raises(WeightsError) as caught:
        load_matching(_net(0), _weights(given))
    assert str(caught.value) == (
        "w.pth: only 0 of 20 tensors fit the network: blocks.0.1.bias has shape (1,) instead of (32,);"
        " blocks.0.1.running_mean has shape (1,) instead of (32,);"
        " blocks.0.1.running_var has shape (1,) instead of (32,);"
        " blocks.0.1.weight has shape (1,) instead of (32,); blocks.1.1.bias has shape (1,) instead of (64,).\n"
        "Give weights of this backbone with --model.weights FILE, or train from scratch with --model.weights none."
    )


def test_original_releases_are_converted_by_timm() -> None:
    """ConvNeXt as Meta published it has other names; timm's own conversion is used."""
    torch.manual_seed(0)
    net = Backbone("convnext_atto").net
    original = {}
    for name, value in net.state_dict().items():
        name = name.replace("stem.", "downsample_layers.0.").replace(".blocks.", ".")
        for i in range(1, 4):
            name = name.replace(f"stages.{i}.downsample.", f"downsample_layers.{i}.")
        name = name.replace("conv_dw", "dwconv").replace("mlp.fc1", "pwconv1").replace("mlp.fc2", "pwconv2")
        original[name.replace("head.norm", "norm")] = torch.full_like(value, 0.5)
    match = load_matching(net, _weights(original))
    assert match.missing == match.mismatched == ()
