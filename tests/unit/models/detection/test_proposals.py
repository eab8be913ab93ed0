"""Proposals: the best of each level, the same as greedy suppression gives, and the samples that training takes."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.ops import nms

from foveal.models.detection.proposals import balanced, clip, propose, survivors


def scattered(count, *, seed, spread=100.0):
    generator = torch.Generator().manual_seed(seed)
    corner = spread * torch.rand(count, 2, generator=generator)
    return torch.cat([corner, corner + 10 + 30 * torch.rand(count, 2, generator=generator)], 1)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 40))
def test_survivors_of_loose_crowds_are_those_of_greedy_nms(seed, count):
    boxes = scattered(count, seed=seed)
    expected = nms(boxes, torch.arange(count, 0, -1).float(), 0.5)
    got = survivors(boxes[None], iou=0.5)[0].nonzero()[:, 0]
    assert set(got.tolist()) == set(expected.tolist())


def test_a_chain_longer_than_the_rounds_differs_at_its_end_alone():
    """Each box overlaps its neighbours by 0.6: greedy keeps every second one; the fifth needs a round more."""
    left = 2.5 * torch.arange(6.0)
    chain = torch.stack([left, torch.zeros(6), left + 10, torch.full((6,), 10.0)], 1)
    assert nms(chain, torch.arange(6, 0, -1).float(), 0.5).tolist() == [0, 2, 4]
    assert survivors(chain[None], iou=0.5)[0].tolist() == [True, False, True, False, False, False]


def test_images_do_not_suppress_each_other():
    boxes = scattered(12, seed=1)
    both = survivors(torch.stack([boxes, boxes.flip(0)]), iou=0.3)
    assert torch.equal(both[0], survivors(boxes[None], iou=0.3)[0])
    assert torch.equal(both[1], survivors(boxes.flip(0)[None], iou=0.3)[0])


def test_the_best_of_all_levels_the_suppressed_last():
    boxes = torch.tensor([[[0.0, 0, 10, 10], [0, 0, 10, 9.5], [20, 20, 30, 30], [0, 0, 10, 10], [50, 50, 70, 70]]])
    logits = torch.tensor([[2.0, 3.0, -1.0, 0.0, 1.0]])
    out = propose(boxes, logits, [3, 2], count=5, iou=0.7)
    assert out[0].tolist() == boxes[0, [1, 4, 3, 2, 0]].tolist(), "the fourth is of another level, and stays"
    two = propose(boxes, logits, [3, 2], count=2, iou=0.7)
    assert two[0].tolist() == boxes[0, [1, 4]].tolist()
    assert propose(boxes, logits, [3, 2], count=50, iou=0.7).shape == (1, 5, 4), "no more than there are"


def test_clip():
    boxes = torch.tensor([[-5.0, 3, 50, 70], [20, -9, 30, -4]])
    assert clip(boxes, 60, 40).tolist() == [[0, 3, 40, 60], [20, 0, 30, 0]]


def test_balanced_samples():
    positive = torch.zeros(3, 100, dtype=torch.bool)
    positive[0, :50], positive[1, :3] = True, True
    negative = ~positive
    negative[:, 90:] = False
    torch.manual_seed(0)
    picked = balanced(positive, negative, count=40, share=0.25)
    assert (picked & positive).sum(1).tolist() == [10, 3, 0] and (picked & negative).sum(1).tolist() == [30, 37, 40]
    assert not picked[0, 90:].any()
    assert not torch.equal(balanced(positive, negative, count=40, share=0.25), picked), "drawn at random"
    few = balanced(positive, negative, count=1000, share=0.5)
    assert torch.equal(few, positive | negative), "all, where there are no more"
