"""Losses of boxes: worked cases, and that each pulls a box to its truth."""

import math

import pytest
import torch

from foveal.losses.boxes import box_loss
from foveal.models.detection.anchors import decode, encode


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
