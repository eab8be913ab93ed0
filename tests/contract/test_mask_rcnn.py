"""Mask R-CNN keeps the contract of ``models.contract.Model``."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from tests.contract.model_contract import K, ModelContract, noise, without_gradient
from torch import Tensor

from foveal.models.config import ModelConfig
from foveal.models.contract import Model
from foveal.tasks.instance.config import InstanceConfig
from foveal.tasks.instance.mask_rcnn import MaskRcnn, build_mask_rcnn

PROPOSALS = 12
ALL = 400
"""More samples than there are proposals, so that none is left out at random."""
ROWS = {"boxes": (4,), "labels": (), "logits": (K + 1,), "masks": (28, 28)}
"""Outputs of the second stage."""
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


def build(backbone: str = "conv5", *, pretrained: bool = False, **own: Any) -> MaskRcnn:
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
    model = ModelConfig(backbone=backbone, weights="auto" if pretrained else "none")
    return build_mask_rcnn(model, InstanceConfig.model_validate(own), K, pretrained=pretrained)


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


class TestMaskRcnn(ModelContract):
    variants = VARIANTS
    backbones = dict.fromkeys(("conv5", "resnet10t", "convnext_atto", "vit_tiny_patch16_224"), (64, 96))
    alive = ""
    inference_only = ROWS.keys()
    build = staticmethod(build)

    def targets(self, model: Model, outputs: Mapping[str, Tensor], size: int) -> dict[str, Tensor]:
        assert isinstance(model, MaskRcnn)
        return targets(model.own.mask_stride)

    def losses(self, model: Model) -> set[str]:
        return {"objectness", "proposal", "class", "box", "mask"}

    def test_the_second_stage_gives_rows_at_inference(self, variant: str) -> None:
        model = self.build(**VARIANTS[variant]).eval()
        outputs = model(noise(64))
        for name, shape in ROWS.items():
            assert outputs[name].shape == (2, PROPOSALS, *shape)
        assert set(model.losses(outputs, self.targets(model, outputs, 64))) == self.losses(model)


def test_every_parameter_belongs_to_what_forward_gives() -> None:
    """Distributed training takes a parameter that no output of ``forward`` leads to for unused."""
    model = build().train()
    outputs = model(noise(64))
    torch.stack([v.float().sum() for v in outputs.values() if v.requires_grad]).sum().backward()
    assert not without_gradient(model)


@pytest.mark.parametrize("variant", ["default", "iou_smooth_l1"])
def test_an_image_without_objects_teaches_background_alone(variant: str) -> None:
    model = build(**VARIANTS[variant], proposal_samples=ALL).train()
    outputs = model(noise(64, batch=1))
    empty = {name: value[1:] for name, value in targets().items()}
    torch.manual_seed(1)
    losses = model.losses(outputs, empty)
    assert [float(losses[name].detach()) for name in ("proposal", "box", "mask")] == [0, 0, 0]
    assert float(losses["objectness"].detach()) > 0 < float(losses["class"].detach())
    torch.stack(list(losses.values())).sum().backward()
    assert not without_gradient(model), "each takes part in every step, whatever the images"
    unpadded = {name: value[:, :0] for name, value in empty.items()}
    torch.manual_seed(1)
    for name, value in model.losses(outputs, unpadded).items():
        torch.testing.assert_close(value, losses[name])


def test_padding_changes_no_loss() -> None:
    model = build(proposal_samples=ALL).train()
    outputs, short = model(noise(64)), targets()
    pad = {
        "boxes": torch.full((2, 5, 4), -1.0),
        "labels": torch.full((2, 5), -1),
        "flags": torch.zeros(2, 5).long(),
        "masks": torch.zeros(2, 5, 16, 16).byte(),
    }
    long = {name: torch.cat([value, pad[name]], 1) for name, value in short.items()}
    for a, b in zip(model.losses(outputs, short).values(), model.losses(outputs, long).values(), strict=True):
        torch.testing.assert_close(a, b)


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
        out = model(noise(64))
    scores = out["logits"].softmax(-1).gather(-1, out["labels"][..., None])[..., 0]
    assert out["masks"].shape == (2, 5, 28, 28) and (scores.diff(dim=1) <= 1e-6).all()
