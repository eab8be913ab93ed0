"""Our NumPy NMS against torchvision's batched_nms on the same boxes.

    python benchmarks/nms.py [--rounds N]

Boxes are drawn as a detector's are: objects of 80 classes, each found many times over with a jitter, in a 640 x 640
image. Both sides get float32 and the same threshold, sort and suppress one class at a time; the same boxes must be
kept. One thread on both sides.

Limit: no more than 3 times torchvision's time on what top-k leaves, 1,000 and 3,000 boxes; 10,000 and 30,000, which no
backend is asked for, are printed beside it.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence

import numpy as np
import torch
from interleave import interleave, median_ratio, seconds, verdict
from torchvision.ops import batched_nms

from foveal.ops.nms import nms

SIZES = {1_000: True, 3_000: True, 10_000: False, 30_000: False}
"""Boxes, and whether the limit holds."""
LIMIT = 3.0
IOU = 0.5
REPEATS = 5


def draw_boxes(count: int, *, num_classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes (N, 4), scores (N,), labels (N,): clusters of about 25 around objects."""
    rng = np.random.default_rng(seed)
    objects = max(1, count // 25)
    centre, side = rng.uniform(0, 640, (objects, 2)), np.exp(rng.uniform(np.log(16), np.log(320), (objects, 2)))
    kind = rng.integers(0, num_classes, objects)
    of = rng.integers(0, objects, count)
    middle = centre[of] + rng.normal(0, 0.15, (count, 2)) * side[of]
    half = side[of] * np.exp(rng.normal(0, 0.2, (count, 2))) / 2
    boxes = np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)
    return boxes, rng.random(count, np.float32), kind[of]


def compare(count: int, *, num_classes: int, rounds: int) -> float:
    """Print milliseconds of both sides; how often ours fits into three times theirs, as a ratio."""
    boxes, scores, labels = draw_boxes(count, num_classes=num_classes)
    tensors = torch.from_numpy(boxes), torch.from_numpy(scores), torch.from_numpy(labels)
    ours, _ = nms(boxes, scores, labels, iou=IOU, max_objects=count)
    theirs = batched_nms(*tensors, IOU).numpy()
    same = len(np.intersect1d(ours, theirs)) / max(len(ours), len(theirs))
    # Class offsets cost torchvision float32 digits on small inputs, so a pair at the very threshold may differ.
    assert same >= 0.995, f"{len(ours)} boxes kept against {len(theirs)}"
    sides = {
        "torchvision": lambda: seconds(lambda: [batched_nms(*tensors, IOU) for _ in range(REPEATS)]) / REPEATS,
        "foveal": lambda: (
            seconds(lambda: [nms(boxes, scores, labels, iou=IOU, max_objects=count) for _ in range(REPEATS)]) / REPEATS
        ),
    }
    found = interleave(sides, rounds=rounds)
    each = ", ".join(f"{side} {1000 * statistics.median(values):.2f} ms" for side, values in found.items())
    print(f"{count} boxes, {num_classes} classes, {len(ours)} kept ({same:.1%} the same): {each}", end="; ")
    return median_ratio(found["foveal"], found["torchvision"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description="NumPy NMS against torchvision's.")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    missed = False
    for count, limited in SIZES.items():
        for num_classes in (1, 80):
            ratio = compare(count, num_classes=num_classes, rounds=options.rounds)
            if limited:
                missed |= not verdict(f"{LIMIT:g} x torchvision's time / ours", LIMIT / ratio, 1.0)
            else:
                print(f"{ratio:.2f} x torchvision's time")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
