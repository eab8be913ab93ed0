"""How logits become predictions."""

from typing import Annotated

from pydantic import Field

from foveal.types.settings import Settings


class ClassifyOptions(Settings):
    """How logits become predictions."""

    multi_label: bool = False
    """Whether each class is predicted independently."""
    temperature: Annotated[float, Field(gt=0)] = 1.0
    """Logits are divided by this, so that a score of 0.8 is correct in 8 of 10 cases (Guo et al. 2017)."""
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Score from which a class counts as present, for multi-label models."""
    min_precision: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Precision for which the threshold was chosen; 0: it has the best F1."""
