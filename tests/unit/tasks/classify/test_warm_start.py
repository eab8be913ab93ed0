"""The fit of the head leaves what a given model knows, and learns what it does not."""

import numpy as np
import pytest
import torch

from foveal.tasks.classify.warm_start import Start, fit_head, transfer


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
