"""Where attention lay: the weights of an attention pooling, and those of a transformer's last layer.

Shapes: A heads, h w of the map.
"""

from collections.abc import Sequence

import numpy as np

from foveal.errors import ConfigError
from foveal.explain.case import Case, Effort, Found
from foveal.inference.backends.contract import GivesHeads
from foveal.types.arrays import FloatArray
from foveal.types.predictions.subject import Subject

OUTPUT = "attention"
"""The output of networks that have such weights."""


def attention(case: Case, subjects: Sequence[Subject], effort: Effort) -> list[tuple[Subject, Found]]:  # noqa: ARG001
    """The mean of all heads, then each head where there are several, as multiples of even attention.

    Attention is the same for every class, so it is given for the first subject alone.

    Raises:
        ConfigError: A model without attention.
    """
    first, heads = subjects[0], head_weights(case)
    parts = [(f"head {i}", head) for i, head in enumerate(heads, start=1)] if len(heads) > 1 else []
    return [(first, Found(grid * grid.size, part=part)) for part, grid in [("", heads.mean(0)), *parts]]


def head_weights(case: Case) -> FloatArray:
    """(A, h, w) weights, those of each head summing to 1; an export gives their mean alone.

    Raises:
        ConfigError: A model without attention.
    """
    backend = case.predictor.backend
    if isinstance(backend, GivesHeads):
        found = backend.heads(case.batch)
        if OUTPUT in found:
            return np.asarray(found[OUTPUT][0], np.float64)
    if OUTPUT in case.arrays:
        return np.asarray(case.arrays[OUTPUT], np.float64)
    raise ConfigError(
        "This model has no attention: neither its pooling nor its backbone's last layer.",
        "Use --method cam, or train with attention pooling.",
    )
