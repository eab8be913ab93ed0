"""The decoder that stands on the encoder, and what it is trained to minimise."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foveal.types.settings import Settings

Decoder = Literal[
    "auto", "textbook", "unet", "unetplusplus", "manet", "linknet", "fpn", "pspnet", "pan", "deeplabv3",
    "deeplabv3plus", "upernet", "segformer",
]  # fmt: skip
Loss = Literal["cross_entropy", "focal", "dice", "lovasz"]


class SegmentConfig(Settings):
    """Decoder and losses of semantic segmentation."""

    decoder: Decoder = "auto"
    """What turns the backbone's maps into a class for every pixel; textbook: the small one for --backbone conv5."""
    channels: Annotated[int, Field(ge=8, le=1024)] = 64
    """Channels of the decoder, where it has one width throughout."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Part of the decoder's channels dropped before the last layer, where the decoder allows it."""
    losses: tuple[Loss, ...] = ("cross_entropy", "dice")
    """Losses that are summed."""
    loss_weights: tuple[Annotated[float, Field(gt=0, le=100)], ...] = ()
    """A factor for each of them; empty: all 1."""
    class_weights: Literal["none", "median_frequency"] = "none"
    """Weigh rare classes up in cross-entropy and focal loss: median over own frequency (Eigen and Fergus 2015)."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Part of the target that cross-entropy spreads over all classes."""
    focal_gamma: Annotated[float, Field(ge=0, le=10)] = 2.0
    """Focusing exponent of the focal loss."""

    @model_validator(mode="after")
    def _one_weight_a_loss(self) -> "SegmentConfig":
        if not self.losses:
            raise ValueError("name at least one loss")
        twice = next((name for name in self.losses if self.losses.count(name) > 1), None)
        if twice:
            raise ValueError(f"{twice} stands twice; give it a weight instead")
        if self.loss_weights and len(self.loss_weights) != len(self.losses):
            raise ValueError(f"{len(self.loss_weights)} weights for {len(self.losses)} losses; give one for each")
        return self
