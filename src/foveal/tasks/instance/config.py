"""What instance segmentation adds to the detector's settings."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from foveal.tasks.detect.config import DetectConfig
from foveal.types.settings import Settings


class MaskPicking(Settings):
    """How a network's masks become objects' masks, in training's settings and in a model's options alike."""

    mask_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Probability from which a pixel belongs to an object."""


class InstanceConfig(MaskPicking, DetectConfig):
    """The detector's settings and those of the mask branch."""

    section: ClassVar[str] = "instance"
    architecture: Literal["prototypes", "mask_rcnn"] = "prototypes"
    """prototypes: one stage, masks mixed from prototypes; mask_rcnn: a second stage looks at each proposal again."""
    prototypes: Annotated[int, Field(ge=1, le=256)] = 32
    """Prototype masks of an image; each object's mask is a mixture of them."""
    mask_channels: Annotated[int, Field(ge=8, le=1024)] = 64
    """Channels of the convolutions that make the prototypes, or each object's mask."""
    mask_stride: Literal[4, 8] = 4
    """Input pixels per pixel of a prototype, and of the masks that objects learn from."""
    mask_weight: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Weight of the mask loss beside the others."""
    mask_samples: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Most anchors of an image that learn a mask in one step."""
    proposals: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Proposals of an image that the second stage looks at in use, and most objects that it masks (mask_rcnn)."""
    proposal_samples: Annotated[int, Field(ge=4, le=10_000)] = 128
    """Most proposals of an image that the second stage learns from in one step, a quarter with objects (mask_rcnn)."""
    box_features: Annotated[int, Field(ge=8, le=4096)] = 256
    """Width of the two layers that classify a proposal (mask_rcnn); the paper has 1024."""
    mask_depth: Annotated[int, Field(ge=0, le=8)] = 2
    """Convolutions on each object before its mask (mask_rcnn); the paper has 4."""
