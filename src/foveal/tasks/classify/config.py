"""What stands on the backbone of a classifier, and the loss it is trained with."""

from typing import Annotated, Literal

from pydantic import Field

from foveal.types.settings import Settings


class ClassifyConfig(Settings):
    """Pooling, head and loss of a classifier."""

    pooling: Literal["avg", "max", "gem", "attention", "multihead", "bilinear"] = "avg"
    """How the feature map becomes one vector."""
    attention_heads: Annotated[int, Field(ge=1, le=64)] = 4
    """Heads of multihead pooling."""
    attention_hidden: Annotated[int, Field(ge=0, le=4096)] = 128
    """Hidden units of attention pooling's score network; 0: a dot product."""
    bilinear_dim: Annotated[int, Field(ge=64, le=65536)] = 2048
    """Length of the compact bilinear vector."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Probability of dropping a feature before the classifier."""
    warm_start: bool = True
    """Fit the new layer to the pretrained backbone's features before training starts."""
    loss: Literal["auto", "cross_entropy", "focal", "binary_cross_entropy"] = "auto"
    """auto: cross-entropy, or binary cross-entropy where an image may have several labels."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Part of the target spread over all classes."""
    class_weights: Literal["none", "inverse", "effective"] = "none"
    """Weigh rare classes up: by inverse frequency, or by effective number of samples."""
    effective_beta: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Beta of the effective number (1 - beta^n) / (1 - beta)."""
    focal_gamma: Annotated[float, Field(ge=0, le=10)] = 2.0
    """Focusing exponent of the focal loss; 0 is cross-entropy."""
