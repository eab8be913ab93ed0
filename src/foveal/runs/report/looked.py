"""Where the model looked in the images of a report, at the cost of seconds. No torch of its own."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

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
from foveal.types.predictions.subject import Asked

SIDE_PX = 320
"""Longest side at which the maps are drawn."""
OTHERS = "Where the evidence for objects and regions lies: foveal explain."
NOTHING = (
    "Where the model looked is not shown: this file has neither gradients nor cell scores (foveal export --evidence"
    " adds them)."
)


def looked(predictor: Predictor, evaluation: Evaluation, positions: Sequence[int]) -> tuple[dict[int, RGB], str]:
    """By position, the images with the evidence for the best predicted class; and a sentence on them, or why none is.

    Classes alone: an object has a map of its own, too many for a page.
    """
    output, catalog = predictor.output, evaluation.catalog
    if catalog.annotation != "labels":
        return {}, OTHERS if positions else ""
    explained = dict[int, Explanation]()
    method = ""
    for position in positions:
        try:
            subjects = output.subjects(evaluation.predictions[position], Asked())[:1]
            case = Case(predictor, predictor.prepare(catalog.path(position)))
            if not has_gradients(predictor) and EVIDENCE not in case.arrays:
                return {}, NOTHING
        except ImageError:  # it was there when it was evaluated
            continue
        except ConfigError as error:  # a task whose predictions have no evidence
            return {}, error.what
        method = choose_method(AUTO, case)
        evidence = tuple(evidence_of(case, subjects, method, Effort()))
        explained[position] = Explanation(evidence, case.prepared.geometry.source_size, method, predictor.drawing)
    scales = scales_of(list(explained.values()))
    maps = {
        position: evidence_on(_small(predictor, evaluation, position), one[0], scale=scales[scale_key(one[0])])
        for position, one in explained.items()
        if len(one)
    }
    words = f"Beside each, where the evidence for the predicted class lies ({method}), on one scale per class."
    return maps, words if maps else ""


def _small(predictor: Predictor, evaluation: Evaluation, position: int) -> RGB:
    path = evaluation.catalog.path(position)
    image = Image.fromarray(decode_any(path, min_side=SIDE_PX, reading=predictor.spec.reading).pixels)
    scale = SIDE_PX / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))
