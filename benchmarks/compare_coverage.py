"""How often the paired intervals of `foveal compare` hold the true difference, and how often it raises a false alarm.

Each world draws images that two models predict; what makes an image hard is the same for both. The truth is the
difference on very many images. In the second half of each world both models are equally good, so that every difference
that is declared is a false alarm. Exits with 1 if a limit is missed:

- coverage of 93% to 97% on average over the worlds of a kind, and at least 91% in each;
- at most 6.5% false alarms on average over the worlds of a kind, and at most 7.5% in each;
- 691 images of which the models disagree on 6%: differences of 3 and 5 points declared in 85% and 98%;
- 49 images of which three differ: never declared.

    python benchmarks/compare_coverage.py [--pairs 500]
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from foveal.metrics.classification.single_label import SingleLabelVerdict
from foveal.metrics.contract import Verdict
from foveal.metrics.detection.metric import DetectionMetric
from foveal.metrics.paired.difference import difference_of, side_of
from foveal.metrics.segmentation.metric import ROW, SegmentationVerdict
from foveal.types.categories import Categories
from foveal.types.predictions.detections import BoxTruth, Detections

COVERAGE, LEAST, ALARMS, MOST = (0.93, 0.97), 0.91, 0.065, 0.075
RESAMPLES = 300
Rng = np.random.Generator
Two = Callable[[Rng, int, float], tuple[Verdict, Verdict]]
"""Two models on so many images, the second better by a given skill."""


@dataclass(frozen=True)
class World:
    """Images without end.

    Attributes:
        kind: Worlds of one kind are averaged.
        metrics: Those that are counted.
        draw: Makes some images with the predictions of two models.
        skill: By how much the second model is better.
        truth: Images whose metrics are taken for the truth.
        sizes: Numbers of images.
    """

    kind: str
    metrics: Sequence[str]
    draw: Two
    skill: float
    truth: int
    sizes: Sequence[int]


def names(count: int) -> Categories:
    """Names for so many classes."""
    return Categories(tuple(f"class {k}" for k in range(count)))


def scores(priors: Sequence[float], skill: float) -> Two:
    """Classes of given priors; two thirds of the noise of an image are the same for both models."""

    def draw(rng: Rng, n: int, more: float) -> tuple[Verdict, Verdict]:
        truth, shape = rng.choice(len(priors), n, p=priors), (n, len(priors))
        shared = rng.normal(size=shape) * np.sqrt(2 / 3)
        found = []
        for own in (skill, skill + more):
            noise = shared + rng.normal(size=shape) * np.sqrt(1 / 3)
            noise[np.arange(n), truth] += own
            odds = np.exp(1.5 * (noise - noise.max(1, keepdims=True)))
            found.append(SingleLabelVerdict(odds / odds.sum(1, keepdims=True), truth, names(len(priors))))
        return found[0], found[1]

    return draw


def maps(occurs: Sequence[float], skill: float) -> Two:
    """Maps of classes that occur with given probabilities, in very different sizes; some images are harder."""

    def draw(rng: Rng, n: int, more: float) -> tuple[Verdict, Verdict]:
        images: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        for _ in range(n):
            there = np.flatnonzero(rng.random(len(occurs)) < occurs)
            there = there if len(there) else np.array([0])
            size = rng.lognormal(0, 1, len(there))
            hard = rng.normal(0, 0.6) + rng.normal(0, 0.5, len(there))
            for own, mine in zip((skill, skill + more), images, strict=True):
                rows = np.zeros(len(there), ROW)
                seen = 1 / (1 + np.exp(-(own + hard + rng.normal(0, 0.3, len(there)))))
                rows["label"], rows["true"] = there, np.round(size / size.sum() * 10_000) + 1
                rows["hits"] = np.floor(rows["true"] * seen)
                rows["predicted"] = rows["hits"] + np.floor((rows["true"] - rows["hits"]).sum() / len(there))
                rows["boundary_f1"] = seen
                mine.append(rows)
        empty = np.zeros((len(occurs), len(occurs)), np.int64)
        a, b = (SegmentationVerdict(one, empty, names(len(occurs))) for one in images)
        return a, b

    return draw


def boxes(priors: Sequence[float], found: float) -> Two:
    """Two boxes per image on average; small ones are hard for both models."""

    def draw(rng: Rng, n: int, more: float) -> tuple[Verdict, Verdict]:
        metrics = [DetectionMetric(names(len(priors))) for _ in range(2)]
        for _ in range(n):
            count, false = rng.poisson(2), rng.poisson(0.5, 2)
            corners, sizes = rng.uniform(0, 400, (count, 2)), rng.uniform(30, 120, (count, 2))
            there = np.concatenate([corners, corners + sizes], 1)
            labels = rng.choice(len(priors), count, p=priors)
            truth = BoxTruth(there, labels.astype(np.int32), np.zeros(count, np.uint8), np.prod(sizes, 1))
            hard = rng.random(count)
            for k, (metric, own) in enumerate(zip(metrics, (found, found + more), strict=True)):
                seen = 0.7 * hard + 0.3 * rng.random(count) < own
                moved = there + rng.normal(size=there.shape) * 0.07 * np.tile(sizes, 2)
                wrong = rng.uniform(0, 400, (false[k], 2))
                moved = np.concatenate([moved[seen], np.concatenate([wrong, wrong + 60], 1)])
                moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 2)
                confidence = np.append(rng.beta(5, 2, seen.sum()), rng.beta(2, 4, false[k]))
                kinds = np.append(labels[seen], rng.choice(len(priors), false[k], p=priors))
                metric.update(truth, Detections(moved, confidence, kinds, metric.categories, (520, 520), 0.4))
        return metrics[0].verdict(), metrics[1].verdict()

    return draw


def worlds() -> Iterator[World]:
    """All of them."""
    of_scores = ("accuracy", "f1_macro", "average_precision", "log_loss")
    yield World("3 classes", of_scores, scores((0.4, 0.35, 0.25), 1.5), 0.3, 200_000, (49, 200, 691))
    yield World("5 unequal", of_scores, scores((0.5, 0.25, 0.12, 0.08, 0.05), 2.5), 0.3, 200_000, (200, 691))
    yield World("maps", ("mIoU", "pixel_accuracy"), maps((1.0, 0.8, 0.6, 0.4, 0.3), 2.0), 0.15, 20_000, (50, 200))
    yield World("boxes", ("mAP", "AP50", "f1"), boxes((0.6, 0.3, 0.1), 0.7), 0.06, 8_000, (50, 200))


def counted(world: World, size: int, *, pairs: int) -> Iterator[tuple[str, float, float, float]]:
    """By metric: the true difference, the share of intervals that hold it, and of false alarms."""
    rng = np.random.default_rng(size)
    ones = np.ones((world.truth, 1), np.float32)
    first, second = (one.score(ones) for one in world.draw(np.random.default_rng(12345), world.truth, world.skill))
    truth = {name: float(second[name][0] - first[name][0]) for name in world.metrics}
    held, alarms = dict.fromkeys(world.metrics, 0), dict.fromkeys(world.metrics, 0)
    for pair in range(pairs):
        for more in (world.skill, 0.0):
            a, b = (side_of([one], num_resamples=RESAMPLES, seed=pair) for one in world.draw(rng, size, more))
            for name in world.metrics:
                found = difference_of(a, b, name)
                held[name] += found.low <= (truth[name] if more else 0.0) <= found.high
                alarms[name] += not more and found.p < 0.05
    for name in world.metrics:
        yield name, truth[name], held[name] / pairs / 2, alarms[name] / pairs


def declared(images: int, gain: float, *, pairs: int) -> float:
    """How often a difference of two coins that disagree on 6% is declared."""
    rng, seen = np.random.default_rng(images), 0
    for _ in range(pairs):
        cells = rng.choice(4, images, p=[0.03 - gain / 2, 0.03 + gain / 2, 0.8, 0.14])
        rights = (((cells == k) | (cells == 2)).astype(np.int64) for k in (0, 1))
        verdicts = (SingleLabelVerdict(np.eye(2)[right], np.ones(images, np.int64), names(2)) for right in rights)
        a, b = (side_of([one], num_resamples=20) for one in verdicts)
        seen += difference_of(a, b, "accuracy").p < 0.05
    return seen / pairs


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--only", default="", help="worlds whose kind contains this")
    args = parser.parse_args()
    missed, all_held, all_alarms = 0, defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    print("| world | images | metric | true difference | held | false alarms |\n|---|---|---|---|---|---|")
    for world in worlds():
        for size in world.sizes if args.only in world.kind else ():
            for name, truth, held, alarms in counted(world, size, pairs=args.pairs):
                short = held < LEAST or alarms > MOST
                missed += short
                all_held[world.kind].append(held)
                all_alarms[world.kind].append(alarms)
                cells = f"{world.kind} | {size} | {name} | {truth:+.3f} | {held:.1%} | {alarms:.1%}{' <' * short}"
                print(f"| {cells} |", flush=True)
    for kind, values in all_held.items():
        mean, false = float(np.mean(values)), float(np.mean(all_alarms[kind]))
        missed += not COVERAGE[0] <= mean <= COVERAGE[1] or false > ALARMS
        print(f"{kind}: held {mean:.1%}, false alarms {false:.1%}")
    if not args.only:
        for gain, least in ((0.03, 0.85), (0.05, 0.98)):
            share = declared(691, gain, pairs=args.pairs)
            missed += share < least
            print(f"691 images, +{gain:.0%}: declared in {share:.1%}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
