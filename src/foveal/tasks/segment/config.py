"""Settings of semantic segmentation: the decoder and the losses."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foveal.types.settings import Settings

Decoder = Literal[
    "auto", "plain_unet", "unet", "unetplusplus", "manet", "linknet", "fpn", "pspnet", "pan", "deeplabv3",
    "deeplabv3plus", "upernet", "segformer",
]  # fmt: skip
Loss = Literal["cross_entropy", "focal", "dice", "lovasz"]
Decision = Literal["expected_iou", "likeliest"]


class SegmentConfig(Settings):
    """Decoder and losses of semantic segmentation."""

    decoder: Decoder = "auto"
    """Decoder on the backbone's feature maps; plain_unet: a U-Net from scratch, on Foveal's own, such as conv5."""
    channels: Annotated[int, Field(ge=8, le=1024)] = 64
    """Channels of the decoder, for decoders of a constant width."""
    fine_head: bool | None = None
    """Correct the classes at half the input's size, where thin things are seen, by the backbone's finest map; default:
    where it has a map of that size, and the decoder's is coarser."""
    strips: bool = True
    """Beside a fine head: convolutions along columns and rows, in it and over the decoder's map, which follow poles and
    other long thin things."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Dropout before the decoder's last layer, for decoders that have one."""
    losses: tuple[Loss, ...] = ("cross_entropy", "dice")
    """Losses to sum."""
    loss_weights: tuple[Annotated[float, Field(gt=0, le=100)], ...] = ()
    """Weight of each loss, in the same order; empty: 1 for all."""
    class_weights: Literal["none", "median_frequency"] = "none"
    """Upweight rare classes in cross-entropy and focal loss, by median frequency balancing (Eigen and Fergus 2015)."""
    boundary_weight: Annotated[float, Field(ge=0, le=100)] = 3.0
    """Further weight, in cross-entropy and focal loss, of pixels at most 3 px from another class: boundaries and thin
    things; 0: all pixels weigh the same."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Label smoothing of cross-entropy: fraction of the target spread evenly over all classes."""
    focal_gamma: Annotated[float, Field(ge=0, le=10)] = 2.0
    """Focusing parameter gamma of the focal loss."""
    decision: Decision = "expected_iou"
    """Which class a pixel takes: expected_iou, the one that raises the mean IoU most, by factors and offsets that are
    fitted to validation images after training and kept where they help; likeliest, the most probable."""

    @model_validator(mode="after")
    def _one_weight_per_loss(self) -> "SegmentConfig":
        if not self.losses:
            raise ValueError("name at least one loss")
        twice = next((name for name in self.losses if self.losses.count(name) > 1), None)
        if twice:
            raise ValueError(f"{twice} is listed twice; give it a weight instead")
        if self.loss_weights and len(self.loss_weights) != len(self.losses):
            raise ValueError(f"{len(self.loss_weights)} weights for {len(self.losses)} losses; give one for each")
        return self
