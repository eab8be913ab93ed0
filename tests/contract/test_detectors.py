"""Every detector, with masks or without, keeps the contract of ``models.contract.Model``."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from tests.contract.model_contract import K, ModelContract, noise
from torch import Tensor

from foveal.errors import ConfigError
from foveal.models.config import ModelConfig
from foveal.models.contract import Model
from foveal.models.pyramid import InnerMaps, nearest
from foveal.tasks.detect.config import DetectConfig
from foveal.tasks.detect.model import Detector, build_detector
from foveal.tasks.instance.config import InstanceConfig
from foveal.tasks.instance.model import MaskDetector, build_mask_detector
from foveal.types.flags import Flag

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
    "masks": {"mask_stride": 4},
    "masks_coarse": {"mask_stride": 8, "prototypes": 4, "objectness": True},
}
MASKED = ("masks", "masks_coarse")


def build(backbone: str = "conv5", *, pretrained: bool = False, **own: Any) -> Detector:
    torch.manual_seed(0)
    own = {"channels": 16, "head_depth": 1, "extra_levels": 0, **own}
    model = ModelConfig(backbone=backbone, weights="auto" if pretrained else "none")
    if "mask_stride" in own:
        masked = InstanceConfig.model_validate({"mask_channels": 16, **own})
        return build_mask_detector(model, masked, K, pretrained=pretrained)
    return build_detector(model, DetectConfig.model_validate(own), K, pretrained=pretrained)


def targets(outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Two objects and a crowd in the first image, nothing in the second; with masks, if there are prototypes."""
    boxes = torch.tensor([[4.0, 4, 24, 30], [30, 20, 60, 60], [40, 0, 64, 16]])
    empty = torch.full((3, 4), -1.0)
    flags = torch.tensor([[0, 0, int(Flag.CROWD)], [0, 0, 0]])
    out = {"boxes": torch.stack([boxes, empty]), "labels": torch.tensor([[0, 2, 1], [-1, -1, -1]]), "flags": flags}
    return with_masks(out, outputs)


