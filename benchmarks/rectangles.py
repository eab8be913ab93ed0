"""A detector on a rectangular input against a square one that shows images at the same scale.

    python benchmarks/rectangles.py [--data bccd] [--rectangle 480x352] [--square 480] [--batch N] [--rounds N]

Images of 640 x 480 have the same scale in both: the square only adds gray. A step is what training takes for a batch:
reading, decoding, augmenting, forward, backward and AdamW. Prediction goes from files to objects, with the network in
torch and in ONNX Runtime. The sides take turns; the ratio is that of images per second. One network each, of the same
random weights.

Limit: 1.25, from which a rectangle may be the default (docs/decisions/0035-rectangles.md).
"""

# ruff: noqa: E402 - how threads wait must be said before torch is imported
from foveal.inference.backends.process_tuning import wait_quietly

wait_quietly()

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from interleave import data_folder, interleave, median_ratio, seconds, verdict
from train_speed import RawSteps, build_plan, normalized

from foveal.deploy.graph import to_onnx
from foveal.inference.backends.onnx_backend import OnnxBackend
from foveal.inference.backends.torch_backend import TorchBackend
from foveal.inference.predictor import Predictor
from foveal.types.size import Size

LIMIT = 1.25
IMAGES = 16
"""Images per prediction that is timed."""


def sides_of(data: Path, sizes: Sequence[Size], batch: int, folder: Path) -> dict[str, dict[str, Callable[[], float]]]:
    """What is timed: by name, for each size the seconds per image."""
    timed: dict[str, dict[str, Callable[[], float]]] = {"train step": {}, "predict, torch": {}, "predict, onnx": {}}
    for size in sizes:
        settings = {
            "input": {"size": size.plain, "eval_size": size.plain},
            "train": {"batch_size": batch, "epochs": 100},
            "data": {"cache": "off", "workers": 0},
        }
        plan, config, _ = build_plan(data, folder / str(size), settings)
        steps, files = (
            RawSteps(plan.network, normalized(plan), config.optim),
            [plan.val_set.path(i) for i in range(IMAGES)],
        )
        twin, _, _ = build_plan(data, folder / f"{size}-twin", settings)
        backend = TorchBackend(twin.network.eval(), twin.card, device=torch.device("cpu"))
        exported = to_onnx(backend, np.zeros((1, *size.shape, 3), np.uint8))
        ours, theirs = Predictor(backend), Predictor(OnnxBackend(exported, device="cpu"))
        timed["train step"][str(size)] = partial(training, steps, batch)
        for name, predictor in (("predict, torch", ours), ("predict, onnx", theirs)):
            timed[name][str(size)] = partial(predicting, predictor, files)
    return timed


def training(steps: RawSteps, batch: int) -> float:
    """Seconds per image of one step."""
    return seconds(steps) / batch


def predicting(predictor: Predictor, files: Sequence[Path]) -> float:
    """Seconds per image."""
    return seconds(lambda: predictor.predict(files, batch_size=8)) / len(files)


def measured(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Seconds per image of each round, after one that is not counted."""
    interleave(sides, rounds=1)
    return interleave(sides, rounds=rounds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where a ratio is under the limit."""
    parser = argparse.ArgumentParser(description="A rectangular input against a square one of the same scale.")
    parser.add_argument("--data", default="bccd", help="a folder below FOVEAL_DATA")
    parser.add_argument("--rectangle", default="480x352")
    parser.add_argument("--square", default="480")
    parser.add_argument("--batch", type=int, default=8, help="images per step")
    parser.add_argument("--rounds", type=int, default=6)
    options = parser.parse_args(arguments)
    reached = True
    with tempfile.TemporaryDirectory() as folder:
        sizes = [Size.of(list(map(int, text.split("x")))) for text in (options.square, options.rectangle)]
        timed = sides_of(data_folder(options.data), sizes, options.batch, Path(folder))
        for name, sides in timed.items():
            found = measured(sides, options.rounds)
            square, rectangle = (found[str(size)] for size in sizes)
            rates = (f"{size} {1 / statistics.median(found[str(size)]):.1f}" for size in sizes)
            print(f"{options.data}, {name}: images/s {', '.join(rates)}, {torch.get_num_threads()} threads")
            reached &= verdict(f"rectangles {name}", median_ratio(square, rectangle), LIMIT)
    return int(not reached)


if __name__ == "__main__":
    sys.exit(main())
