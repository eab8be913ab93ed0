"""Settings of a detector's feature pyramid, head, anchors, losses and NMS."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from foveal.types.settings import Settings

STRIDES = (8, 16, 32)
"""Strides, in input pixels, of the backbone's feature maps that the pyramid is built on."""
MAX_OBJECTS, MAX_CANDIDATES = 10_000, 100_000
"""Bounds of two settings."""
USUAL_OBJECTS, USUAL_CANDIDATES = 100, 500
"""Enough for images with few objects: COCO's metrics count 100."""

SHAPE = (
    "channels", "extra_levels", "head_depth", "anchors", "anchor_scale", "anchor_octaves", "anchor_ratios",
    "anchor_shapes", "class_loss", "objectness",
)  # fmt: skip
"""The settings that shape the network."""


class BoxPicking(Settings):
    """Postprocessing of boxes, both in training settings and in a model's options."""

    nms: Literal["hard", "soft_linear", "soft_gaussian", "diou"] = "hard"
    """Kind of non-maximum suppression (NMS), applied per class."""
    nms_iou: Annotated[float, Field(gt=0, le=1)] = 0.6
    """IoU above which the lower-scored of two boxes is dropped, or its score reduced."""
    box_voting: bool = False
    """Replace each box that NMS keeps by a mean of its class's boxes around it, weighted by score and IoU."""


class DetectConfig(BoxPicking):
    """Feature pyramid, head, anchors, losses and NMS of a detector."""

    section: ClassVar[str] = "detect"
    """The configuration's section, for messages."""
    box_voting: bool = True
    """Replace each box that NMS keeps by a mean of its class's boxes around it, weighted by score and IoU."""
    max_objects: Annotated[int, Field(ge=1, le=MAX_OBJECTS)] | None = None
    """Maximum number of detections per image; None: 1.5 times the most objects in a training image, at least 100."""
    candidates: Annotated[int, Field(ge=1, le=MAX_CANDIDATES)] | None = None
    """Highest-scoring boxes per image that go into NMS; None: three times max_objects, at least 500."""
    channels: Annotated[int, Field(ge=8, le=1024)] = 64
    """Channels of the feature pyramid and the head."""
    extra_levels: Annotated[int, Field(ge=0, le=3)] = 1
    """Pyramid levels above stride 32, for objects larger than about half of the input."""
    head_depth: Annotated[int, Field(ge=0, le=8)] = 2
    """Convolutions in each branch of the head, before the class scores and before the boxes."""
    anchors: Literal["fixed", "fitted"] = "fixed"
    """fixed: from scale, octaves and ratios; fitted: k-means on the training boxes, as many per level as octaves."""
    anchor_scale: Annotated[float, Field(gt=0, le=32)] = 5.0
    """Side of the square anchor, as a multiple of its level's stride."""
    anchor_octaves: tuple[Annotated[float, Field(gt=0, le=8)], ...] = (1.0,)
    """Scale factors on that side; one anchor each."""
    anchor_ratios: tuple[Annotated[float, Field(gt=0, le=16)], ...] = (1.0,)
    """Aspect ratios (height / width); one anchor each, per octave."""
    anchor_shapes: tuple[Annotated[float, Field(gt=0)], ...] | None = None
    """Width and height of every anchor in input pixels, finest level first; computed when anchors are fitted."""
    assign: Literal["atss", "iou"] = "atss"
    """Assignment of objects to anchors: adaptive (ATSS), or by fixed IoU thresholds."""
    atss_candidates: Annotated[int, Field(ge=1, le=64)] = 9
    """Nearest anchors per level that ATSS considers for each object."""
    iou_positive: Annotated[float, Field(gt=0, le=1)] = 0.5
    """IoU from which an anchor is positive (assign = iou)."""
    iou_negative: Annotated[float, Field(ge=0, le=1)] = 0.4
    """IoU below which an anchor is negative (assign = iou)."""
    class_loss: Literal["focal", "binary_cross_entropy", "cross_entropy"] = "focal"
    """Classification loss; cross_entropy: softmax with an extra background class."""
    focal_gamma: Annotated[float, Field(ge=0, le=10)] = 2.0
    """Focusing parameter gamma of the focal loss."""
    focal_alpha: Annotated[float, Field(ge=0, le=1)] = 0.25
    """Weight alpha of positives in the focal loss; not used with quality."""
    quality: bool = True
    """Train class scores towards the IoU of their boxes, as quality focal loss does (not with cross_entropy)."""
    objectness: bool = False
    """Add an objectness score, multiplied with the class scores; the classes are then trained on positives only."""
    box_loss: Literal["smooth_l1", "giou", "ciou"] = "ciou"
    """Box regression loss."""
    box_weight: Annotated[float, Field(gt=0, le=100)] = 2.0
    """Weight of the box loss relative to the classification loss."""
    class_weights: Literal["none", "inverse", "effective"] = "none"
    """Upweight rare classes in the loss: by inverse frequency, or by effective number of objects."""
    effective_beta: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Beta of the effective number (1 - beta^n) / (1 - beta)."""