def with_masks(wanted: dict[str, Tensor], outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Each object's box filled, at the resolution of the prototypes; unchanged where there are none."""
    if "prototypes" not in outputs:
        return wanted
    side = outputs["prototypes"].shape[-1]
    masks = torch.zeros(*wanted["labels"].shape, side, side, dtype=torch.uint8)
    for image, thing in (wanted["labels"] >= 0).nonzero().tolist():
        x1, y1, x2, y2 = (wanted["boxes"][image, thing] * side / 64).round().int().tolist()
        masks[image, thing, y1:y2, x1:x2] = 1
    return {**wanted, "masks": masks}


class TestDetector(ModelContract):
    variants = VARIANTS
    backbones = dict.fromkeys(
        ("conv5", "resnet10t", "convnext_atto", "vit_tiny_patch16_224", "tf_efficientnet_lite0"), (64, 96)
    )
    build = staticmethod(build)

    def targets(self, model: Model, outputs: Mapping[str, Tensor], size: int) -> dict[str, Tensor]:
        return targets(outputs)

    def losses(self, model: Model) -> set[str]:
        assert isinstance(model, Detector)
        wanted = {"box", "class", "objectness"} if model.own.objectness else {"box", "class"}
        return {*wanted, "mask"} if isinstance(model, MaskDetector) else wanted

    def test_one_box_for_every_anchor(self, variant: str) -> None:
        model = self.build(**VARIANTS[variant])
        out = model.eval()(noise(64))
        total = sum((-(-64 // stride)) ** 2 * len(model.shapes[0]) for stride in model.strides)
        assert out["boxes"].shape == out["anchors"].shape == (2, total, 4)
        assert out["logits"].shape == (2, total, K + ("softmax" in variant))

    def test_every_backbone_reaches_the_strides(self, backbone: str) -> None:
        for size in self.backbones[backbone]:
            shapes = [features.shape[2:] for features in build(backbone).eval().look(noise(size, batch=1)).tensors]
            assert shapes == [(-(-size // stride),) * 2 for stride in (8, 16, 32)]


@pytest.mark.parametrize("variant", ["default", "softmax", "objectness", *MASKED])
def test_an_image_without_objects_teaches_background_alone(variant: str) -> None:
    model = build(**VARIANTS[variant]).train()
    outputs = model(noise(64, batch=1))
    empty = {name: value[1:] for name, value in targets(outputs).items()}
    losses = model.losses(outputs, empty)
    assert float(losses["box"].detach()) == 0 == float(losses.get("mask", torch.zeros(())).detach())
    score = "objectness" if "objectness" in losses else "class"
    assert float(losses[score].detach()) > 0
    unpadded = with_masks(
        {"boxes": torch.zeros(1, 0, 4), "labels": torch.zeros(1, 0).long(), "flags": torch.zeros(1, 0).long()}, outputs
    )
    assert {k: float(v.detach()) for k, v in model.losses(outputs, unpadded).items()} == {
        k: float(v.detach()) for k, v in losses.items()
    }


@pytest.mark.parametrize("variant", ["default", "softmax", "objectness", "iou_smooth_l1", "masks"])
@pytest.mark.parametrize("flag", [Flag.CROWD, Flag.DIFFICULT, Flag.IGNORE])
def test_an_ignored_object_gives_no_gradient(variant: str, flag: Flag) -> None:
    model = build(**VARIANTS[variant]).train()
    outputs = {k: v.detach() for k, v in model(noise(64, batch=1)).items()}
    learnt = [n for n in ("logits", "boxes", "offsets", "objectness", "coefficients", "prototypes") if n in outputs]
    for name in learnt:
        outputs[name].requires_grad_()
    whole = with_masks(
        {
            "boxes": torch.tensor([[[0.0, 0.0, 64.0, 64.0]]]),
            "labels": torch.zeros(1, 1).long(),
            "flags": torch.tensor([[int(flag)]]),
        },
        outputs,
    )
    torch.stack(list(model.losses(outputs, whole).values())).sum().backward()
    for name in learnt:
        grad = outputs[name].grad
        assert grad is None or not grad.any(), f"{name} learns from an ignored region"
    plain = {**whole, "flags": torch.zeros(1, 1).long()}
    torch.stack(list(model.losses(outputs, plain).values())).sum().backward()
    assert outputs["logits"].grad is not None and outputs["logits"].grad.any()
    if "prototypes" in outputs:
        assert outputs["prototypes"].grad is not None and outputs["prototypes"].grad.any()


@pytest.mark.parametrize("variant", ["default", "masks"])
def test_padding_changes_no_loss(variant: str) -> None:
    model = build(**VARIANTS[variant]).train()
    outputs = model(noise(64))
    short = targets(outputs)
    pad = {"boxes": torch.full((2, 5, 4), -1.0), "labels": torch.full((2, 5), -1), "flags": torch.zeros(2, 5).long()}
    pad |= {"masks": torch.zeros(2, 5, *short["masks"].shape[2:]).byte()} if "masks" in short else {}
    long = {name: torch.cat([value, pad[name]], 1) for name, value in short.items()}
    for a, b in zip(model.losses(outputs, short).values(), model.losses(outputs, long).values(), strict=True):
        torch.testing.assert_close(a, b)


def test_class_weights_scale_a_class() -> None:
    model = build().train()
    outputs = model(noise(64))
    only = targets(outputs)
    only["labels"] = torch.where(only["labels"] == 2, -1, only["labels"])
    plain = model.losses(outputs, only)
    model.criterion.class_weights = torch.tensor([3.0, 1.0, 1.0])
    weighted = model.losses(outputs, only)
    torch.testing.assert_close(weighted["box"], 3 * plain["box"])
    assert weighted["class"] > plain["class"]


def test_odd_sizes() -> None:
    model = build().eval()
    with torch.no_grad():
        out = model(torch.zeros(1, 3, 75, 101))
    assert out["boxes"].shape[1] == 10 * 13 + 5 * 7 + 3 * 4
    assert torch.bincount(out["levels"][0]).tolist() == [130, 35, 12]


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
        "detect.anchor_shapes has 4 numbers, not pairs of width and height for 3 levels.\n"
        "Give a multiple of 6 numbers, or leave it out."
    )
    with pytest.raises(ConfigError, match="The backbone 'conv4' gives no maps at several strides"):
        InnerMaps("conv4", (8, 16, 32))
    assert [nearest(s, [4, 8, 16, 32]) for s in (8, 16, 64)] == [1, 2, 3]
    assert [nearest(s, [16] * 12) for s in (8, 16, 32)] == [11, 11, 11]


def test_learns_one_square() -> None:
    """A bright square on noise: after a few steps the best anchor detects it."""
    model = build(anchor_scale=3.0).train()
    generator = torch.Generator().manual_seed(3)
    corner = torch.randint(4, 36, (8, 2), generator=generator).float()
    boxes = torch.cat([corner, corner + 20], 1)
    images = 0.3 * torch.randn(8, 3, 64, 64, generator=generator)
    for i, (x, y, x2, y2) in enumerate(boxes.long().tolist()):
        images[i, :, y:y2, x:x2] += 2
    batch = {"boxes": boxes[:, None], "labels": torch.ones(8, 1).long(), "flags": torch.zeros(8, 1).long()}
    optimiser = torch.optim.AdamW(model.parameters(), 5e-3)
    for _ in range(60):
        optimiser.zero_grad()
        torch.stack(list(model.losses(model(images), batch).values())).sum().backward()
        optimiser.step()
    out = model(images)
    best = out["logits"].amax(2).argmax(1)
    assert (out["logits"][torch.arange(8), best].argmax(1) == 1).all()
    predicted = out["boxes"][torch.arange(8), best]
    assert (predicted - boxes).abs().max() < 4


def test_learns_the_mask_of_one_triangle() -> None:
    """A bright triangle on noise, which fills half of its box: after a few steps its mask is cut out of the box."""
    model = build(anchor_scale=3.0, mask_stride=4, prototypes=4).train()
    assert isinstance(model, MaskDetector)
    generator = torch.Generator().manual_seed(3)
    corner = 4 * torch.randint(1, 9, (4, 2), generator=generator)
    boxes = torch.cat([corner, corner + 24], 1)
    images, masks = 0.3 * torch.randn(4, 3, 64, 64, generator=generator), torch.zeros(4, 1, 64, 64)
    for i, (x, y, x2, y2) in enumerate(boxes.tolist()):
        masks[i, 0, y:y2, x:x2] = torch.ones(24, 24).tril()
    images += 2 * masks
    fine = torch.nn.functional.avg_pool2d(masks, 4) >= 0.5
    batch = {
        "boxes": boxes[:, None].float(),
        "labels": torch.ones(4, 1).long(),
        "flags": torch.zeros(4, 1).long(),
        "masks": fine.byte(),
    }
    optimiser = torch.optim.AdamW(model.parameters(), 5e-3)
    for _ in range(50):
        optimiser.zero_grad()
        torch.stack(list(model.losses(model(images), batch).values())).sum().backward()
        optimiser.step()
    out = model(images)
    best = out["logits"].amax(2).argmax(1)
    mixed = torch.einsum("bp,bphw->bhw", out["coefficients"][torch.arange(4), best], out["prototypes"])
    for i, (x, y, x2, y2) in enumerate((boxes // 4).tolist()):
        predicted, true = mixed[i, y:y2, x:x2] > 0, fine[i, 0, y:y2, x:x2]
        assert (predicted & true).sum() / (predicted | true).sum() > 0.8


def test_most_anchors_that_learn_a_mask() -> None:
    """The mean over some is a mean over all: with one mask for every anchor, how many are drawn changes nothing."""
    few, all_of_them = (build(mask_stride=8, mask_samples=n).train() for n in (1, 1000))
    outputs = {name: value.detach() for name, value in few(noise(64)).items()}
    outputs["coefficients"] = torch.ones_like(outputs["coefficients"])
    only = targets(outputs)
    only["labels"][:, 1:] = -1
    torch.testing.assert_close(few.losses(outputs, only)["mask"], all_of_them.losses(outputs, only)["mask"])
    assert isinstance(few, MaskDetector) and isinstance(all_of_them, MaskDetector)
    matches = few.criterion.match(outputs, only)
    known = only["masks"][0]
    assert (
        len(few.criterion.learners(matches, 0, known)[0])
        == 1
        < len(all_of_them.criterion.learners(matches, 0, known)[0])
    )
    torch.manual_seed(5)
    one = few.criterion.learners(matches, 0, known)
    torch.manual_seed(5)
    assert all(torch.equal(a, b) for a, b in zip(one, few.criterion.learners(matches, 0, known), strict=True))
    assert len(few.criterion.learners(matches, 0, torch.zeros_like(known))[0]) == 0, (
        "no mask is learnt from an object without one"
    )
