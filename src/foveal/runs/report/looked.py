"""Where the model looked in the images of a report, at the cost of seconds. No torch of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foveal.brief import brief
from foveal.errors import ConfigError, ImageError
from foveal.explain.case import Case, Effort
from foveal.explain.contract import Explanation, scale_key, scales_of
from foveal.explain.explain import evidence_of
from foveal.explain.methods import AUTO, choose_method, has_gradients
from foveal.explain.panels import evidence_on
from foveal.inference.backends.contract import EVIDENCE
from foveal.inference.images import decode_any
from foveal.inference.predictor import Predictor
from foveal.runs.evaluation import Evaluation
from foveal.types.arrays import RGB
from foveal.types.predictions.subject import MOST_SUBJECTS, Asked, Kind, Subject

SIDE_PX = 320
"""Longest side at which the maps are drawn."""
OF: Mapping[Kind, str] = {
    "class": "the predicted class lies",
    "object": "one object lies, that of the surest false detection, else of the least certain one",
    "region": "one class lies, that with most wrong pixels, whose predicted region is framed",
}
"""What of an image is explained, one thing for each: more would not fit the page."""
NOTHING = (
    "Where the model looked is not shown: this file has neither gradients nor cell scores (foveal export --evidence"
    " adds them to classifiers and detectors)."
)


@dataclass(frozen=True)
class Looked:
    """The evidence on an image.

    Attributes:
        image: (H, W, 3), reduced.
        about: What it is for, where the image has several such things; else empty.
    """

    image: RGB
    about: str = ""

    __repr__ = brief


def looked(predictor: Predictor, evaluation: Evaluation, positions: Sequence[int]) -> tuple[dict[int, Looked], str]:
    """By position, the images with the evidence for one thing in each; and a sentence on them, or why none is."""
    explained = dict[int, Explanation]()
    method = ""
    for position in positions:
        try:
            subject = _chosen(predictor, evaluation, position)
            if subject is None:
                continue
            case = Case(predictor, predictor.prepare(evaluation.catalog.path(position)))
            if not has_gradients(predictor) and EVIDENCE not in case.arrays:
                return {}, NOTHING
        except ImageError:  # it was there when it was evaluated
            continue
        except ConfigError as error:  # a task whose predictions have no evidence
            return {}, error.what
        method = choose_method(AUTO, case)
        evidence = tuple(evidence_of(case, [subject], method, Effort()))
        explained[position] = Explanation(evidence, case.prepared.geometry.source_size, method, predictor.drawing)
    scales = scales_of(list(explained.values()))
    maps = {
        position: Looked(
            evidence_on(_small(predictor, evaluation, position), one[0], scale=scales[scale_key(one[0])]),
            _about(one[0].subject),
        )
        for position, one in explained.items()
        if len(one)
    }
    kinds = {one[0].subject.kind for one in explained.values() if len(one)}
    words = [f"Beside each, where the evidence for {OF[kind]} ({method}), on one scale per class." for kind in kinds]
    return maps, " ".join(words)


def _chosen(predictor: Predictor, evaluation: Evaluation, position: int) -> Subject | None:
    """What of an image is explained: what is wrong with it, else what is least certain; None: nothing is predicted."""
    output, prediction = predictor.output, evaluation.predictions[position]
    subjects = output.subjects(prediction, Asked())
    if not subjects or subjects[0].kind == "class":
        return subjects[0] if subjects else None
    if subjects[0].kind == "object" and len(subjects) == MOST_SUBJECTS:
        subjects = output.subjects(prediction, Asked(object="all"))
    truth, size = evaluation.truths[position], prediction.size
    regions = [output.region(truth, subject, size) for subject in subjects]
    if subjects[0].kind == "object":
        false = [subject for subject, region in zip(subjects, regions, strict=True) if region is None]
        return false[0] if false else subjects[-1]
    labels = range(len(output.categories))
    others = [output.region(truth, replace(subjects[0], label=label), size) for label in labels]
    known = np.logical_or.reduce([one for one in others if one is not None] or [np.zeros(size[::-1], bool)])
    wrong = [known & _pixels(s) & ~_or_none(r, known) for s, r in zip(subjects, regions, strict=True)]
    return subjects[int(np.argmax([int(one.sum()) for one in wrong]))]


def _pixels(subject: Subject) -> NDArray[np.bool_]:
    assert subject.mask is not None, "a region has a mask"
    mask: NDArray[np.bool_] = subject.mask.mask()
    return mask


def _or_none(region: NDArray[np.bool_] | None, like: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.zeros_like(like) if region is None else region


def _about(subject: Subject) -> str:
    return {
        "class": "",
        "object": f"map: {subject.name} {subject.score:.2f}",
        "region": f"map: {subject.name}",
    }[subject.kind]


def _small(predictor: Predictor, evaluation: Evaluation, position: int) -> RGB:
    path = evaluation.catalog.path(position)
    image = Image.fromarray(decode_any(path, min_side=SIDE_PX, reading=predictor.spec.reading).pixels)
    scale = SIDE_PX / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))
