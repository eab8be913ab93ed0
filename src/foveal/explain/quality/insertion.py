"""Insertion and deletion: how the score grows as the strongest places are shown, and falls as they are hidden.

Petsiuk et al. 2018, "RISE", section 3.3. What is hidden is replaced by a blurred copy, and by the mean colour: with
black, images would be unlike any that the model knows. The score of a random order stands beside both: shown and hidden
parts are alike there, so one order serves both.

Shapes: S T height and width of the input, F steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foveal.brief import brief
from foveal.explain.case import Case, Effort
from foveal.explain.evidence import Evidence
from foveal.explain.explain import evidence_of
from foveal.explain.masks import BATCH_SIZE, blurred, mean_colour
from foveal.explain.quality.measured import Measured, difference, share
from foveal.explain.quality.sample import Sample
from foveal.inference.predictor import Predictor
from foveal.types.arrays import RGB, FloatArray
from foveal.types.predictions.subject import Subject
from foveal.types.progress import Progress, silent

STEPS = 10
FILLS = ("blur", "mean")
MOST_IMAGES = 100
"""Each takes some sixty forward passes, and more images would hardly narrow the intervals."""


@dataclass(frozen=True)
class Areas:
    """Areas under the three curves of one map, in [0, 1]."""

    insertion: float
    deletion: float
    random: float

    __repr__ = brief


def insert_all(
    predictor: Predictor, samples: Sequence[Sample], method: str, effort: Effort, *, progress: Progress = silent
) -> dict[str, Measured]:
    """Both curves of the first subject of each image, for both fills.

    Returns:
        ``insertion_blur``, ``deletion_blur``, ``insertion_mean`` and ``deletion_mean``; more is better in the first of
        each, less in the second, and ``gain`` is positive where the method is better than chance.
    """
    chosen = samples[:MOST_IMAGES]
    found: dict[str, list[Areas]] = {fill: [] for fill in FILLS}
    for number, sample in enumerate(chosen):
        progress("insertion and deletion", number, len(chosen))
        case, rng = Case(predictor, sample.prepared), np.random.default_rng((effort.seed, number))
        one = evidence_of(case, sample.subjects[:1], method, effort)[0]
        orders = ranked(one, sample.prepared.shape, rng)
        for fill in FILLS:
            found[fill].append(areas(case, one.subject, orders, fill_of(case.pixels, fill)))
    units, measures = range(len(chosen)), dict[str, Measured]()
    for fill, curves in found.items():
        for name, sign in (("insertion", 1), ("deletion", -1)):
            values = [getattr(curve, name) for curve in curves]
            random = [curve.random for curve in curves]
            gains = [sign * (own - by_chance) for own, by_chance in zip(values, random, strict=True)]
            plain = share(values, units, seed=effort.seed, beside={"random": random})
            gain = difference(gains, units, seed=effort.seed)
            measures[f"{name}_{fill}"] = Measured(plain.value, plain.low, plain.high, plain.maps, plain.beside, gain)
    return measures


def ranked(one: Evidence, shape: tuple[int, int], rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Two (S, T) orders of pixels, in [0, 1) from the first shown on: the map's, and that of random numbers like it."""
    covers = one.geometry.input_size
    noise = rng.random(one.grid.shape).astype(np.float32)
    return ordered(one.grid, covers, shape, rng), ordered(noise, covers, shape, rng)


def ordered(
    grid: NDArray[np.float32], covers: tuple[int, int], shape: tuple[int, int], rng: np.random.Generator
) -> FloatArray:
    """(S, T) the place of each pixel when a map is sorted by falling values; equal ones in random order."""
    large = np.asarray(Image.fromarray(np.ascontiguousarray(grid)).resize(covers, Image.Resampling.BILINEAR))
    values = np.full(shape, np.float32(grid.min()))
    rows, columns = min(shape[0], large.shape[0]), min(shape[1], large.shape[1])
    values[:rows, :columns] = large[:rows, :columns]
    order = np.lexsort((rng.random(values.size), -values.ravel()))
    places = np.empty(values.size)
    places[order] = np.arange(values.size) / values.size
    return places.reshape(shape)


def fill_of(pixels: RGB, name: str) -> RGB:
    """What hidden parts are replaced by, (S, T, 3)."""
    return blurred(pixels) if name == "blur" else mean_colour(pixels)


def areas(case: Case, subject: Subject, orders: tuple[FloatArray, FloatArray], fill: RGB) -> Areas:
    """The areas under the curves of a map's order and of a random one."""
    own, random = orders
    inner = np.arange(1, STEPS) / STEPS
    masks = [np.ones(own.shape, bool), np.zeros(own.shape, bool)]
    masks += [own < step for step in inner] + [own >= step for step in inner] + [random < step for step in inner]
    images = [np.where(mask[..., None], case.pixels, fill) for mask in masks]
    batches = [np.stack(images[i : i + BATCH_SIZE]) for i in range(0, len(images), BATCH_SIZE)]
    scores = np.concatenate([score_of(case, subject, batch) for batch in batches])
    shown, hidden, parts = scores[0], scores[1], scores[2:].reshape(3, STEPS - 1)
    return Areas(
        _under([hidden, *parts[0], shown]), _under([shown, *parts[1], hidden]), _under([hidden, *parts[2], shown])
    )


def score_of(case: Case, subject: Subject, images: RGB) -> FloatArray:
    """(B,) the score of a subject in changed versions of its image, in [0, 1]."""
    values: FloatArray = case.support(images, [subject])[0]
    scores: FloatArray = 1 / (1 + np.exp(-values)) if subject.kind == "class" else values.clip(0, 1)
    return scores


def _under(values: Sequence[float]) -> float:
    """The area under a curve of evenly spaced values from 0 to 1."""
    return float(np.mean((np.asarray(values[1:]) + np.asarray(values[:-1])) / 2))
