"""Learning from labelled images: batches, gradients, steps.

Shapes: N images, C channels, H W height and width, K classes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.scratch.activations import ReLU
from foveal.scratch.conv import Conv2d
from foveal.scratch.layer import Array, Layer, Sequential
from foveal.scratch.linear import Flatten, Linear
from foveal.scratch.loss import SoftmaxCrossEntropy
from foveal.scratch.normalize import BatchNorm
from foveal.scratch.optim import SGD, Adam
from foveal.scratch.pooling import MaxPool2d

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Examples:
    """Labelled images.

    Attributes:
        images: (N, C, H, W).
        labels: (N,), in 0..K-1.
    """

    images: Array
    labels: Labels


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training images has brought.

    Attributes:
        number: From 1.
        loss: Mean cross-entropy of its batches, in nats.
        accuracy: On the test images.
    """

    number: int
    loss: float
    accuracy: float


def small_network(channels: int, side: int, classes: int, *, seed: int = 0) -> Sequential:
    """Two blocks of convolution, batch norm, ReLU and max pooling, then a linear layer.

    Args:
        channels: C of the images.
        side: H and W, a multiple of 4.
        classes: K.
        seed: Of the first weights.
    """
    rng = np.random.default_rng(seed)
    return Sequential(
        Conv2d(channels, 16, 3, padding=1, rng=rng),
        BatchNorm(16),
        ReLU(),
        MaxPool2d(2),
        Conv2d(16, 32, 3, padding=1, rng=rng),
        BatchNorm(32),
        ReLU(),
        MaxPool2d(2),
        Flatten(),
        Linear(32 * (side // 4) ** 2, classes, rng=rng),
    )


def fit(
    network: Layer,
    optimizer: SGD | Adam,
    train: Examples,
    test: Examples,
    *,
    epochs: int,
    batch_size: int = 64,
    seed: int = 0,
) -> Iterator[Epoch]:
    """Learn, and after each epoch tell how well: the learning rate falls along half a cosine to 0.

    Args:
        network: Images to logits.
        optimizer: Of its parameters; its ``lr`` is the first learning rate.
        train: What is learnt from.
        test: What accuracy is measured on.
        epochs: Passes over the training images.
        batch_size: Images per step.
        seed: Of their order.
    """
    rng, loss, peak = np.random.default_rng(seed), SoftmaxCrossEntropy(), optimizer.lr
    steps = -(-len(train.labels) // batch_size)
    for epoch in range(epochs):
        network.train()
        losses = []
        for step, chosen in enumerate(np.array_split(rng.permutation(len(train.labels)), steps)):
            optimizer.lr = peak * 0.5 * (1 + np.cos(np.pi * (epoch + step / steps) / epochs))
            losses.append(loss.forward(network.forward(train.images[chosen]), train.labels[chosen]))
            network.backward(loss.backward())
            optimizer.step()
        yield Epoch(epoch + 1, float(np.mean(losses)), accuracy(network, test))


def accuracy(network: Layer, examples: Examples, *, batch_size: int = 256) -> float:
    """Fraction of images whose largest logit is the right one's."""
    network.train(False)
    parts = range(0, len(examples.labels), batch_size)
    right = [network.forward(examples.images[i : i + batch_size]).argmax(1) for i in parts]
    return float((np.concatenate(right) == examples.labels).mean())
