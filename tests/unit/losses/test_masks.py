import numpy as np
import pytest
import torch

from foveal.losses.masks import SMOOTH, mask_loss


def slow(logits, masks, boxes):
    """Pixel by pixel, in float64."""
    out = []
    for logit, mask, (x1, y1, x2, y2) in zip(logits.double().numpy(), masks.numpy(), boxes.tolist(), strict=True):
        entropy, both, p_sum, t_sum, count = 0.0, 0.0, 0.0, 0.0, 0
        for y in range(mask.shape[0]):
            for x in range(mask.shape[1]):
                if x + 1 <= x1 or x >= x2 or y + 1 <= y1 or y >= y2:
                    continue
                p, t = 1 / (1 + np.exp(-logit[y, x])), float(mask[y, x])
                entropy -= t * np.log(p) + (1 - t) * np.log(1 - p)
                both, p_sum, t_sum, count = both + p * t, p_sum + p, t_sum + t, count + 1
        out.append(entropy / max(count, 1) + 1 - (2 * both + SMOOTH) / (p_sum + t_sum + SMOOTH))
    return torch.tensor(out)


def some(seed=0, num=4):
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(num, 6, 8, generator=generator)
    masks = (torch.rand(num, 6, 8, generator=generator) < 0.5).to(torch.uint8)
    low = torch.rand(num, 2, generator=generator) * 4
    return logits, masks, torch.cat([low, low + torch.rand(num, 2, generator=generator) * 3 + 0.1], 1)


@pytest.mark.parametrize("seed", range(5))
def test_as_pixel_by_pixel(seed):
    logits, masks, boxes = some(seed)
    torch.testing.assert_close(
        mask_loss(logits, masks, boxes).double(), slow(logits, masks, boxes), atol=1e-5, rtol=1e-5
    )


def test_worked_by_hand():
    """Two pixels inside the box at even odds, one of them the object's: ln 2, and Dice (2 * 0.5 + 1) / (1 + 1 + 1)."""
    masks = torch.tensor([[[1, 0, 1]]], dtype=torch.uint8)
    loss = mask_loss(torch.zeros(1, 1, 3), masks, torch.tensor([[0.0, 0.0, 2.0, 1.0]]))
    assert float(loss) == pytest.approx(np.log(2) + 1 / 3)


def test_right_is_nought_and_wrong_is_much():
    _, masks, boxes = some()
    sure = (masks.float() * 2 - 1) * 50
    assert float(mask_loss(sure, masks, boxes).max()) < 1e-6
    assert float(mask_loss(-sure, masks, boxes).min()) > 10


def test_what_lies_outside_the_box_teaches_nothing():
    logits, masks, _ = some()
    boxes = torch.tensor([[2.0, 1.0, 5.0, 4.0]] * 4)
    logits.requires_grad_()
    mask_loss(logits, masks, boxes).sum().backward()
    inside = torch.zeros(6, 8, dtype=torch.bool)
    inside[1:4, 2:5] = True
    assert not logits.grad[:, ~inside].any() and logits.grad[:, inside].all()


def test_a_large_object_counts_no_more_than_a_small_one():
    logits, masks = torch.zeros(2, 40, 40), torch.zeros(2, 40, 40, dtype=torch.uint8)
    masks[0, :30, :15] = masks[1, :4, :2] = 1  # each half of its box
    loss = mask_loss(logits, masks, torch.tensor([[0.0, 0, 30, 30], [0.0, 0, 4, 4]]))
    assert float(loss[0]) == pytest.approx(float(loss[1]), abs=0.05)


def test_none():
    assert mask_loss(torch.zeros(0, 4, 4), torch.zeros(0, 4, 4), torch.zeros(0, 4)).shape == (0,)
