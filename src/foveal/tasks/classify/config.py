"""Settings of a classifier's head and loss."""

from typing import Annotated, Literal

from pydantic import Field

from foveal.types.settings import Settings

POOLING = ("pooling", "attention_heads", "attention_hidden", "bilinear_dim")
"""The settings that shape the network."""


class ClassifyConfig(Settings):
    """Pooling, head and loss of a classifier."""

    pooling: Literal["avg", "max", "gem", "attention", "multihead", "bilinear"] = "avg"
    """Pooling of the feature map into one vector."""
    attention_heads: Annotated[int, Field(ge=1, le=64)] = 4
    """Number of heads of multihead pooling."""
    attention_hidden: Annotated[int, Field(ge=0, le=4096)] = 128
    """Hidden units of the network that scores positions in attention pooling; 0: a dot product."""
    bilinear_dim: Annotated[int, Field(ge=64, le=65536)] = 2048
    """Length of the compact bilinear vector."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Dropout before the classification layer."""
    warm_start: bool = True
    """Fit the classification layer to the pretrained backbone's features before training starts."""
    loss: Literal["auto", "cross_entropy", "focal", "binary_cross_entropy"] = "auto"
    """Classification loss; auto: cross-entropy, or binary cross-entropy for multi-label data sets."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Label smoothing: fraction of the target spread evenly over all classes."""
    class_weights: Literal["none", "inverse", "effective"] = "none"
    """Upweight rare classes in the loss: by inverse frequency, or by effective number of samples."""
    effective_beta: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Beta of the effective number (1 - beta^n) / (1 - beta)."""
    min_precision: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """For multi-label data: the threshold is the lowest whose precision on the validation images, over all classes, is
    at least this; 0: the one with the best F1."""
    focal_gamma: Annotated[float, Field(ge=0, le=10)] = 2.0
    """Focusing parameter gamma of the focal loss; 0: cross-entropy."""
