"""Every decoder on the default backbone, and the default decoder on others: one contract."""

import numpy as np
import pytest
import torch

from foveal.artifact.card import Card
from foveal.deploy.export import compare, to_onnx
from foveal.errors import ConfigError
from foveal.imaging.input_spec import InputSpec
from foveal.inference.onnx_backend import OnnxBackend
from foveal.inference.predictor import Predictor
from foveal.inference.torch_backend import TorchBackend
from foveal.models.config import ModelConfig
from foveal.models.segmentation.decoders import ARCHITECTURES
from foveal.tasks.segment.config import SegmentConfig
from foveal.tasks.segment.model import build_segmenter
from foveal.types.categories import Categories
from foveal.types.masks import IGNORE

CLASSES = 5
BACKBONES = ("resnet18", "convnext_atto", "mobilenetv3_small_050")


def build(decoder="auto", backbone="tf_efficientnet_lite0", **own):
    torch.manual_seed(0)
    config = SegmentConfig(decoder=decoder, channels=own.pop("channels", 32), **own)
    return build_segmenter(ModelConfig(backbone=backbone, weights="none"), config, CLASSES, pretrained=False)


def check(model, side=64):
    inputs = torch.randn(2, 3, side, side)
    outputs = model.train()(inputs)
    assert set(outputs) == {"logits"}
    height = outputs["logits"].shape[-2]
    assert outputs["logits"].shape[:2] == (2, CLASSES)
    assert side % height == 0 or height == side
    mask = torch.randint(CLASSES, (2, side, side), dtype=torch.uint8)
    mask[:, :8] = IGNORE
    losses = model.losses(outputs, {"mask": mask})
    assert all(loss.ndim == 0 for loss in losses.values())
    sum(losses.values()).backward()
    without = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert not without, f"no gradient reached {without}"
    with torch.inference_mode():
        assert set(model.eval()(inputs)) == {"logits"}


@pytest.mark.parametrize("decoder", ARCHITECTURES)
def test_every_decoder(decoder):
    check(build(decoder), side=128)


@pytest.mark.parametrize("decoder", ["unet", "fpn"])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_other_backbones(decoder, backbone):
    check(build(decoder, backbone))


def test_the_plain_unet():
    model = build(backbone="conv5")
    check(model)
    assert not model.pretrained
    assert len(model.stages()) == 5


@pytest.mark.parametrize("size", [(70, 90), (33, 64), (100, 40)])
@pytest.mark.parametrize("backbone", ["tf_efficientnet_lite0", "conv5"])
def test_any_input_size(size, backbone):
    model = build(backbone=backbone).eval()
    with torch.inference_mode():
        logits = model(torch.randn(1, 3, *size))["logits"]
    assert logits.shape == (1, CLASSES, *size)


@pytest.mark.parametrize("decoder", ARCHITECTURES)
def test_every_decoder_takes_a_small_input(decoder):
    with torch.inference_mode():
        assert build(decoder).eval()(torch.randn(1, 3, 40, 70))["logits"].shape == (1, CLASSES, 40, 70)


def test_padding_does_not_move_the_prediction():
    model = build("unet").eval()
    inputs = torch.randn(1, 3, 96, 96)
    inputs[..., 70:, :] = 0
    inputs[..., 90:] = 0
    with torch.inference_mode():
        whole = model(inputs)["logits"]
        part = model(inputs[..., :70, :90])["logits"]
    torch.testing.assert_close(part, whole[..., :70, :90], rtol=1e-4, atol=1e-4)


def test_pretrained_weights_are_all_reused():
    model = build_segmenter(ModelConfig(), SegmentConfig(channels=32), CLASSES, pretrained=True)
    names = {name for name, _ in model.named_parameters()}
    assert model.pretrained <= names
    encoder = {name for name in names if ".maps." in name}
    assert model.pretrained == encoder
    assert sum(p.numel() for stage in model.stages() for p in stage.parameters()) == sum(
        p.numel() for name, p in model.named_parameters() if name in encoder
    )


def test_losses_are_weighed_and_named():
    model = build(losses=("cross_entropy", "dice"), loss_weights=(1.0, 0.5)).eval()
    outputs = model(torch.randn(1, 3, 64, 64))
    target = {"mask": torch.randint(CLASSES, (1, 64, 64), dtype=torch.uint8)}
    both = model.losses(outputs, target)
    assert list(both) == ["cross_entropy", "dice"]
    model.own = SegmentConfig(losses=("dice",))
    torch.testing.assert_close(both["dice"], 0.5 * model.losses(outputs, target)["dice"])


def test_every_loss_on_a_network():
    for name in ("cross_entropy", "focal", "dice", "lovasz"):
        check(build(losses=(name,), class_weights="none"))


def test_a_decoder_that_cannot_stand_there():
    with pytest.raises(ConfigError, match=r"The textbook's decoder stands on a small network from scratch."):
        build("textbook")
    with pytest.raises(ConfigError, match=r"The decoder 'unet' is for timm's backbones, not for conv5."):
        build("unet", "conv5")
    with pytest.raises(ConfigError, match="'conv4' gives no maps at several strides"):
        build(backbone="conv4")
    with pytest.raises(ConfigError, match="The backbone 'vgg11' cannot be dilated to a stride of 16 pixels"):
        build("deeplabv3", "vgg11")


def test_a_loss_stands_once():
    with pytest.raises(ValueError, match="dice stands twice"):
        SegmentConfig(losses=("dice", "cross_entropy", "dice"))


@pytest.mark.slow
@pytest.mark.parametrize(("decoder", "size"), [("unet", 100), ("deeplabv3plus", 96)])
def test_exports_agree(decoder, size):
    model, own = ModelConfig(weights="none"), SegmentConfig(decoder=decoder, channels=32)
    categories = Categories(tuple("abcde"))
    spec = InputSpec(size=size, train_size=size, fit="letterbox")
    parts = {"task": "segment", "classes": categories.to_dict(), "input": spec, "decode": {}}
    card = Card.model_validate({**parts, "model": model.model_dump(), "own": own.model_dump()})
    backend = TorchBackend(build(decoder).eval(), card)
    network = Predictor(backend)
    noise = np.random.default_rng(0).integers(0, 255, (5, 70, 90, 3), dtype=np.uint8)
    prepared = [network.prepare(image) for image in noise]
    exported = Predictor(OnnxBackend(to_onnx(backend, np.stack([p.pixels for p in prepared[:2]]))))
    assert compare(network, exported, prepared).passed
