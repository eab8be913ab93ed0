"""The fit of the head leaves what a given model knows and learns what it does not; and what it leaves to learn."""

import numpy as np
import pytest
import torch

from foveal.tasks.classify.choose import choose_rate_factor
from foveal.tasks.classify.warm_start import Start, error_left, fit_head, transfer
from foveal.types.arrays import Array


def clusters(classes: int, each: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """(N, D) vectors around one axis per class, and their labels."""
    generator, labels = np.random.default_rng(0), np.repeat(np.arange(classes), each)
    return 3 * np.eye(8)[labels] + generator.normal(0, 0.3, (len(labels), 8)), labels


def right(vectors: np.ndarray, labels: np.ndarray, weight: torch.Tensor, bias: torch.Tensor) -> float:
    return float(((vectors @ weight.numpy().T + bias.numpy()).argmax(1) == labels).mean())


@pytest.mark.parametrize("several", [False, True])
def test_rows_that_are_kept_stay_and_new_ones_are_fitted(several: bool) -> None:
    vectors, labels = clusters(3)
    targets = np.eye(3, dtype=np.float32)[labels] if several else labels
    old = torch.tensor(np.eye(3, 8), dtype=torch.float32)
    given = Start(old, torch.zeros(3), known=torch.tensor([True, False, True]), fixed=True)
    weight, bias = fit_head(vectors, targets, 3, None, given)
    assert torch.equal(weight[[0, 2]], old[[0, 2]]) and torch.equal(bias[[0, 2]], torch.zeros(2))
    assert not torch.equal(weight[1], old[1])
    assert right(vectors, labels, weight, bias) == 1


def test_rows_of_another_kind_of_head_are_where_the_fit_begins() -> None:
    vectors, labels = clusters(3)
    old = torch.tensor(np.eye(3, 8)[::-1].copy(), dtype=torch.float32)  # classes 0 and 2 are mixed up
    given = Start(old, torch.zeros(3), known=torch.ones(3, dtype=torch.bool), fixed=False)
    weight, bias = fit_head(vectors, labels, 3, None, given)
    assert not torch.equal(weight, old)
    assert right(vectors, labels, weight, bias) == 1


def test_a_new_class_begins_as_a_mixture_of_the_old_ones() -> None:
    """Beside rows of the old classifier nothing may be centred: all logits must be on one scale."""
    vectors, labels = clusters(2)
    prior = torch.tensor(np.eye(2, 8), dtype=torch.float32), torch.tensor([1.0, 2.0])
    weight, bias = transfer(torch.from_numpy(vectors), torch.from_numpy(labels), 2, prior, centred=False)
    shares = (torch.from_numpy(vectors) @ prior[0].double().T + prior[1].double()).softmax(1)
    for k in range(2):
        share = shares[torch.from_numpy(labels == k)].mean(0)
        assert torch.allclose(weight[k], share @ prior[0].double()) and torch.allclose(
            bias[k], share @ prior[1].double()
        )


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
