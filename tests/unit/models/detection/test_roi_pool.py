"""Boxes looked up in a pyramid, beside torchvision's pooling and by hand."""

from collections import OrderedDict

import pytest
import torch
from torchvision.ops import MultiScaleRoIAlign, roi_align

from foveal.models.detection.roi_pool import levels_of, pool_boxes, pool_masks

STRIDES = (8, 16, 32)


def pyramid(side=512, batch=2, channels=3):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(batch, channels, side // s, side // s, generator=generator) for s in STRIDES]


def test_levels_are_those_of_torchvision():
    generator = torch.Generator().manual_seed(1)
    corner = 100 * torch.rand(200, 2, generator=generator)
    boxes = torch.cat([corner, corner + 5 + 700 * torch.rand(200, 2, generator=generator)], 1)
    pool = MultiScaleRoIAlign(["0", "1", "2"], 7, 2)
    maps = OrderedDict(zip("012", pyramid(side=1024), strict=True))
    pool(maps, [boxes, boxes[:0]], [(1024, 1024)] * 2)
    assert torch.equal(levels_of(boxes, STRIDES), pool.map_levels([boxes]))
    assert torch.bincount(levels_of(boxes, STRIDES)).min() > 10, "all levels are asked about"


def test_each_box_from_its_level_and_image():
    maps = pyramid()
    image = torch.tensor([1, 0, 1, 0])
    boxes = torch.tensor([[10.0, 20, 90, 60], [0, 0, 500, 500], [30, 40, 300, 310], [400, 400, 512, 512]])
    out = pool_boxes(maps, STRIDES, image, boxes, side=7)
    assert levels_of(boxes, STRIDES).tolist() == [0, 2, 1, 0]
    for i, level in enumerate((0, 2, 1, 0)):
        roi = torch.cat([image[i : i + 1, None].float(), boxes[i : i + 1]], 1)
        one = roi_align(maps[level], roi, 7, 1 / STRIDES[level], 2, aligned=True)
        torch.testing.assert_close(out[i : i + 1], one)


def test_a_slope_is_read_at_the_middle_of_each_place():
    """A map that says how far from the left its places lie: a box's places say the same, in pixels."""
    x = (torch.arange(16.0) + 0.5) * 8
    maps = [x.expand(1, 1, 16, 16), torch.zeros(1, 1, 8, 8)]
    out = pool_boxes(maps, (8, 16), torch.zeros(1).long(), torch.tensor([[16.0, 24, 72, 80]]), side=7)
    torch.testing.assert_close(out[0, 0], (torch.arange(7.0) * 8 + 20).expand(7, 7))


def test_no_boxes_and_gradients():
    maps = [level.requires_grad_() for level in pyramid(side=64)]
    nothing = pool_boxes(maps, STRIDES, torch.zeros(0).long(), torch.zeros(0, 4), side=7)
    assert nothing.shape == (0, 3, 7, 7)
    nothing.sum().backward()
    assert all(level.grad is not None and not level.grad.any() for level in maps), "part of the graph all the same"
    pool_boxes(maps, STRIDES, torch.ones(1).long(), torch.tensor([[0.0, 0, 40, 40]]), side=7).sum().backward()
    assert maps[0].grad[1].any() and not maps[0].grad[0].any() and not maps[1].grad.any()


@pytest.mark.parametrize("stride", [4, 8])
def test_masks_are_cut_out_at_their_boxes(stride):
    masks = torch.zeros(2, 96 // stride, 96 // stride, dtype=torch.uint8)
    masks[0, :, : 48 // stride] = 1
    masks[1, 64 // stride :] = 1
    boxes = torch.tensor([[16.0, 16, 80, 80], [0, 48, 96, 80]])
    out = pool_masks(masks, boxes, side=28, stride=stride)
    inside = (out > 0.5).float()
    assert inside[0].mean() == 0.5 and inside[0, :, :14].all(), "the left half of the first box"
    assert inside[1].mean() == 0.5 and inside[1, 14:].all(), "the lower half of the second"
    assert pool_masks(masks[:0], boxes[:0], side=28, stride=stride).shape == (0, 28, 28)
