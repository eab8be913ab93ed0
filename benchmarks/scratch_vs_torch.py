"""Training steps of `foveal.scratch` against torch's on the CPU: python benchmarks/scratch_vs_torch.py.

The same network and batch. Prints the time of a step of each, measured alternately in one process, and their ratio;
the limit is 3.
"""

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from foveal.scratch import Adam, SoftmaxCrossEntropy
from foveal.scratch.learn import small_network

LIMIT = 3.0
SIDES = (8, 28)
BATCH, ROUNDS, STEPS = 64, 9, 8


def twin(side: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * (side // 4) ** 2, 10),
    )


def own_step(side: int, images: np.ndarray, labels: np.ndarray) -> Callable[[], None]:
    network, loss = small_network(1, side, 10), SoftmaxCrossEntropy()
    adam = Adam(network.parameters())

    def step() -> None:
        loss.forward(network.forward(images), labels)
        network.backward(loss.backward())
        adam.step()

    return step


def torch_step(side: int, images: np.ndarray, labels: np.ndarray) -> Callable[[], None]:
    network = twin(side)
    adam = torch.optim.Adam(network.parameters())
    inputs, wanted = torch.from_numpy(images), torch.from_numpy(labels)

    def step() -> None:
        adam.zero_grad()
        torch.autograd.backward(nn.functional.cross_entropy(network(inputs), wanted))
        adam.step()

    return step


def main() -> int:
    worst = 0.0
    for side in SIDES:
        rng = np.random.default_rng(0)
        batch = rng.normal(size=(BATCH, 1, side, side)).astype(np.float32), rng.integers(0, 10, BATCH)
        steps = own_step(side, *batch), torch_step(side, *batch)
        for step in steps:
            step()
        pairs = [tuple(map(seconds, steps)) for _ in range(ROUNDS)]
        mine, other = (statistics.median(column) * 1e3 for column in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        worst = max(worst, ratio)
        print(f"{side} x {side}, batch {BATCH}: scratch {mine:.2f} ms, torch {other:.2f} ms, ratio {ratio:.2f}")
    print(f"worst {worst:.2f} (limit {LIMIT:g})")
    return int(worst > LIMIT)


def seconds(step: Callable[[], None]) -> float:
    start = time.perf_counter()
    for _ in range(STEPS):
        step()
    return (time.perf_counter() - start) / STEPS


if __name__ == "__main__":
    sys.exit(main())
