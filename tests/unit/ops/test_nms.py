import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.ops import batched_nms

from foveal.errors import ShapeError
from foveal.ops import nms as module
from foveal.ops.boxes import diou
from foveal.ops.boxes import iou as box_iou
from foveal.ops.nms import nms, vote


def draw(seed: int, count: int, *, classes: int, ties: bool = False, dtype=np.float64):
    rng = np.random.default_rng(seed)
    corner, side = rng.uniform(0, 40, (count, 2)), rng.uniform(2, 30, (count, 2))
    boxes = np.concatenate([corner, corner + side], axis=1).astype(dtype)
    scores = rng.random(count)
    return boxes, np.round(scores, 1) if ties else scores, rng.integers(0, classes, count)


def slow_hard(boxes, scores, labels, limit, overlap=box_iou):
    """Greedy, one box at a time."""
    kept: list[int] = []
    for i in sorted(range(len(scores)), key=lambda i: (-scores[i], i)):
        if all(labels[i] != labels[j] or overlap(boxes[j : j + 1], boxes[i : i + 1])[0, 0] <= limit for j in kept):
            kept.append(i)
    return kept


def slow_soft(boxes, scores, labels, decay):
    """Algorithm 1 of Bodla et al., a class at a time."""
    kept = []
    for label in set(labels.tolist()):
        left = {i: float(scores[i]) for i in np.flatnonzero(labels == label)}
        while left:
            best = max(left, key=lambda i: (left[i], -i))
            kept.append((left.pop(best), best))
            for i in left:
                left[i] *= decay(box_iou(boxes[best : best + 1], boxes[i : i + 1])[0, 0])
    return sorted(kept, key=lambda f: (-f[0], f[1]))


cases = st.builds(
    draw, st.integers(0, 10**6), st.integers(0, 60), classes=st.sampled_from([1, 2, 7]), ties=st.booleans()
)


@given(cases, st.sampled_from([0.0, 0.3, 0.5, 0.9]), st.sampled_from([1, 3, 16, 96]))
@settings(deadline=None)
def test_hard_is_greedy_whatever_the_block(case, limit, block):
    before, module.BLOCK = module.BLOCK, block
    try:
        kept, scores = nms(*case, iou=limit, max_objects=100)
    finally:
        module.BLOCK = before
    assert kept.tolist() == slow_hard(*case, limit)
    assert (scores == case[1][kept]).all()


@given(cases, st.sampled_from([0.1, 0.5]))
@settings(deadline=None)
def test_diou_is_greedy_by_diou(case, limit):
    assert nms(*case, iou=limit, method="diou")[0].tolist() == slow_hard(*case, limit, diou)


@given(cases)
@settings(deadline=None)
def test_soft_is_the_papers_algorithm(case):
    for method, decay in (
        ("soft_linear", lambda iou: 1 - iou if iou > 0.3 else 1.0),
        ("soft_gaussian", lambda iou: np.exp(-(iou**2) / 0.5)),
    ):
        kept, scores = nms(*case, iou=0.3, method=method, sigma=0.5)
        want = slow_soft(*case, decay)
        np.testing.assert_allclose(scores, [s for s, _ in want], rtol=1e-9)
        if len(np.unique(scores)) == len(scores):
            assert kept.tolist() == [i for _, i in want]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("classes", [1, 5, 90])
@pytest.mark.parametrize("count", [1, 700, 3000])
def test_equals_torchvision(seed, classes, count):
    boxes, scores, labels = draw(seed, count, classes=classes)
    want = batched_nms(torch.from_numpy(boxes), torch.from_numpy(scores), torch.from_numpy(labels), 0.5).tolist()
    assert nms(boxes, scores, labels, iou=0.5, max_objects=count)[0].tolist() == want


@given(cases)
@settings(deadline=None)
def test_what_is_kept_overlaps_little_and_what_is_dropped_has_a_reason(case):
    boxes, scores, labels = case
    kept, _ = nms(boxes, scores, labels, iou=0.4)
    over = (box_iou(boxes, boxes) > 0.4) & (labels[:, None] == labels)
    np.fill_diagonal(over, False)
    assert not over[np.ix_(kept, kept)].any()
    for i in set(range(len(scores))) - set(kept.tolist()):
        assert any(over[i, j] and scores[j] >= scores[i] for j in kept)


def test_the_best_100_of_many_are_the_first_of_all():
    case = draw(1, 800, classes=40)
    for method in ("hard", "diou", "soft_linear", "soft_gaussian"):
        every, all_scores = nms(*case, iou=0.5, method=method, max_objects=800)
        best, scores = nms(*case, iou=0.5, method=method, max_objects=100)
        assert best.tolist() == every[:100].tolist() and (scores == all_scores[:100]).all()


