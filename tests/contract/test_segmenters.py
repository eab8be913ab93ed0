"""Every decoder on the default backbone, and the default decoder on others: one contract."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from tests.contract.model_contract import K, ModelContract, noise
from torch import Tensor
from torch.nn.functional import interpolate

from foveal.artifact.card import Card
from foveal.config.schema import RunConfig
from foveal.deploy.graph import to_onnx
from foveal.deploy.parity import compare
from foveal.errors import ConfigError
from foveal.inference.backends.onnx_backend import OnnxBackend
from foveal.inference.backends.torch_backend import TorchBackend
from foveal.inference.predictor import Predictor
from foveal.models.config import ModelConfig
from foveal.models.contract import Model
from foveal.models.segmentation.decoders import ARCHITECTURES
from foveal.models.segmentation.strips import Row
from foveal.runs.going_on.inherit import inherited
from foveal.tasks.segment.config import SegmentConfig
from foveal.tasks.segment.model import Segmenter, build_segmenter
from foveal.tasks.table import open_task
from foveal.types.categories import Categories
from foveal.types.input_spec import InputSpec
from foveal.types.predictions.masks import IGNORE

BACKBONES = ("resnet18", "convnext_atto", "mobilenetv3_small_050")
LOSSES = ("cross_entropy", "focal", "dice", "lovasz")


def build(
    backbone: str = "tf_efficientnet_lite0", *, pretrained: bool = False, decoder: str = "auto", **own: Any
) -> Segmenter:
    torch.manual_seed(0)
    config = SegmentConfig.model_validate({"decoder": decoder, "channels": 32, **own})
    model = ModelConfig(backbone=backbone, weights="auto" if pretrained else "none")
    return build_segmenter(model, config, K, pretrained=pretrained)


class TestSegmenter(ModelContract):
    variants: ClassVar = {
        **{decoder: {"decoder": decoder} for decoder in ARCHITECTURES},
        "no fine head": {"fine_head": False},
        "fine head without strips": {"strips": False},
        "fine head on segformer": {"decoder": "segformer", "fine_head": True, "backbone": "mobilenetv3_small_050"},
        **{f"unet-{backbone}": {"backbone": backbone, "decoder": "unet"} for backbone in BACKBONES},
        **{loss: {"backbone": "conv5", "losses": (loss,), "class_weights": "none"} for loss in LOSSES},
    }
    backbones = dict.fromkeys(("conv5", "tf_efficientnet_lite0", *BACKBONES), (64, 96))
    size = 128
    build = staticmethod(build)

    def targets(self, model: Model, outputs: Mapping[str, Tensor], size: int) -> dict[str, Tensor]:
        mask = torch.randint(K, (2, size, size), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
        mask[:, :8] = IGNORE
        return {"mask": mask}

    def losses(self, model: Model) -> set[str]:
        assert isinstance(model, Segmenter)
        return set(model.criterion.own.losses)

    def test_logits_cover_the_input(self, variant: str) -> None:
        with torch.inference_mode():
            logits = self.build(**self.variants[variant]).eval()(noise(self.size))["logits"]
        assert logits.shape[:2] == (2, K) and self.size % logits.shape[-1] == 0 == self.size % logits.shape[-2]


def test_a_small_network_starts_at_random():
    model = build("conv5", pretrained=True)
    assert not model.pretrained and model.weights is None
    assert len(model.stages()) == 5


def test_a_fine_head_starts_with_the_decoders_logits_and_sees_twice_as_fine():
    fine, plain = build(strips=False).eval(), build(fine_head=False).eval()
    plain.load_state_dict({k: v for k, v in fine.state_dict().items() if not k.startswith("fine.")})
    with torch.inference_mode():
        logits, coarse = (model(noise(128))["logits"] for model in (fine, plain))
    assert logits.shape[-1] == 2 * coarse.shape[-1] == 64
    torch.testing.assert_close(logits, interpolate(coarse, (64, 64), mode="bilinear"), rtol=0, atol=0.05)


@pytest.mark.parametrize(
    ("backbone", "decoder", "lacking"),
    [
        ("resnet18", "auto", ""),
        ("convnext_atto", "auto", "needs a map of half the input's size; the finest of convnext_atto has stride 4."),
        ("conv5", "auto", "has no use: the decoder of conv5 is as fine as the image."),
        ("resnet18", "unet", "has no use: the decoder unet is as fine as the image."),
    ],
)
def test_a_fine_head_where_it_has_a_use(backbone, decoder, lacking):
    assert (build(backbone, decoder=decoder).fine is None) == bool(lacking)
    assert build(backbone, decoder=decoder, fine_head=False).fine is None
    if not lacking:
        assert build(backbone, decoder=decoder, fine_head=True).fine is not None
        return
    with pytest.raises(ConfigError) as caught:
        build(backbone, decoder=decoder, fine_head=True)
    assert caught.value.what == f"segment.fine_head {lacking}"


def former_card(**own: Any) -> Card:
    """The card of an older model, which lacks later settings."""
    return Card.model_validate(
        {
            "task": "segment",
            "classes": Categories(tuple("abc")).to_dict(),
            "input": InputSpec(size=64, train_size=64, fit="letterbox"),
            "model": ModelConfig(weights="none").model_dump(),
            "own": {"decoder": "auto", "channels": 32, **own},
            "decode": {},
        }
    )


def test_models_from_before_the_fine_head_have_none():
    card = former_card()
    built = open_task(card).build(ModelConfig(weights="none"), pretrained=False)
    assert isinstance(built, Segmenter) and built.fine is None
    assert inherited(RunConfig(), "segment", card)["segment"]["fine_head"] is False


def test_models_from_before_the_strips_have_none():
    card = former_card(fine_head=None)
    built = open_task(card).build(ModelConfig(weights="none"), pretrained=False)
    assert isinstance(built, Segmenter) and built.fine is not None
    kernels = [layer.kernel_size for layer in built.fine.modules() if isinstance(layer, torch.nn.Conv2d)]
    assert kernels == [(1, 1), (1, 1), (3, 3), (1, 1)]
    assert inherited(RunConfig(), "segment", card)["segment"]["strips"] is False


@pytest.mark.parametrize(("strips", "reach"), [(False, 1), (True, 7)])
def test_strips_see_along_columns_and_rows_and_not_across(strips, reach):
    fine = build(strips=strips).eval().fine
    assert fine is not None
    torch.nn.init.ones_(fine.classes.weight)
    channels = fine.fine.get_submodule("0").weight.shape[1]
    assert isinstance(channels, int)
    finest = torch.zeros(1, channels, 64, 64, requires_grad=True)
    fine(torch.zeros(1, K, 64, 64), torch.randn(1, 32, 64, 64), finest)[..., 32, 32].sum().backward()
    assert finest.grad is not None
    rows, columns = (places - 32 for places in finest.grad.abs().sum((0, 1)).nonzero().T)
    assert (rows.min(), rows.max()) == (columns.min(), columns.max()) == (-reach, reach)
    assert not ((rows.abs() > 1) & (columns.abs() > 1)).any()


def test_training_and_inference_convolve_rows_alike():
    row = Row(8, 15)
    inputs = torch.randn(2, 8, 20, 30)
    want = row.eval()(inputs)
    turned = inputs.clone().requires_grad_()
    got = row.train()(turned)
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-5)
    weights = torch.randn_like(want)
    (got * weights).sum().backward()
    trained = row.weight.grad
    row.weight.grad = None
    plain = inputs.clone().requires_grad_()
    (row.eval()(plain) * weights).sum().backward()
    torch.testing.assert_close(turned.grad, plain.grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(trained, row.weight.grad, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("size", [(70, 90), (33, 64), (100, 40)])
@pytest.mark.parametrize("backbone", ["tf_efficientnet_lite0", "conv5"])
def test_any_input_size(size, backbone):
    model = build(backbone).eval()
    with torch.inference_mode():
        logits = model(torch.randn(1, 3, *size))["logits"]
    assert logits.shape == (1, K, *size)


@pytest.mark.parametrize("decoder", ARCHITECTURES)
def test_every_decoder_takes_a_small_input(decoder):
    with torch.inference_mode():
        assert build(decoder=decoder).eval()(torch.randn(1, 3, 40, 70))["logits"].shape == (1, K, 40, 70)


def test_padding_does_not_change_the_logits():
    model = build(decoder="unet").eval()
    inputs = torch.randn(1, 3, 96, 96)
    inputs[..., 70:, :] = 0
    inputs[..., 90:] = 0
    with torch.inference_mode():
        whole = model(inputs)["logits"]
        part = model(inputs[..., :70, :90])["logits"]
    torch.testing.assert_close(part, whole[..., :70, :90], rtol=1e-4, atol=1e-4)


def test_losses_are_weighted_and_named():
    model = build(losses=("cross_entropy", "dice"), loss_weights=(1.0, 0.5)).eval()
    outputs = model(torch.randn(1, 3, 64, 64))
    target = {"mask": torch.randint(K, (1, 64, 64), dtype=torch.uint8)}
    both = model.losses(outputs, target)
    assert list(both) == ["cross_entropy", "dice"]
    model.criterion.own = SegmentConfig(losses=("dice",))
    torch.testing.assert_close(both["dice"], 0.5 * model.losses(outputs, target)["dice"])


@pytest.mark.parametrize("backbone", ["alexnet", "zfnet", "googlenet", "conv:N=1,M=1,width=4", "conv:N=1,M=3,width=4"])
def test_own_networks_of_any_strides(backbone: str) -> None:
    model = build(backbone, losses=("cross_entropy",))
    outputs = model(noise(96))
    first = model.backbone.strides[0]
    assert abs(outputs["logits"].shape[2] - 96 / first) <= 2 and outputs["logits"].shape[1] == K
    mask = torch.randint(K, (2, 96, 96), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    sum(model.losses(outputs, {"mask": mask}).values()).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


def test_a_decoder_that_does_not_fit():
    with pytest.raises(ConfigError, match=r"The decoder plain_unet is for Foveal's own networks"):
        build(decoder="plain_unet")
    with pytest.raises(ConfigError, match=r"The decoder 'unet' is for timm's backbones, not for conv5."):
        build("conv5", decoder="unet")
    with pytest.raises(ConfigError, match="'conv4' gives no maps at several strides"):
        build("conv4")
    with pytest.raises(ConfigError, match="The backbone 'vgg11' cannot be dilated to a stride of 16 pixels"):
        build("vgg11", decoder="deeplabv3")


def test_a_loss_is_named_once():
    with pytest.raises(ValueError, match="dice is listed twice"):
        SegmentConfig(losses=("dice", "cross_entropy", "dice"))


@pytest.mark.slow
@pytest.mark.parametrize(("decoder", "fine", "size"), [("unet", False, 100), ("deeplabv3plus", True, 96)])
def test_exports_agree(decoder, fine, size):
    model, own = ModelConfig(weights="none"), SegmentConfig(decoder=decoder, channels=32, fine_head=fine)
    categories = Categories(tuple("abc"))
    spec = InputSpec(size=size, train_size=size, fit="letterbox")
    parts = {"task": "segment", "classes": categories.to_dict(), "input": spec, "decode": {}}
    card = Card.model_validate({**parts, "model": model.model_dump(), "own": own.model_dump()})
    backend = TorchBackend(build(decoder=decoder, fine_head=fine).eval(), card)
    network = Predictor(backend)
    noise = np.random.default_rng(0).integers(0, 255, (5, 70, 90, 3), dtype=np.uint8)
    prepared = [network.prepare(image) for image in noise]
    exported = Predictor(OnnxBackend(to_onnx(backend, np.stack([p.pixels for p in prepared[:2]]))))
    assert compare(network, exported, prepared).passed
