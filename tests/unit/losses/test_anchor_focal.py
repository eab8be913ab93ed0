"""The focal loss of anchors: the reference library and worked cases."""

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from torchvision.ops import sigmoid_focal_loss

from foveal.losses.anchor_focal import focal


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
