import numpy as np
import pytest

from foveal.tasks.classify.choose import choose_rate_factor
from foveal.tasks.classify.warm_start import error_left, fit_head
from foveal.types.arrays import Array


def clouds(num: int, *, distance: float, classes: int = 3) -> tuple[Array, Array]:
    """(N, 8) vectors around a centre per class, and their class ids."""
    generator = np.random.default_rng(0)
    ids = np.arange(num) % classes
    centres = np.eye(classes, 8) * distance
    return (centres[ids] + generator.normal(size=(num, 8))).astype(np.float32), ids


def test_what_is_far_apart_leaves_little_to_learn() -> None:
    assert error_left(*clouds(150, distance=8), 3, None) == pytest.approx(1 / 101), "no error, and one that is added"


def test_noise_leaves_everything_to_learn() -> None:
    """The fit is right on what it has seen; only held-out vectors tell."""
    generator = np.random.default_rng(0)
    vectors, ids = generator.normal(size=(60, 200)).astype(np.float32), generator.integers(0, 3, 60)
    weight, bias = fit_head(vectors, ids, 3, None)
    assert ((vectors @ weight.numpy().T + bias.numpy()).argmax(1) == ids).mean() > 0.95
    assert error_left(vectors, ids, 3, None) > 0.8


def test_the_error_is_that_of_folds_fitted_one_by_one() -> None:
    vectors, ids = clouds(40, distance=1.5)
    order, wrong, guessed = np.random.default_rng(0).permutation(40), 1, 1
    for fold in range(5):
        held_out = order[fold * 8 : fold * 8 + 8]
        rest = [i for i in range(40) if i not in held_out]
        weight, bias = (value.numpy() for value in fit_head(vectors[rest], ids[rest], 3, None))
        for i in held_out:
            wrong += int(np.argmax(weight @ vectors[i] + bias) != ids[i])
            guessed += int(ids[i] != 0)  # 0 is the most frequent, with 14 of 40
    assert error_left(vectors, ids, 3, None) == pytest.approx(wrong / guessed)


def test_decisions_on_each_class_of_multi_label_data() -> None:
    vectors, ids = clouds(150, distance=8)
    assert error_left(vectors, np.eye(3)[ids].astype(np.float32), 3, None) < 0.05
    mixed = np.random.default_rng(1).permutation(np.eye(3)[ids]).astype(np.float32)
    assert error_left(vectors, mixed, 3, None) > 0.8


def test_a_single_image_tells_nothing() -> None:
    assert error_left(*clouds(1, distance=8), 3, None) == 1.0


@pytest.mark.parametrize(("error", "factor"), [(1.0, 1.0), (0.25, 1.0), (0.05, 0.2), (0.0001, 0.02)])
def test_the_rate_follows_the_error(error: float, factor: float) -> None:
    assert choose_rate_factor(error) == pytest.approx(factor)
