"""Power laws whose future is known, and curves that must not speak."""

import numpy as np
import pytest

from foveal.tune.advice.learning_curve import fit

SIZES = (125, 250, 500)


def runs(law: tuple[float, float, float], sizes: tuple[int, ...], *, noise: float, seed: int) -> list[list[float]]:
    a, b, c = law
    generator = np.random.default_rng(seed)
    drawn = [(n, a - b * (n / 1000) ** -c + noise * generator.normal()) for n in sizes for _ in range(3)]
    return [list(column) for column in zip(*drawn, strict=True)]


@pytest.mark.parametrize("law", [(0.95, 0.05, 0.5), (0.9, 0.02, 1.0), (1.0, 0.3, 0.15), (0.8, 0.001, 0.3)])
@pytest.mark.parametrize("noise", [0.004, 0.02])
def test_the_mean_on_all_images_lies_in_the_interval(law: tuple[float, float, float], noise: float) -> None:
    held = 0
    for seed in range(20):
        curve = fit(*runs(law, SIZES, noise=noise, seed=seed))
        (found,) = {float(np.mean(runs(law, (1000,), noise=noise, seed=1000 + seed)[1]))}
        held += curve.predict(1000, runs=3).holds(found)
    assert held >= 17


def test_the_interval_is_narrow_where_runs_agree() -> None:
    curve = fit(*runs((0.95, 0.05, 0.5), SIZES, noise=0.002, seed=0))
    predicted = curve.predict(1000, runs=3)
    assert predicted.value == pytest.approx(0.9, abs=0.01) and predicted.high - predicted.low < 0.07
    wide = fit(*runs((0.95, 0.05, 0.5), SIZES, noise=0.02, seed=0)).predict(1000, runs=3)
    assert wide.high - wide.low > predicted.high - predicted.low


def test_scores_stay_on_their_scale_and_more_is_never_worse() -> None:
    curve = fit(*runs((0.999, 0.01, 0.5), SIZES, noise=0.004, seed=1))
    ends = [curve.predict(images, runs=3) for images in (1000, 2000, 4000)]
    assert all(0 <= one.low <= one.value <= one.high <= 1 for one in ends)
    assert ends[0].value <= ends[1].value + 1e-3 <= ends[2].value + 2e-3


def test_the_same_runs_give_the_same_interval() -> None:
    given = runs((0.95, 0.05, 0.5), SIZES, noise=0.01, seed=3)
    assert fit(*given).predict(1000, runs=3) == fit(*given).predict(1000, runs=3)
    equal = fit([100, 200, 400], [1.0, 1.0, 1.0]).predict(800, runs=1)
    assert equal.low > 0.97 and equal.holds(1.0)
