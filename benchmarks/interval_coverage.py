"""How often the 95% intervals of the metrics hold the truth, on generated sets of which the truth is known.

Each world draws endless images; the truth is the metric on very many of them. Grouped worlds draw groups of images
whose errors are shared, and are evaluated with and without the groups. Exits with 1 if a limit is missed:

- accuracy at p in 0.5, 0.8, 0.95, 0.99 and n in 20, 49, 200, 1,000: at least 90% each, 93% to 98% on average;
- macro F1, average precision, mAP and mIoU at n in 20, 50, 200: at least 90% each;
- accuracy and mIoU of groups: at least 90% each.

    python benchmarks/interval_coverage.py [--draws 2000] [--fewer 400]
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.bootstrap import bootstrap
from foveal.metrics.classification.single_label import SingleLabelVerdict
from foveal.metrics.contract import Verdict
from foveal.metrics.detection.metric import DetectionMetric
from foveal.metrics.segmentation.metric import ROW, SegmentationVerdict
from foveal.types.categories import Categories
from foveal.types.predictions.detections import BoxTruth, Detections

LEAST, MEAN = 0.90, (0.93, 0.98)
RESAMPLES = 300
Rng = np.random.Generator
Draw = Callable[[Rng, int], tuple[Verdict, NDArray[np.int64]]]
"""The evaluation of so many images, and the group of each."""


@dataclass(frozen=True)
class World:
    """Images without end.

    Attributes:
        name: For the table.
        metrics: Those whose coverage is counted.
        draw: Makes some.
        truth: Number of images whose metrics are taken for the truth.
        sizes: Numbers of images.
        grouped: Whether the groups are used.
    """

    name: str
    metrics: Sequence[str]
    draw: Draw
    truth: int
    sizes: Sequence[int] = (20, 50, 200)
    grouped: bool = False


def categories(count: int) -> Categories:
    """Names for so many classes."""
    return Categories(tuple(f"class {k}" for k in range(count)))


def coin(p: float) -> Draw:
    """Two classes, of which a model names the right one with probability ``p``."""

    def draw(rng: Rng, n: int) -> tuple[Verdict, NDArray[np.int64]]:
        truth = rng.integers(0, 2, n)
        right = rng.random(n) < p
        return SingleLabelVerdict(np.eye(2)[np.where(right, truth, 1 - truth)], truth, categories(2)), np.arange(n)

    return draw


def scores(priors: Sequence[float], skill: float, *, shared: float = 0.0, group: int = 1) -> Draw:
    """Classes of given priors; logits are noise, ``shared`` within a group of images, plus ``skill`` for the truth."""

    def draw(rng: Rng, n: int) -> tuple[Verdict, NDArray[np.int64]]:
        num_classes, groups = len(priors), np.arange(n) // group
        of_group = rng.choice(num_classes, groups[-1] + 1, p=priors)
        truth = of_group[groups]
        noise = rng.normal(size=(n, num_classes)) * np.sqrt(1 - shared)
        noise += (rng.normal(size=(groups[-1] + 1, num_classes)) * np.sqrt(shared))[groups]
        noise[np.arange(n), truth] += skill
        odds = np.exp(1.5 * (noise - noise.max(1, keepdims=True)))
        return SingleLabelVerdict(odds / odds.sum(1, keepdims=True), truth, categories(num_classes)), groups

    return draw


def maps(occurs: Sequence[float], skill: float, spread: float, *, shared: float = 0.0, group: int = 1) -> Draw:
    """Maps of classes that occur with given probabilities, in very different sizes; some images are harder."""

    def draw(rng: Rng, n: int) -> tuple[Verdict, NDArray[np.int64]]:
        num_classes, groups = len(occurs), np.arange(n) // group
        hard = rng.normal(0, spread, groups[-1] + 1)[groups] * np.sqrt(shared)
        hard += rng.normal(0, spread, n) * np.sqrt(1 - shared)
        there_of_group = rng.random((groups[-1] + 1, num_classes)) < occurs
        images = [
            _map(rng, there_of_group[g], skill + h, spread * (1 - shared)) for g, h in zip(groups, hard, strict=True)
        ]
        confusion = np.zeros((num_classes, num_classes), np.int64)
        return SegmentationVerdict(images, confusion, categories(num_classes)), groups

    return draw


def _map(rng: Rng, occurs: NDArray[np.bool_], skill: float, spread: float) -> NDArray[np.void]:
    there = np.flatnonzero(occurs)
    there = there if len(there) else np.array([0])
    size = rng.lognormal(0, 1, len(there))
    rows = np.zeros(len(there), ROW)
    found = 1 / (1 + np.exp(-(skill + rng.normal(0, spread, len(there)))))
    rows["label"], rows["true"] = there, np.round(size / size.sum() * 10_000) + 1
    rows["hits"] = rows["predicted"] = np.floor(rows["true"] * found)
    missed = int((rows["true"] - rows["hits"]).sum())
    for taker in rng.integers(0, len(there), 3):
        rows["predicted"][taker] += missed // 3
    rows["boundary_f1"] = np.clip(found + rng.normal(0, 0.05, len(there)), 0, 1)
    return rows


def objects(priors: Sequence[float], found: float, blur: float, false: float) -> Draw:
    """Two boxes per image, ``found`` of which are detected, off by ``blur`` of their size; and ``false`` positives."""

    def draw(rng: Rng, n: int) -> tuple[Verdict, NDArray[np.int64]]:
        metric = DetectionMetric(categories(len(priors)))
        for _ in range(n):
            metric.update(*_boxes(rng, priors, found, blur, false, metric.categories))
        return metric.verdict(), np.arange(n)

    return draw


def _boxes(
    rng: Rng, priors: Sequence[float], found: float, blur: float, false: float, names: Categories
) -> tuple[BoxTruth, Detections]:
    count, more = rng.poisson(2), rng.poisson(false)
    corners, sizes = rng.uniform(0, 400, (count + more, 2)), rng.uniform(30, 120, (count + more, 2))
    boxes = np.concatenate([corners, corners + sizes], 1)
    labels = rng.choice(len(priors), count + more, p=priors)
    seen = np.append(rng.random(count) < found, np.ones(more, bool))
    off = np.where(np.arange(count + more) < count, blur, 0)[:, None] * np.tile(sizes, 2)
    moved = boxes + off * rng.normal(size=boxes.shape)
    moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 2)
    scores = np.append(rng.beta(5, 2, count), rng.beta(2, 4, more))
    flags, areas = np.zeros(count, np.uint8), np.prod(sizes[:count], 1)
    truth = BoxTruth(boxes[:count], labels[:count].astype(np.int32), flags, areas)
    return truth, Detections(moved[seen], scores[seen], labels[seen], names, (520, 520), 0.4)


def worlds() -> Iterator[World]:
    """All of them, the required ones and harder ones."""
    for p in (0.5, 0.8, 0.95, 0.99):
        yield World(f"coin {p}", ("accuracy",), coin(p), 0, (20, 49, 200, 1000))
    skew = (0.5, 0.25, 0.12, 0.08, 0.05)
    of_scores = ("accuracy", "f1_macro", "average_precision", "roc_auc", "log_loss", "brier", "ece")
    for name, priors in (("3 classes", (1 / 3,) * 3), ("5 unequal", skew), ("10 classes", (0.1,) * 10)):
        for skill in (1.5, 3.0, 4.5):
            yield World(f"{name}, skill {skill}", of_scores, scores(priors, skill), 200_000)
    of_maps = ("mIoU", "dice", "pixel_accuracy", "boundary_f1")
    usual, rare = (1.0, 0.8, 0.6, 0.4, 0.3), (1.0, 0.9, 0.6, 0.4, 0.3, 0.2, 0.1, 0.05)
    yield World("maps", of_maps, maps(usual, 2.0, 0.7), 20_000)
    yield World("maps, rare classes", of_maps, maps(rare, 1.0, 1.0), 20_000)
    yield World("maps, nearly right", of_maps, maps(usual, 5.0, 0.7), 20_000)
    of_objects = ("mAP", "AP50", "AR100", "precision", "recall", "f1")
    yield World("boxes", of_objects, objects((0.6, 0.3, 0.1), 0.8, 0.08, 0.7), 8_000)
    yield World("boxes, 5 unequal", of_objects, objects(skew, 0.9, 0.04, 0.4), 8_000)
    yield World("boxes, nearly right", of_objects, objects((0.6, 0.3, 0.1), 0.995, 0.015, 0.02), 8_000)
    for grouped in (False, True):
        kind = "grouped" if grouped else "not told"
        draw = scores((1 / 3,) * 3, 1.5, shared=0.9, group=10)
        yield World(f"sequences, {kind}", ("accuracy", "f1_macro"), draw, 200_000, (100, 400), grouped)
        draw = maps(usual, 2.0, 1.0, shared=0.9, group=10)
        yield World(f"videos, {kind}", ("mIoU", "pixel_accuracy"), draw, 20_000, (100, 400), grouped)


def coverage(world: World, size: int, *, draws: int, seed: int = 0) -> dict[str, tuple[float, float, float]]:
    """By metric: its truth, the share of intervals that hold it, and their mean width."""
    rng = np.random.default_rng(seed)
    truth = {"accuracy": float(world.name.split()[1])} if not world.truth else exact(world)
    held, width = dict.fromkeys(world.metrics, 0), dict.fromkeys(world.metrics, 0.0)
    # A proportion of independent images needs no resamples.
    resamples = RESAMPLES if world.truth else 1
    for draw in range(draws):
        verdict, groups = world.draw(rng, size)
        given = groups if world.grouped else None
        intervals = bootstrap(verdict, num_resamples=resamples, seed=draw, groups=given)
        for name in world.metrics:
            held[name] += intervals[name].low <= truth[name] <= intervals[name].high
            width[name] += intervals[name].high - intervals[name].low
    return {name: (truth[name], held[name] / draws, width[name] / draws) for name in world.metrics}


def smaller(world: World) -> World:
    """The same with a truth that is quicker and less exact."""
    return replace(world, truth=min(world.truth, 2000))


def exact(world: World) -> dict[str, float]:
    """The metrics of very many images."""
    verdict, _ = world.draw(np.random.default_rng(12345), world.truth)
    return {name: float(v[0]) for name, v in verdict.score(np.ones((world.truth, 1), np.float32)).items()}


REQUIRED = ("f1_macro", "average_precision", "mAP", "mIoU")


def is_required(world: World, metric: str) -> bool:
    """Whether a limit holds. Of accuracy Wilson's dips above 0.99 are known (Brown, Cai and DasGupta 2001)."""
    if "not told" in world.name:
        return False
    return metric in REQUIRED or (metric == "accuracy" and (not world.truth or world.grouped))


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=2000, help="of accuracy")
    parser.add_argument("--fewer", type=int, default=400, help="of everything else")
    parser.add_argument("--only", default="", help="worlds whose name contains this")
    args = parser.parse_args()
    missed, of_coins = 0, []
    print(f"| {'images':28} | {'n':>5} | {'metric':17} | truth | held | width |\n|---|---|---|---|---|---|")
    for world in worlds():
        if args.only not in world.name:
            continue
        for size in world.sizes:
            rows = coverage(world, size, draws=args.fewer if world.truth else args.draws)
            for name, (truth, held, width) in rows.items():
                short = held < LEAST and is_required(world, name)
                missed += short
                of_coins += [] if world.truth else [held]
                mark = " <" if short else ""
                cells = f"{world.name:28} | {size:5} | {name:17} | {truth:.3f} | {held:.1%}{mark} | {width:.3f}"
                print(f"| {cells} |", flush=True)
    if of_coins:
        mean = float(np.mean(of_coins))
        print(f"\naccuracy, mean of {len(of_coins)}: {mean:.1%}")
        missed += not MEAN[0] <= mean <= MEAN[1]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
