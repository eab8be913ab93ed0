"""Warm start: the head is fitted to the frozen backbone's features before training.

Training all layers with a random head distorts pretrained features before the head has learnt anything; fitting the
head first preserves them (Kumar et al. 2022, "Fine-tuning can distort pretrained features"). Where the pretrained
network has its own classifier, the fit starts from what that predicts for the new classes: each new class is the mean
of the old classes predicted for its images.

Shapes: N images, D length of the pooled vector, K new classes, M classes of the pretrained network.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from foveal.types.arrays import Array

LABEL_SMOOTHING = 0.1
MAX_STEPS = 60
FOLDS = 5
MAX_FOLDED = 50_000
"""Images times classes up to which all folds are fitted; beyond, where a fit takes long, only the first."""
NAMES = ("classifier", "fc", "head.fc", "head", "head.linear")
"""Names of the classifier in timm's networks and, the last, in Foveal's."""

Prior = tuple[Tensor, Tensor]
"""Weight (M, D) and bias (M,) of a pretrained classifier."""


@dataclass(frozen=True)
class Start:
    """Rows that a model of Foveal's own has for some of the new classes.

    Attributes:
        weight: (K, D); only the known rows count.
        bias: (K,).
        known: (K,) bool.
        fixed: Whether these rows stay as they are: they were trained for the same kind of labels on the same features.
    """

    weight: Tensor
    bias: Tensor
    known: Tensor
    fixed: bool


def find_prior(tensors: Mapping[str, Tensor], num_features: int) -> Prior | None:
    """The classifier among a network's pretrained tensors, if it reads vectors of ``num_features``."""
    for name in NAMES:
        weight, bias = tensors.get(f"{name}.weight"), tensors.get(f"{name}.bias")
        if weight is not None and bias is not None and weight.shape == (len(bias), num_features):
            return weight, bias
    return None


def fit_head(
    vectors: Array, targets: Array, num_classes: int, prior: Prior | None, given: Start | None = None
) -> Prior:
    """Fit a linear layer to frozen features by penalised maximum likelihood (L-BFGS, float64).

    Args:
        vectors: (N, D) pooled features.
        targets: (N,) class ids, or (N, K) zeros and ones for multi-label data.
        num_classes: K.
        prior: The pretrained network's own classifier, or None to start from zero.
        given: Rows of known classes, from which the fit starts or which it leaves as they are.

    Returns:
        Weight (K, D) and bias (K,), float32.
    """
    z = torch.from_numpy(np.asarray(vectors, np.float64))
    target = torch.from_numpy(np.asarray(targets))
    several = target.ndim == 2
    if several or prior is None:
        start = z.new_zeros(num_classes, z.shape[1]), z.new_zeros(num_classes)
    else:
        start = transfer(z, target, num_classes, prior, centred=given is None)
    free = torch.ones(num_classes, dtype=torch.bool)
    if given is not None:
        for ours, theirs in zip(start, (given.weight, given.bias), strict=True):
            ours[given.known] = theirs[given.known].double()
        free = ~given.known if given.fixed else free
    weight, bias = (value.clone().requires_grad_() for value in start)
    strength = penalty(len(z))
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=MAX_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        logits = z @ weight.T + bias
        fit = (
            functional.binary_cross_entropy_with_logits(logits, target.double()) * num_classes
            if several
            else functional.cross_entropy(logits, target, label_smoothing=LABEL_SMOOTHING)
        )
        total: Tensor = fit + strength * (weight - start[0]).square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        if not free.all():
            for value in (weight, bias):
                assert value.grad is not None, "backward has run"
                value.grad[~free] = 0
        return total

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return weight.detach().float(), bias.detach().float()


def error_left(
    vectors: Array, targets: Array, num_classes: int, prior: Prior | None, given: Start | None = None
) -> float:
    """The cross-validated error of ``fit_head``, relative to that of guessing: what is left for fine-tuning to learn.

    Args:
        vectors: (N, D) pooled features.
        targets: (N,) class ids, or (N, K) zeros and ones for multi-label data.
        num_classes: K.
        prior: As for ``fit_head``.
        given: As for ``fit_head``.

    Returns:
        Wrong predictions for images that were not fitted, over those of always predicting the most frequent class (for
        multi-label data, decisions on each of the K classes), with one error added to both (Laplace's rule): above 0,
        about 1 for a head that has learnt nothing.
    """
    num = len(vectors)
    target = np.asarray(targets)
    order = np.random.default_rng(0).permutation(num)
    folds = [fold for fold in np.array_split(order, min(FOLDS, num)) if len(fold) < num]
    if num * num_classes > MAX_FOLDED:
        folds = folds[:1]
    wrong = guessed = 1.0
    for fold in folds:
        rest = np.setdiff1d(order, fold)
        weight, bias = (value.numpy() for value in fit_head(vectors[rest], target[rest], num_classes, prior, given))
        logits, truth = vectors[fold] @ weight.T + bias, target[fold]
        if target.ndim == 2:
            wrong += float(((logits > 0) != (truth > 0.5)).sum())
            guessed += float(((target.mean(0) > 0.5) != (truth > 0.5)).sum())
        else:
            wrong += float((logits.argmax(1) != truth).sum())
            guessed += float((np.bincount(target, minlength=num_classes).argmax() != truth).sum())
    return wrong / guessed


def transfer(z: Tensor, target: Tensor, num_classes: int, prior: Prior, *, centred: bool = True) -> Prior:
    """A pretrained classifier for new classes: old classes, weighted by how often it predicts each.

    Centred, what all new classes share is left out; beside rows of the pretrained classifier itself it has to stay.
    """
    old_weight, old_bias = (value.double() for value in prior)
    predicted = (z @ old_weight.T + old_bias).softmax(dim=1)  # (N, M)
    shares = torch.stack(
        [predicted[target == k].mean(0) if bool((target == k).any()) else predicted.mean(0) for k in range(num_classes)]
    )
    shares = shares - shares.mean(0) if centred else shares  # (K, M)
    return shares @ old_weight, shares @ old_bias


def penalty(num_images: int) -> float:
    """Penalty towards the prior: 0.1 for a few hundred images, 0.03 for a few thousand (docs/LOG.md)."""
    return float(np.clip(0.1 * (200 / num_images) ** 0.5, 0.01, 0.1))