def test_equal_scores_keep_the_earlier_box():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [0, 0, 10, 10]])
    for method in ("hard", "diou"):
        assert nms(boxes, np.full(3, 0.5), np.zeros(3, int), iou=0.5, method=method)[0].tolist() == [0]
    kept, scores = nms(boxes, np.full(3, 0.5), np.zeros(3, int), iou=0.5, method="soft_linear")
    assert kept.tolist() == [0, 1, 2]
    assert scores.tolist() == pytest.approx([0.5, 0.5 * (1 - 9 / 11), 0.0])


def test_a_chain_keeps_both_ends():
    """The middle box would drop the last one, but is dropped by the first."""
    boxes = np.array([[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]], np.float32)
    assert nms(boxes, np.array([0.9, 0.8, 0.7]), np.zeros(3, int), iou=0.3)[0].tolist() == [0, 2]


def test_low_scores_are_dropped_before_and_after_softening():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [50, 50, 60, 60]])
    scores = np.array([0.9, 0.8, 0.04])
    assert nms(boxes, scores, np.zeros(3, int), iou=0.5, min_score=0.05)[0].tolist() == [0]
    kept, softened = nms(boxes, scores, np.zeros(3, int), iou=0.5, method="soft_gaussian", min_score=0.05)
    assert kept.tolist() == [0, 1] and softened[1] == pytest.approx(0.8 * np.exp(-2))


def test_classes_leave_each_other_alone():
    boxes = np.tile([[0, 0, 10, 10]], (4, 1))
    for method in ("hard", "diou", "soft_linear", "soft_gaussian"):
        kept, scores = nms(boxes, np.array([0.5, 0.9, 0.7, 0.6]), np.array([300, 0, 1, -2]), iou=0.5, method=method)
        assert kept.tolist() == [1, 2, 3, 0] and scores.tolist() == [0.9, 0.7, 0.6, 0.5]


@pytest.mark.parametrize("method", ["hard", "diou", "soft_linear", "soft_gaussian"])
def test_nothing_in_nothing_out_and_inputs_stay(method):
    kept, scores = nms(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int), iou=0.5, method=method)
    assert kept.shape == scores.shape == (0,)
    case = draw(0, 30, classes=2)
    before = [column.copy() for column in case]
    for column in case:
        column.setflags(write=False)
    nms(*case, iou=0.5, method=method)
    assert all((a == b).all() for a, b in zip(case, before, strict=True))


def test_columns_of_unequal_length():
    with pytest.raises(
        ShapeError, match=r"^nms got 2 boxes, 3 scores and 2 labels; pass one of each for every object\.$"
    ):
        nms(np.zeros((2, 4)), np.zeros(3), np.zeros(2, int), iou=0.5)


def slow_vote(kept, boxes, scores, labels, sigma):
    """One box at a time."""
    voted = []
    for i in kept:
        overlap = np.array([box_iou(boxes[i : i + 1], boxes[j : j + 1])[0, 0] for j in range(len(boxes))])
        weights = np.where(labels == labels[i], scores * np.exp(-((1 - overlap) ** 2) / sigma), 0)
        voted.append((weights[:, None] * boxes).sum(0) / weights.sum())
    return np.array(voted).reshape(-1, 4)


@given(cases, st.sampled_from([0.02, 0.2]), st.sampled_from([1, 3, 96]))
@settings(deadline=None)
def test_votes_are_weighted_means_of_a_class(case, sigma, block):
    boxes, scores, labels = case[0], case[1] + 0.01, case[2]
    kept = nms(boxes, scores, labels, iou=0.5)[0]
    before, module.BLOCK = module.BLOCK, block
    try:
        voted = vote(kept, boxes, scores, labels, sigma=sigma)
    finally:
        module.BLOCK = before
    np.testing.assert_allclose(voted, slow_vote(kept, boxes, scores, labels, sigma), rtol=1e-9, atol=1e-9)


def test_a_vote_lies_between_neighbours_and_strangers_have_none():
    boxes = np.array([[10.0, 10, 50, 50], [12, 10, 52, 50], [200, 200, 240, 240], [12, 10, 52, 50]])
    voted = vote(np.array([0, 2]), boxes, np.array([0.8, 0.8, 0.5, 0.9]), np.array([0, 0, 0, 1]))
    assert 10.5 < voted[0, 0] < 11 and voted[0, 1] == pytest.approx(10) and 50.5 < voted[0, 2] < 51
    assert voted[1] == pytest.approx(boxes[2])
    nothing = vote(np.array([0]), boxes[:1], np.zeros(1), np.zeros(1, int))
    assert (nothing == boxes[:1]).all(), "without a score it stays where it is"
