"""Occlusion and RISE find what a model looks for, on anything that runs it, and say whether they have converged."""

from itertools import count

import numpy as np
import pytest
from tests.unit.explain.scenes import redness, scene

from foveal.errors import ConfigError
from foveal.explain.case import Effort
from foveal.explain.explain import explain_image
from foveal.explain.masks import BATCH_SIZE, MOST_PASSES, agreement, blurred, random_masks, rank_correlation
from foveal.explain.occlusion import FEWEST_CELLS, OCCLUSION_CELLS
from foveal.types.predictions.subject import Asked

BOX = (70, 30, 100, 60)
RED = Asked(("red",))
TICK = 5e-3
"""Seconds between two readings of the clock."""


def slow_clock(patch: pytest.MonkeyPatch, module: str) -> None:
    """Time that does not depend on the machine."""
    patch.setattr(f"foveal.explain.{module}.perf_counter", count(0.0, TICK).__next__)


@pytest.mark.parametrize("method", ["occlusion", "rise"])
def test_they_find_the_square(method: str) -> None:
    predictor = redness(evidence=False)
    found = explain_image(predictor, scene(128, 128, BOX), method=method, asked=RED)[0]
    x, y = found.peak
    assert BOX[0] <= x < BOX[2] and BOX[1] <= y < BOX[3]
    array, inside = found.array.clip(0), np.zeros((128, 128), bool)
    inside[BOX[1] - 10 : BOX[3] + 10, BOX[0] - 10 : BOX[2] + 10] = True
    assert array[inside].sum() / array.sum() > 2.5 * inside.mean()
    assert found.passes == predictor.backend.passes - 1, "all but the prediction itself"


@pytest.mark.parametrize("method", ["occlusion", "rise"])
def test_the_same_twice_and_another_seed(method: str) -> None:
    first, again = (explain_image(redness(), scene(96, 64, BOX), method=method, asked=RED)[0] for _ in range(2))
    assert first.grid.tobytes() == again.grid.tobytes() and first.passes == again.passes
    other = explain_image(redness(), scene(96, 64, BOX), method=method, asked=RED, effort=Effort(seed=1))[0]
    assert (other.grid.tobytes() == first.grid.tobytes()) is (method == "occlusion")


@pytest.mark.parametrize("method", ["occlusion", "rise"])
def test_against_the_rival_is_twice_the_log_odds(method: str) -> None:
    """With two classes the odds against all others are those against the rival."""
    image = scene(96, 96, BOX)
    alone = explain_image(redness(), image, method=method, asked=RED)[0]
    rival = explain_image(redness(), image, method=method, asked=Asked(("red",), against="other"))[0]
    np.testing.assert_allclose(alone.grid, rival.grid, atol=1e-4)
    assert rival.subject.title == "red, not other"


@pytest.mark.parametrize("method", ["occlusion", "rise"])
def test_a_constant_image_has_no_evidence(method: str) -> None:
    found = explain_image(redness("squash"), scene(40, 40, None), method=method, asked=RED)[0]
    assert not found.found and found.converged


def test_rise_says_whether_it_has_converged(monkeypatch: pytest.MonkeyPatch) -> None:
    clear = explain_image(redness(), scene(96, 96, (16, 16, 80, 80)), method="rise", asked=RED)[0]
    assert clear.converged and clear.passes < MOST_PASSES
    slow_clock(monkeypatch, "masks")
    effort = Effort(budget_s=4 * TICK)
    short = explain_image(redness(), scene(96, 96, BOX), method="rise", asked=RED, effort=effort)[0]
    assert not short.converged and short.passes == 2 * BATCH_SIZE, "three readings a batch"


@pytest.mark.parametrize("method", ["occlusion", "rise"])
def test_a_budget_under_one_pass(method: str) -> None:
    with pytest.raises(
        ConfigError, match=r"^--budget 1e-09s is less than one forward pass, \S+s on this machine\."
    ) as e:
        explain_image(redness(), scene(40, 40, BOX), method=method, asked=RED, effort=Effort(budget_s=1e-9))
    assert e.value.hint.startswith("Allow ") and e.value.hint.endswith(" or leave out --budget.")


@pytest.mark.parametrize(("passes", "side"), [(2, FEWEST_CELLS), (200, 10), (100_000, OCCLUSION_CELLS)])
def test_a_small_budget_makes_occlusion_coarse(monkeypatch: pytest.MonkeyPatch, passes: int, side: int) -> None:
    slow_clock(monkeypatch, "occlusion")
    effort = Effort(budget_s=passes * TICK / 2)
    found = explain_image(redness(), scene(96, 96, BOX), method="occlusion", asked=RED, effort=effort)[0]
    assert found.grid.shape == (side, side)


def test_masks_show_half_and_come_with_their_opposites() -> None:
    masks, small = next(random_masks((50, 50), 0))
    assert masks.shape == (16, 50, 50) and small.shape == (16, 28, 28)
    assert masks.min() >= 0 and masks.max() <= 1
    np.testing.assert_allclose(masks[:8] + masks[8:], 1, atol=1e-6)
    many = np.concatenate([m for m, _ in (next(g) for g in [random_masks((40, 40), s) for s in range(40)])])
    assert abs(many.mean() - 0.5) < 1e-6 and many.var() > 0.08


def test_the_blur_hides_the_square() -> None:
    image = scene(64, 64, (28, 28, 36, 36))
    assert np.abs(blurred(image).astype(int) - image)[28:36, 28:36, 0].min() > 80


def test_rank_correlation_is_spearmans() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((5, 5)), rng.random((5, 5))
    from scipy.stats import spearmanr

    assert rank_correlation(a, b) == pytest.approx(spearmanr(a.ravel(), b.ravel()).statistic)
    assert rank_correlation(a, np.exp(a)) == pytest.approx(1)
    ties = np.round(a * 3)
    assert rank_correlation(ties, b) == pytest.approx(spearmanr(ties.ravel(), b.ravel()).statistic)


def test_agreement_leaves_out_what_cannot_be_seen() -> None:
    rng = np.random.default_rng(0)
    clear = np.zeros((20, 20))
    clear[5:9, 5:9] = 10
    noisy = [clear + rng.normal(0, 0.05, clear.shape) for _ in range(2)]
    assert agreement(*noisy) == pytest.approx(1) and rank_correlation(*noisy) < 0.5
    assert agreement(clear, clear[::-1]) < 0.1
    assert agreement(np.zeros((3, 3)), np.zeros((3, 3))) == 1
