"""The images that explanations are measured on: those where the model predicts what the ground truth has.

A map for a wrong prediction has no right place, so such images say nothing about the method.

Shapes: S T height and width of the input, H W of an image as it is measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foveal.brief import brief
from foveal.data.catalog.catalog import Catalog
from foveal.explain.case import Case
from foveal.explain.evidence import MEASURED_PX
from foveal.explain.explain import predict_case
from foveal.explain.quality.regions import of_class
from foveal.inference.predictor import Predictor, Prepared
from foveal.types.predictions.subject import Asked, Subject
from foveal.types.progress import Progress, silent

Region = NDArray[np.bool_]
DATA_READ = 4
"""Images that are read at most, as a multiple of those wanted, when many are predicted wrongly."""


@dataclass(frozen=True)
class Sample:
    """One image and what it is explained for.

    Attributes:
        index: In the catalog.
        prepared: Its pixels (S, T, 3).
        labels: The classes that it has.
        subjects: What is predicted and true.
        regions: For each of them where the ground truth has it, (H, W) reduced to at most ``MEASURED_PX``; None: it
            knows no places.
    """

    index: int
    prepared: Prepared
    labels: frozenset[int]
    subjects: tuple[Subject, ...]
    regions: tuple[Region | None, ...]

    __repr__ = brief


@dataclass(frozen=True)
class Samples:
    """The images that are measured.

    Attributes:
        samples: With at least one subject each.
        read: How many images were read for them.
    """

    samples: tuple[Sample, ...]
    read: int

    __repr__ = brief


def gather(predictor: Predictor, catalog: Catalog, count: int, *, seed: int, progress: Progress = silent) -> Samples:
    """At most ``count`` images, drawn at random, on which the model is right.

    Raises:
        ImageError: An image cannot be read.
    """
    order = np.random.default_rng(seed).permutation(len(catalog))[: DATA_READ * count]
    found: list[Sample] = []
    read = 0
    for index in order.tolist():
        read += 1
        progress("choosing images", len(found), count)
        one = look(predictor, catalog, index)
        if one.subjects:
            found.append(one)
        if len(found) == count:
            break
    return Samples(tuple(found), read)


def look(predictor: Predictor, catalog: Catalog, index: int) -> Sample:
    """One image, with those of its predictions that are true."""
    case = Case(predictor, predictor.prepare(catalog.path(index)))
    labels = frozenset(int(label) for label in catalog.labels[index])
    truth = predictor.output.truths(catalog, [index])[0]
    size = case.prepared.geometry.source_size
    subjects, regions = list[Subject](), list[Region | None]()
    for subject in predictor.output.subjects(predict_case(case), Asked()):
        region = predictor.output.region(truth, subject, size)
        if subject.kind == "class":
            if subject.label not in labels:
                continue
            region = of_class(catalog, index, subject.label, size) if region is None else region
        elif region is None:
            continue
        subjects.append(subject)
        regions.append(None if region is None else reduced(region))
    return Sample(index, case.prepared, labels, tuple(subjects), tuple(regions))


def reduced(region: Region) -> Region:
    """A region at the size at which maps are measured."""
    height, width = region.shape
    factor = MEASURED_PX / max(height, width)
    if factor >= 1:
        return region
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small: Region = np.asarray(Image.fromarray(region).resize(size, Image.Resampling.NEAREST))
    return small


def with_regions(samples: Sequence[Sample]) -> bool:
    """Whether the ground truth of any says where its subjects are."""
    return any(region is not None for one in samples for region in one.regions)
