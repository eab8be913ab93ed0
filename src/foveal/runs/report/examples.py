"""Images of a report: the worst mistakes, or the least certain images where there are none."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from foveal.inference.images import read_image
from foveal.inference.predictor import Predictor
from foveal.metrics.contract import Mistake
from foveal.report.content import CaptionedImage, Examples, Key
from foveal.report.page import MAX_IMAGES
from foveal.runs.evaluation import Evaluation
from foveal.runs.report.looked import looked
from foveal.types.arrays import RGB

SIDE_PX = 576
"""Longest side of an image with objects or masks drawn on it; small ones are enlarged, so that names can be read."""
PHOTO_PX = 448
"""Longest side of an image that nothing is drawn on."""
MAX_SAMPLES = 8
"""Images shown where none is wrong and none uncertain."""


def examples(predictor: Predictor, evaluation: Evaluation) -> tuple[list[CaptionedImage], Examples, str]:
    """The images, drawn, what they are, and what is shown of where the model looked."""
    results = evaluation.results
    chosen: Sequence[Mistake]
    kind: Examples
    if results.worst:
        chosen, kind = results.worst, "mistakes"
    elif results.uncertain:
        chosen, kind = results.uncertain, "uncertain"
    else:
        chosen, kind = [Mistake(i, 0.0, "") for i in range(min(results.images, MAX_SAMPLES))], "samples"
    names, chosen = evaluation.catalog.names, chosen[:MAX_IMAGES]
    maps, words = looked(predictor, evaluation, [m.position for m in chosen])
    images = []
    for m in chosen:
        drawn, one = evaluated_image(predictor, evaluation, m.position), maps.get(m.position)
        caption = " · ".join(filter(None, (m.caption, "" if one is None else one.about)))
        images.append(CaptionedImage(drawn, caption, names[m.position], None if one is None else one.image))
    return images, kind, words


def evaluated_image(predictor: Predictor, evaluation: Evaluation, position: int) -> RGB:
    """A reduced image with truth and prediction drawn on it."""
    image = Image.fromarray(read_image(evaluation.catalog.path(position), reading=predictor.spec.reading))
    placed = evaluation.catalog.annotation != "labels"
    scale = SIDE_PX / max(image.size) if placed else min(1.0, PHOTO_PX / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    resized = np.asarray(image.resize(size, Image.Resampling.BICUBIC))
    truth, prediction = evaluation.truths[position], evaluation.predictions[position]
    return predictor.output.draw_evaluated(resized, truth, prediction)


def key(predictor: Predictor) -> list[Key]:
    """What colours and lines in them mean."""
    return [Key(*entry) for entry in predictor.output.key]
