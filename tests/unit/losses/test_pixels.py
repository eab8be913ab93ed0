import numpy as np
import pytest
import torch
from segmentation_models_pytorch.losses import DiceLoss, LovaszLoss

from foveal.losses import pixels
from foveal.losses.class_weights import median_frequency
from foveal.types.predictions.masks import IGNORE

COUNT = torch.tensor(4.0)


def scene(seed=0, classes=5, unknown=0.2):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, classes, 9, 7, generator=generator, dtype=torch.float64)
    ids = torch.randint(classes, (2, 9, 7), generator=generator)
    ids[torch.rand(2, 9, 7, generator=generator) < unknown] = IGNORE
    return logits.requires_grad_(), ids


def test_cross_entropy_by_hand():
    logits = torch.zeros(1, 2, 1, 4)
    logits[0, 1, 0, 0] = np.log(3)  # p = (1/4, 3/4)
    ids = torch.tensor([[[1, 0, 1, IGNORE]]])
    want = (np.log(4 / 3) + 2 * np.log(2)) / 3
    assert float(pixels.cross_entropy(logits, ids, torch.tensor(3.0))) == pytest.approx(want)
    weights = torch.tensor([3.0, 1.0])
    weighted = (np.log(4 / 3) + 3 * np.log(2) + np.log(2)) / 3
    assert float(pixels.cross_entropy(logits, ids, torch.tensor(3.0), class_weights=weights)) == pytest.approx(weighted)


def test_near_others_by_hand():
    ids = torch.tensor([[2, 2, 2, 2, 2, 0, IGNORE, 7, IGNORE, IGNORE, IGNORE, IGNORE, 7]])
    near = pixels.near_others(ids[None])[0, 0].tolist()
    assert near == [False, False, True, True, True, True, False, True, False, False, False, False, False]


@pytest.mark.parametrize("seed", range(3))
def test_near_others_is_what_a_search_finds(seed):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(2, (2, 4, 3), generator=generator).repeat_interleave(6, 1).repeat_interleave(5, 2) * 254
    ids[torch.rand(ids.shape, generator=generator) < 0.1] = IGNORE
    want = torch.zeros_like(ids, dtype=torch.bool)
    for b, y, x in torch.nonzero(ids != IGNORE).tolist():
        window = ids[b, max(y - 3, 0) : y + 4, max(x - 3, 0) : x + 4]
        want[b, y, x] = ((window != IGNORE) & (window != ids[b, y, x])).any()
    assert torch.equal(pixels.near_others(ids), want)
    assert 0.1 < want.float().mean() < 0.95


@pytest.mark.parametrize("name", ["cross_entropy", "focal"])
def test_a_weight_counts_a_pixel_as_often(name):
    logits, ids = scene()
    twice = torch.rand(ids.shape, generator=torch.Generator().manual_seed(1)) < 0.3
    loss = getattr(pixels, name)
    again = ids.where(twice, IGNORE)
    known, more = (ids != IGNORE).sum(), (again != IGNORE).sum()
    want = (loss(logits, ids, known) * known + loss(logits, again, more) * more) / (known + more)
    torch.testing.assert_close(loss(logits, ids, known + more, pixel_weights=1.0 + twice), want)


def test_focal_by_hand():
    logits = torch.zeros(1, 2, 1, 3)
    logits[0, 1, 0, 0] = np.log(3)
    ids = torch.tensor([[[1, 0, IGNORE]]])
    want = (0.25**2 * np.log(4 / 3) + 2 * 0.5**2 * np.log(2)) / 2
    weights = torch.tensor([2.0, 1.0])
    assert float(pixels.focal(logits, ids, torch.tensor(2.0), class_weights=weights)) == pytest.approx(want)


def test_focal_without_focus_is_cross_entropy():
    logits, ids = scene()
    one = pixels.focal(logits, ids, COUNT, gamma=0.0)
    torch.testing.assert_close(one, pixels.cross_entropy(logits, ids, COUNT))


@pytest.mark.parametrize("seed", range(3))
def test_dice_is_the_librarys_where_every_class_occurs(seed):
    logits, ids = scene(seed, classes=3)
    known = ids != IGNORE
    theirs = DiceLoss(
        "multiclass", smooth=0.5
    )  # half of ours, as it divides by half; given only the known pixels, laid out in one row
    rows = logits.permute(0, 2, 3, 1)[known].T[None, :, None]
    want = theirs(rows, ids[known][None, None])
    torch.testing.assert_close(pixels.dice(logits, ids), want.to(torch.float32), check_dtype=False)


@pytest.mark.parametrize("seed", range(3))
def test_lovasz_is_the_librarys(seed):
    logits, ids = scene(seed)
    logits = logits.float()
    want = LovaszLoss("multiclass", ignore_index=IGNORE)(logits, ids)
    torch.testing.assert_close(pixels.lovasz(logits, ids), want, rtol=1e-5, atol=1e-6)


def test_perfect_predictions_cost_nothing():
    _, ids = scene(unknown=0.3)
    known = ids.masked_fill(ids == IGNORE, 0)
    logits = 60.0 * torch.nn.functional.one_hot(known, 5).permute(0, 3, 1, 2).double()
    for loss in (pixels.dice(logits, ids), pixels.lovasz(logits, ids), pixels.focal(logits, ids, COUNT)):
        assert float(loss.detach()) == pytest.approx(0, abs=1e-5)


LOSSES = {
    "cross_entropy": lambda logits, ids: pixels.cross_entropy(logits, ids, COUNT, label_smoothing=0.1),
    "focal": lambda logits, ids: pixels.focal(logits, ids, COUNT),
    "dice": pixels.dice,
    "lovasz": pixels.lovasz,
}


@pytest.mark.parametrize("name", LOSSES)
def test_unknown_pixels_teach_nothing(name):
    logits, ids = scene()
    LOSSES[name](logits, ids).backward()
    unknown = (ids == IGNORE)[:, None].expand_as(logits)
    assert (logits.grad[unknown] == 0).all()
    assert (logits.grad[~unknown] != 0).any()


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_without_a_known_pixel_costs_nothing(name):
    logits, ids = scene()
    loss = LOSSES[name](logits, torch.full_like(ids, IGNORE))
    loss.backward()
    assert float(loss.detach()) == 0
    assert (logits.grad == 0).all()


def test_median_frequency_by_hand():
    # Class 0: 60 of 100 known pixels; class 1: 10 of 50 (it is in one image alone); class 2 never occurs.
    weights = median_frequency([60, 10, 0], [100, 50, 0]).numpy()
    median = (0.6 + 0.2) / 2
    raw = np.array([median / 0.6, median / 0.2])
    scale = 70 / (60 * raw[0] + 10 * raw[1])
    assert weights == pytest.approx([raw[0] * scale, raw[1] * scale, 1.0])
