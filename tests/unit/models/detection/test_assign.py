"""Which anchor learns which object, against slow references written from the papers."""

import pytest
import torch
from torch import Tensor
from torchvision.ops import box_iou

from foveal.models.detection.anchors import make_anchors, map_sizes
from foveal.models.detection.assign import assign_atss, assign_iou, pairwise_iou

STRIDES = (8, 16, 32)
SIZES = map_sizes(128, 128, STRIDES)
ANCHORS = make_anchors([[(40, 40)], [(80, 80)], [(160, 160)]], STRIDES, SIZES, like=torch.zeros(()))
PER_LEVEL = [rows * columns for rows, columns in SIZES]


def random_boxes(seed: int, count: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * 90
    return torch.cat([corner, corner + 6 + torch.rand(count, 2, generator=generator) * 60], 1)


def slow_atss(boxes: Tensor, k: int) -> list[int]:
    """Algorithm 1 of the paper, one object and one anchor at a time; then objects left without take their best."""
    overlap = box_iou(boxes, ANCHORS)
    middle = (ANCHORS[:, :2] + ANCHORS[:, 2:]) / 2
    wanted: dict[int, tuple[float, int]] = {}
    firsts: dict[int, tuple[int, float]] = {}
    for g, box in enumerate(boxes):
        candidates: list[int] = []
        start = 0
        for count in PER_LEVEL:
            distance = ((middle[start : start + count] - (box[:2] + box[2:]) / 2) ** 2).sum(1)
            candidates += [start + int(i) for i in distance.argsort(stable=True)[:k]]
            start += count
        values = overlap[g, candidates]
        threshold = values.mean() + values.std(unbiased=False)
        chosen = [
            c
            for c in candidates
            if overlap[g, c] >= threshold and bool((middle[c] > box[:2]).all() and (middle[c] < box[2:]).all())
        ]
        firsts[g] = (candidates[int(values.argmax())], float(values.max()))
        for c in chosen:
            if c not in wanted or float(overlap[g, c]) > wanted[c][0]:
                wanted[c] = (float(overlap[g, c]), g)
    left = set(firsts) - {g for _, g in wanted.values()}
    claims: dict[int, tuple[float, int]] = {}
    for g in left:
        anchor, value = firsts[g]
        if anchor not in claims or value > claims[anchor][0]:
            claims[anchor] = (value, g)
    final = {**wanted, **claims}
    return [final[i][1] if i in final else -1 for i in range(len(ANCHORS))]


@pytest.mark.parametrize("seed", range(6))
def test_atss_equals_the_paper(seed: int) -> None:
    boxes = random_boxes(seed, 7)
    every = torch.ones(1, 7, dtype=torch.bool)
    got = assign_atss(ANCHORS, PER_LEVEL, boxes[None], every, ~every, k=4)
    expected = torch.tensor(slow_atss(boxes, 4))
    assert (got.owner[0] == expected).float().mean() > 0.995  # equal distances may be ordered otherwise


def test_an_object_smaller_than_a_place_still_has_an_anchor() -> None:
    boxes = torch.tensor([[[0.5, 0.5, 2.5, 2.5]]])  # no anchor's centre lies inside
    every = torch.ones(1, 1, dtype=torch.bool)
    got = assign_atss(ANCHORS, PER_LEVEL, boxes, every, ~every)
    assert (got.owner >= 0).nonzero()[:, 1].tolist() == [0]


def test_a_small_object_before_a_large_one_keeps_an_anchor() -> None:
    """The anchor nearest to the ball overlaps the person far more; without an anchor the ball would never be learnt."""
    person, ball = [20.0, 10.0, 90.0, 120.0], [50.0, 60.0, 55.0, 65.0]
    every = torch.ones(1, 2, dtype=torch.bool)
    got = assign_atss(ANCHORS, PER_LEVEL, torch.tensor([[person, ball]]), every, ~every)
    assert set(got.owner[0].tolist()) == {-1, 0, 1}


@pytest.mark.parametrize("seed", range(6))
def test_iou_equals_a_loop(seed: int) -> None:
    boxes = random_boxes(seed, 5)
    every = torch.ones(1, 5, dtype=torch.bool)
    got = assign_iou(ANCHORS, boxes[None], every, ~every, positive=0.5, negative=0.4)
    overlap = box_iou(boxes, ANCHORS)
    for a in range(len(ANCHORS)):
        best = float(overlap[:, a].max())
        claims = [g for g in range(5) if overlap[g, a] == overlap[g].max()]
        owner = max(claims, key=lambda g: float(overlap[g, a])) if claims else int(overlap[:, a].argmax())
        assert int(got.owner[0, a]) == (owner if claims or best >= 0.5 else -1)
        assert bool(got.ignored[0, a]) == (not claims and 0.4 <= best < 0.5)


@pytest.mark.parametrize("kind", ["atss", "iou"])
def test_padding_and_order_change_nothing(kind: str) -> None:
    boxes = random_boxes(3, 6)
    padded = torch.cat([boxes, torch.full((3, 4), -1.0)])
    valid = torch.tensor([[True] * 6 + [False] * 3])
    order = torch.tensor([4, 2, 0, 5, 1, 3])

    def owners(rows: Tensor, keep: Tensor) -> Tensor:
        none = torch.zeros_like(keep)
        if kind == "iou":
            return assign_iou(ANCHORS, rows[None], keep, none).owner[0]
        return assign_atss(ANCHORS, PER_LEVEL, rows[None], keep, none, k=9).owner[0]

    plain = owners(boxes, valid[:, :6])
    assert torch.equal(owners(padded, valid), plain)
    shuffled = owners(boxes[order], valid[:, :6])
    back = torch.where(shuffled >= 0, order[shuffled.clamp(min=0)], shuffled)
    assert torch.equal(back, plain)


@pytest.mark.parametrize("kind", ["atss", "iou"])
def test_regions_are_ignored_but_not_where_an_object_is(kind: str) -> None:
    boxes = torch.tensor([[[10.0, 10.0, 60.0, 60.0], [40.0, 40.0, 120.0, 120.0]]])
    valid, regions = torch.tensor([[True, False]]), torch.tensor([[False, True]])
    if kind == "iou":
        got = assign_iou(ANCHORS, boxes, valid, regions)
    else:
        got = assign_atss(ANCHORS, PER_LEVEL, boxes, valid, regions)
    assert set(got.owner[0].tolist()) == {-1, 0}
    assert not (got.ignored & (got.owner >= 0)).any()
    middle = (ANCHORS[:, :2] + ANCHORS[:, 2:]) / 2
    inside = ((middle > 40) & (middle < 120)).all(1) & (got.owner[0] < 0)
    assert got.ignored[0, inside].all() and not got.ignored[0, (middle < 20).any(1) & (got.owner[0] < 0)][:5].any()


def test_no_objects_at_all() -> None:
    boxes, none = torch.zeros(2, 3, 4), torch.zeros(2, 3, dtype=torch.bool)
    for got in (assign_iou(ANCHORS, boxes, none, none), assign_atss(ANCHORS, PER_LEVEL, boxes, none, none)):
        assert (got.owner == -1).all() and not got.ignored.any()


def test_overlap_equals_torchvision() -> None:
    boxes = random_boxes(9, 8)
    torch.testing.assert_close(pairwise_iou(boxes[None], ANCHORS)[0], box_iou(boxes, ANCHORS))
    assert not pairwise_iou(torch.full((1, 1, 4), -1.0), ANCHORS).any()
