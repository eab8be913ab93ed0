"""Losses of boxes and of many scores: worked cases and the reference library."""

import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from torchvision.ops import sigmoid_focal_loss

from foveal.losses.anchor_focal import focal
from foveal.losses.boxes import box_loss
from foveal.models.detection.anchors import encode


def test_focal_equals_torchvision() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(50, 7, generator=generator, dtype=torch.float64)
    targets = (torch.rand(50, 7, generator=generator) < 0.2).double()
    for gamma in (0.0, 1.0, 2.0):
        ours = focal(logits, targets, gamma=gamma, alpha=0.25)
        torch.testing.assert_close(ours, sigmoid_focal_loss(logits, targets, alpha=0.25, gamma=gamma))


def test_focal_with_a_soft_target_is_least_where_the_score_is_the_target() -> None:
    targets = torch.tensor([0.3, 0.7], dtype=torch.float64)
    exact = focal(targets.logit(), targets, gamma=2, alpha=-1)
    assert exact.tolist() == pytest.approx([0, 0], abs=1e-12)
    logits = torch.tensor([0.5, -1.0], dtype=torch.float64)
    plain = binary_cross_entropy_with_logits(logits, targets, reduction="none")
    torch.testing.assert_close(focal(logits, targets, gamma=2, alpha=-1), (targets - logits.sigmoid()).square() * plain)
    torch.testing.assert_close(focal(logits, targets, gamma=0, alpha=-1), plain)


def test_box_losses_of_worked_cases() -> None:
    truths = torch.tensor([[0.0, 0.0, 10.0, 10.0]] * 2)
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [10.0, 0.0, 20.0, 10.0]])  # equal; side by side
    zeros = torch.zeros(2, 4)
    assert box_loss("giou", boxes, truths, zeros, zeros).tolist() == pytest.approx([0, 1], abs=1e-6)
    # Centres are 10 apart, the diagonal of both together is sqrt(20^2 + 10^2); the shapes are equal.
    assert box_loss("ciou", boxes, truths, zeros, zeros).tolist() == pytest.approx([0, 1 + 100 / 500], abs=1e-6)
    anchors = torch.tensor([[0.0, 0.0, 10.0, 20.0]])
    wanted = encode(torch.tensor([[1.0, 0.0, 11.0, 20.0]]), anchors)  # a tenth of the width to the right
    got = box_loss("smooth_l1", anchors, anchors, torch.zeros(1, 4), wanted)
    assert got.item() == pytest.approx(10 * 0.1 - 0.5 / 9, abs=1e-6)


@pytest.mark.parametrize("kind", ["smooth_l1", "giou", "ciou"])
def test_every_box_loss_pulls_a_box_to_its_truth(kind: str) -> None:
    from foveal.models.detection.anchors import decode

    anchors = torch.tensor([[10.0, 10.0, 40.0, 40.0]])
    truths = torch.tensor([[15.0, 5.0, 50.0, 30.0]])
    offsets = torch.zeros(1, 4, requires_grad=True)
    optimiser = torch.optim.Adam([offsets], 0.05)
    for _ in range(150):
        optimiser.zero_grad()
        box_loss(kind, decode(offsets, anchors), truths, offsets, encode(truths, anchors)).sum().backward()  # type: ignore[arg-type]
        optimiser.step()
    assert (decode(offsets, anchors) - truths).abs().max() < 1.5
    assert math.isfinite(float(offsets.detach().abs().max()))
