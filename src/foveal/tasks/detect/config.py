"""What stands on the backbone of a detector, how anchors learn, and how boxes are picked."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from foveal.types.settings import Settings

STRIDES = (8, 16, 32)
"""Input pixels per place of the finest maps that the pyramid is built on."""


class BoxPicking(Settings):
    """How a network's boxes become objects, in training's settings and in a model's options alike."""

    candidates: Annotated[int, Field(ge=1, le=100_000)] = 500
    """Best boxes per image that enter non-maximum suppression (NMS)."""
    nms: Literal["hard", "soft_linear", "soft_gaussian", "diou"] = "hard"
    """Kind of NMS, within each class."""
    nms_iou: Annotated[float, Field(gt=0, le=1)] = 0.6
    """IoU above which the lower-scored of two boxes is dropped or its score lowered."""
    max_objects: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Most objects per image."""


class DetectConfig(BoxPicking):
    """Pyramid, head, anchors, losses and non-maximum suppression of a detector."""

    section: ClassVar[str] = "detect"
    """The configuration's section, for messages."""
    channels: Annotated[int, Field(ge=8, le=1024)] = 64
    """Channels of the feature pyramid and the head."""
    extra_levels: Annotated[int, Field(ge=0, le=3)] = 1
    """Levels coarser than stride 32, for objects larger than about half of the input."""
    head_depth: Annotated[int, Field(ge=0, le=8)] = 2
    """Convolutions before the class scores and before the boxes."""
    anchors: Literal["fixed", "fitted"] = "fixed"
    """fixed: from scale, octaves and ratios; fitted: k-means on the training boxes, as many a level as octaves."""
    anchor_scale: Annotated[float, Field(gt=0, le=32)] = 5.0
    """Side of the square anchor, in strides of its level."""
    anchor_octaves: tuple[Annotated[float, Field(gt=0, le=8)], ...] = (1.0,)
    """Factors on that side; one anchor each."""
    anchor_ratios: tuple[Annotated[float, Field(gt=0, le=16)], ...] = (1.0,)
    """Height over width; one anchor each, for each octave."""
    anchor_shapes: tuple[Annotated[float, Field(gt=0)], ...] | None = None
    """Width and height in input pixels of each anchor of each level, finest first; chosen when anchors are fitted."""
    assign: Literal["atss", "iou"] = "atss"
    """How anchors get their objects: by each object's own statistics (ATSS), or by fixed IoU thresholds."""
    atss_candidates: Annotated[int, Field(ge=1, le=64)] = 9
    """Nearest anchors a level that ATSS considers for an object."""
    iou_positive: Annotated[float, Field(gt=0, le=1)] = 0.5
    """IoU from which an anchor has an object (iou)."""
    iou_negative: Annotated[float, Field(ge=0, le=1)] = 0.4
    """IoU below which an anchor is background (iou)."""
    class_loss: Literal["focal", "binary_cross_entropy", "cross_entropy"] = "focal"
    """Loss of the class scores; cross_entropy: a softmax with background as a class of its own."""
    focal_gamma: Annotated[float, Field(ge=0, le=10)] = 2.0
    """Focusing exponent of the focal loss."""
    focal_alpha: Annotated[float, Field(ge=0, le=1)] = 0.25
    """Weight of positives in the focal loss; not used with quality."""
    quality: bool = True
    """Let a score say how well the box fits: its target is the IoU, not 1 (not with cross_entropy)."""
    objectness: bool = False
    """A score of its own for "some object", multiplied with the classes'; these then learn from objects alone."""
    box_loss: Literal["smooth_l1", "giou", "ciou"] = "ciou"
    """Loss of the boxes."""
    box_weight: Annotated[float, Field(gt=0, le=100)] = 2.0
    """Weight of the box loss beside the class loss."""
    class_weights: Literal["none", "inverse", "effective"] = "none"
    """Weigh rare classes up: by inverse frequency, or by effective number of objects."""
    effective_beta: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Beta of the effective number (1 - beta^n) / (1 - beta)."""
