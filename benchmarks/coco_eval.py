"""Evaluation 5,000 images with 100 objects each, against pycocotools on the same objects.

    python benchmarks/coco_eval.py [--images N] [--objects N] [--rounds N] [--resamples N]

Ours is ``DetectionMetric`` from the first ``update`` to the ``Results``, panels, error analysis and VOC's numbers
included, without intervals; theirs is evaluate, accumulate and summarize, on an index that is built beforehand. All
twelve statistics must agree to 1e-6. What the intervals cost is printed beside it. pycocotools takes about a minute a
round.

Limit: less than a tenth of pycocotools' time.
"""

import argparse
import contextlib
import io
import statistics
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from interleave import interleave, median_ratio, seconds, verdict
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from foveal.metrics.contract import Results
from foveal.metrics.detection.coco import NAMES, NAMES_AR
from foveal.metrics.detection.metric import DetectionMetric
from foveal.types.categories import Categories
from foveal.types.flags import Flag
from foveal.types.predictions.detections import BoxTruth, Detections

LIMIT = 10.0
NUM_CLASSES = 80
TWELVE = ("mAP", *NAMES[1:], *NAMES_AR)
Case = tuple[list[BoxTruth], list[Detections]]


def draw_boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    """(N, 4) boxes of 8 to 300 pixels a side in a 640 x 640 image."""
    corner, side = rng.uniform(0, 600, (count, 2)), np.exp(rng.uniform(np.log(8), np.log(300), (count, 2)))
    return np.concatenate([corner, corner + side], axis=1)


def draw_case(num_images: int, num_objects: int, *, seed: int = 0) -> Case:
    """About seven objects per image, as in COCO, 2 % of them crowds; half of the detections are near one of them."""
    rng = np.random.default_rng(seed)
    categories = Categories(tuple(f"class {k}" for k in range(NUM_CLASSES)))
    truths, predictions = [], []
    for _ in range(num_images):
        true_boxes = draw_boxes(rng, 1 + rng.poisson(6))
        side = true_boxes[:, 2:] - true_boxes[:, :2]
        labels = rng.integers(0, NUM_CLASSES, len(true_boxes))
        flags = np.where(rng.random(len(true_boxes)) < 0.02, Flag.CROWD, 0).astype(np.uint8)
        areas = side.prod(1) * rng.uniform(0.4, 1, len(true_boxes))
        truths.append(BoxTruth(true_boxes, labels.astype(np.int32), flags, areas))
        of, near = rng.integers(0, len(true_boxes), num_objects), rng.random(num_objects) < 0.5
        moved = true_boxes[of] + rng.normal(0, 0.08, (num_objects, 4)) * np.tile(side[of], 2)
        boxes = np.where(near[:, None], moved, draw_boxes(rng, num_objects))
        named = near & (rng.random(num_objects) < 0.9)
        kinds = np.where(named, labels[of], rng.integers(0, NUM_CLASSES, num_objects))
        scores = rng.random(num_objects) * np.where(near, 1.0, 0.5)
        order = np.argsort(-scores)
        predictions.append(Detections(boxes[order], scores[order], kinds[order], categories, (640, 640), 0.5))
    return truths, predictions


def evaluate(case: Case, *, num_resamples: int = 0) -> Results:
    """Ours, from the first image to the results."""
    metric = DetectionMetric(case[1][0].categories)
    for truth, prediction in zip(*case, strict=True):
        metric.update(truth, prediction)
    return metric.compute(num_resamples=num_resamples)


def build_index(case: Case) -> tuple[COCO, COCO]:
    """The same objects as pycocotools wants them."""
    rows: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
    for i, (truth, prediction) in enumerate(zip(*case, strict=True)):
        for side, boxes, labels in ((0, truth.boxes, truth.labels), (1, prediction.boxes, prediction.labels)):
            for j, (box, label) in enumerate(zip(boxes.tolist(), labels.tolist(), strict=True)):
                wide, high = box[2] - box[0], box[3] - box[1]
                row = {"id": len(rows[side]) + 1, "image_id": i, "category_id": label, "bbox": [*box[:2], wide, high]}
                row |= {"area": wide * high, "iscrowd": 0}
                if side == 0:
                    row |= {"area": float(truth.areas[j]), "iscrowd": int(bool(truth.flags[j] & Flag.CROWD))}
                else:
                    row["score"] = float(prediction.scores[j])
                rows[side].append(row)
    sides = []
    for annotations in rows:
        coco = COCO()
        coco.dataset = {
            "images": [{"id": i} for i in range(len(case[0]))],
            "categories": [{"id": k} for k in range(NUM_CLASSES)],
            "annotations": annotations,
        }
        with contextlib.redirect_stdout(io.StringIO()):
            coco.createIndex()
        sides.append(coco)
    return sides[0], sides[1]


def run_pycocotools(index: tuple[COCO, COCO]) -> np.ndarray:
    """The twelve statistics."""
    with contextlib.redirect_stdout(io.StringIO()):
        evaluated = COCOeval(*index, "bbox")
        evaluated.evaluate()
        evaluated.accumulate()
        evaluated.summarize()
    return np.asarray(evaluated.stats)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where the limit is missed; an AssertionError where the numbers differ."""
    parser = argparse.ArgumentParser(description="Evaluating boxes, against pycocotools.")
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--objects", type=int, default=100, help="detections in each image")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--resamples", type=int, default=1000, help="asked for; as many as sensible are drawn")
    options = parser.parse_args(arguments)
    case = draw_case(options.images, options.objects)
    index = build_index(case)
    got = np.array([evaluate(case).metrics[name].value for name in TWELVE])
    want = run_pycocotools(index)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-6)
    print(f"twelve statistics agree to {np.abs(got - want).max():.1e}; mAP {got[0]:.4f}")
    sides = {
        "pycocotools": lambda: seconds(lambda: run_pycocotools(index)),
        "foveal": lambda: seconds(lambda: evaluate(case)),
    }
    timings = interleave(sides, rounds=options.rounds)
    print(", ".join(f"{side} {statistics.median(values):.2f} s" for side, values in timings.items()))
    with_intervals = seconds(lambda: evaluate(case, num_resamples=options.resamples))
    print(f"with intervals ({options.resamples} resamples asked for) {with_intervals:.2f} s")
    ratio = median_ratio(timings["pycocotools"], timings["foveal"])
    return int(not verdict(f"{options.images} images x {options.objects} objects", ratio, LIMIT))


if __name__ == "__main__":
    sys.exit(main())
