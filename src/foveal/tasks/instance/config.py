"""Settings of instance segmentation: the detector's, and those of its masks."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from foveal.tasks.detect.config import SHAPE as BOX_SHAPE
from foveal.tasks.detect.config import USUAL_OBJECTS, DetectConfig
from foveal.types.settings import Settings

SHAPE = (
    *BOX_SHAPE, "architecture", "prototypes", "mask_channels", "mask_stride", "box_features", "mask_depth",
)  # fmt: skip
"""The settings that shape the network."""


class MaskPicking(Settings):
    """Postprocessing of masks, both in training settings and in a model's options."""

    mask_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Probability from which a pixel belongs to the mask."""


class InstanceConfig(MaskPicking, DetectConfig):
    """Instance segmentation: a detector's settings, and those of its masks."""

    section: ClassVar[str] = "instance"
    box_voting: bool = False
    """Replace each box that NMS keeps by a mean of its class's boxes around it, weighted by score and IoU; its mask
    stays that of the box itself."""
    architecture: Literal["prototypes", "mask_rcnn"] = "prototypes"
    """Architecture; prototypes: single-stage, masks are combinations of prototypes; mask_rcnn: two-stage Mask R-CNN."""
    prototypes: Annotated[int, Field(ge=1, le=256)] = 32
    """Number of prototype masks per image; each object's mask is a linear combination of them."""
    mask_channels: Annotated[int, Field(ge=8, le=1024)] = 64
    """Channels of the convolutions that produce the prototypes (prototypes) or each object's mask (mask_rcnn)."""
    mask_stride: Literal[4, 8] = 4
    """Stride of the prototypes and of the target masks, in input pixels."""
    mask_weight: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Weight of the mask loss relative to the other losses."""
    mask_samples: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Maximum number of anchors per image in the mask loss of one step."""
    proposals: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Proposals per image for the second stage at inference, and the maximum number of masks (mask_rcnn);
    None: max_objects."""
    proposal_samples: Annotated[int, Field(ge=4, le=10_000)] = 128
    """Maximum proposals per image to train the second stage on in one step, a quarter of them positive (mask_rcnn)."""
    box_features: Annotated[int, Field(ge=8, le=4096)] = 256
    """Width of the two fully connected layers of the box head (mask_rcnn); the paper uses 1024."""
    mask_depth: Annotated[int, Field(ge=0, le=8)] = 2
    """Convolutions of the mask head (mask_rcnn); the paper uses 4."""

    @property
    def num_proposals(self) -> int:
        """Proposals per image at inference (mask_rcnn)."""
        return self.proposals or self.max_objects or USUAL_OBJECTS
