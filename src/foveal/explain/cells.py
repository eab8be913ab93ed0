"""Cell scores: what each place of the map says for each class by itself. NumPy; the network or the export gives them.

Shapes: K classes, h w of the map.
"""

from collections.abc import Sequence

import numpy as np

from foveal.errors import ConfigError
from foveal.explain.case import Case, Effort, Found
from foveal.inference.backends.contract import EVIDENCE, GivesCells
from foveal.types.arrays import Array, FloatArray
from foveal.types.predictions.subject import Subject

MARGIN = 0.25
"""Of an object's sides, around its box: places beyond speak for other objects."""


def cells(case: Case, subjects: Sequence[Subject], effort: Effort) -> list[tuple[Subject, Found]]:  # noqa: ARG001
    """The scores of a subject's class, less those of the rival; of an object only those in and around its box.

    Raises:
        ConfigError: An export without cell scores, or a model that has none.
    """
    scores = cell_scores(case)
    found = []
    for subject in subjects:
        grid = scores[subject.label]
        if subject.against is not None:
            grid = grid - scores[subject.against]
        found.append((subject, Found(around(grid, subject, case))))
    return found


def cell_scores(case: Case) -> FloatArray:
    """(K, h, w) of one image.

    Raises:
        ConfigError: An export without cell scores, or a model that has none.
    """
    if EVIDENCE in case.arrays:
        return np.asarray(case.arrays[EVIDENCE][0], np.float32)
    backend = case.predictor.backend
    if not isinstance(backend, GivesCells):
        raise ConfigError(
            "This export has no cell scores.",
            "Export the run again with --evidence, or use --method rise or occlusion.",
        )
    found: dict[str, Array] = backend.cells(case.batch)
    if EVIDENCE not in found:
        raise ConfigError("This model has no cell scores.", "Use --method cam, occlusion or rise.")
    return np.asarray(found[EVIDENCE][0], np.float32)


def around(grid: FloatArray, subject: Subject, case: Case) -> FloatArray:
    """The values in and around an object's box, 0 elsewhere; of other subjects all."""
    if subject.box is None:
        return grid
    geometry = case.prepared.geometry
    (x1, y1), (x2, y2) = geometry.to_input(np.array(subject.box).reshape(2, 2))
    margin_x, margin_y = MARGIN * (x2 - x1), MARGIN * (y2 - y1)
    (rows, columns), (width, height) = grid.shape, geometry.input_size
    x, y = (np.arange(columns) + 0.5) * width / columns, (np.arange(rows) + 0.5) * height / rows
    half_x, half_y = width / columns / 2, height / rows / 2  # a small object has at least the cell that it lies in
    across = (x > x1 - margin_x - half_x) & (x < x2 + margin_x + half_x)
    down = (y > y1 - margin_y - half_y) & (y < y2 + margin_y + half_y)
    return np.where(np.outer(down, across), grid, np.float32(0))
