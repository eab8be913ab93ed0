"""Training steps of `foveal.scratch` against torch's, the same network and batch on the CPU: python benchmarks/scratch_vs_torch.py

Prints seconds for a step of each, alternately measured in one process, and their ratio; the limit is 3.
"""

import statistics
import sys
import time

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


def main() -> int:
    worst = 0.0
    for side in SIDES:
        rng = np.random.default_rng(0)
        images, labels = rng.normal(size=(BATCH, 1, side, side)).astype(np.float32), rng.integers(0, 10, BATCH)
        ours, theirs = small_network(1, side, 10), twin(side)
        loss, adam = SoftmaxCrossEntropy(), Adam(ours.parameters())
        torch_adam = torch.optim.Adam(theirs.parameters())
        tensors = torch.from_numpy(images), torch.from_numpy(labels)

        def own_step() -> None:
            loss.forward(ours.forward(images), labels)
            ours.backward(loss.backward())
            adam.step()

        def torch_step() -> None:
            torch_adam.zero_grad()
            nn.functional.cross_entropy(theirs(tensors[0]), tensors[1]).backward()
            torch_adam.step()

        own_step(), torch_step()
        pairs = [(seconds(own_step), seconds(torch_step)) for _ in range(ROUNDS)]
        mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        worst = max(worst, ratio)
        print(
            f"{side} x {side}, batch {BATCH}: scratch {mine * 1e3:.2f} ms, torch {other * 1e3:.2f} ms, ratio {ratio:.2f}"
        )
    print(f"worst {worst:.2f} (limit {LIMIT:g})")
    return int(worst > LIMIT)


def seconds(step) -> float:  # type: ignore[no-untyped-def]
    start = time.perf_counter()
    for _ in range(STEPS):
        step()
    return (time.perf_counter() - start) / STEPS


if __name__ == "__main__":
    sys.exit(main())
