"""Regions of one class as subjects of explanations. No torch.

Shapes: B images per batch, K classes, h w of the network's map, H W height and width of the image.
"""

from collections.abc import Mapping

import numpy as np

from foveal.types.arrays import Array, FloatArray, IntArray
from foveal.types.geometry import Geometry
from foveal.types.predictions.masks import ClassMap
from foveal.types.predictions.subject import MOST_SUBJECTS, Asked, Subject
from foveal.types.rle import Rle


def subjects(prediction: ClassMap, asked: Asked) -> list[Subject]:
    """The regions of the asked classes, or the largest ones, by falling share of the image.

    Raises:
        ConfigError: The number of an object.
        CategoryError: An unknown class.
    """
    asked.refuse_object()
    names, shares, pixels = prediction.categories.names, prediction.shares(), prediction.ids
    asked_ids = asked.ids(prediction.categories)
    named = {str(row["name"]) for row in prediction.rows()}
    order = np.argsort(-shares, kind="stable").tolist()
    ids = [k for k in order if (k in asked_ids if asked_ids else names[k] in named) and shares[k] > 0]
    regions = [Subject("region", names[k], k, float(shares[k]), mask=Rle.of(pixels == k)) for k in ids]
    return asked.compare(regions, prediction.categories)[:MOST_SUBJECTS]


def support(arrays: Mapping[str, Array], subject: Subject, geometry: Geometry) -> FloatArray:
    """(B,) the mean probability of the subject's class in its region, less that of the rival's.

    Args:
        arrays: ``probabilities`` (B, K, h, w).
        subject: A region.
        geometry: From the image to the input.
    """
    probabilities = arrays["probabilities"]
    places = cells_of(subject, geometry, probabilities.shape[2:])

    def mean(label: int) -> FloatArray:
        inside: FloatArray = probabilities[:, label].reshape(len(probabilities), -1)[:, places].astype(np.float64)
        mean: FloatArray = inside.mean(1)
        return mean

    own = mean(subject.label)
    return own if subject.against is None else own - mean(subject.against)


def cells_of(subject: Subject, geometry: Geometry, shape: tuple[int, ...]) -> IntArray:
    """Flat indices of the cells of a map (h, w) over the input whose centres lie in the subject's region.

    One that lies between all centres has the cell around its first pixel.
    """
    assert subject.mask is not None, "a region has a mask"
    mask = subject.mask.mask()
    rows, columns = shape
    input_w, input_h = geometry.input_size
    x = (np.arange(columns) + 0.5) * input_w / columns
    y = (np.arange(rows) + 0.5) * input_h / rows
    at, there = geometry.source_pixels(x, y)
    inside = np.zeros(shape, bool)
    inside[there] = mask[at[there, 1], at[there, 0]]
    if not inside.any():
        row, column = np.argwhere(mask)[0]
        point = geometry.to_input(np.array([[column + 0.5, row + 0.5]]))[0] / (input_w, input_h) * (columns, rows)
        column, row = point.astype(int).clip(0, (columns - 1, rows - 1))
        inside[row, column] = True
    return np.flatnonzero(inside)
