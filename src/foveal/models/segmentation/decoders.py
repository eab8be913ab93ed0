"""An encoder and a decoder: scores of each class for every place of a map.

The decoders are those of segmentation-models-pytorch, on any timm backbone with Foveal's own weights in it; on the
small network of ``models.classic`` it is that of a plain U-Net.

Shapes: B batch, C channels, K classes, H W rows and columns of the input, h w of a map.
"""

import warnings
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from foveal.errors import ConfigError, MissingExtraError
from foveal.models.classic.plain_unet import EncoderDecoder
from foveal.models.config import ModelConfig
from foveal.models.declared import OWN
from foveal.models.pyramid import InnerMaps, build_inner_maps
from foveal.models.weights import Weights

MULTIPLE = 32
"""Decoders take inputs whose sides are multiples of this many pixels."""
ARCHITECTURES = {
    "unet": "Unet",
    "unetplusplus": "UnetPlusPlus",
    "manet": "MAnet",
    "linknet": "Linknet",
    "fpn": "FPN",
    "pspnet": "PSPNet",
    "pan": "PAN",
    "deeplabv3": "DeepLabV3",
    "deeplabv3plus": "DeepLabV3Plus",
    "upernet": "UPerNet",
    "segformer": "Segformer",
}
"""Name of a decoder and of its class in segmentation-models-pytorch."""
WIDTH = {
    "fpn": "decoder_segmentation_channels",
    "pspnet": "psp_out_channels",
    "deeplabv3": "decoder_channels",
    "deeplabv3plus": "decoder_channels",
    "upernet": "decoder_channels",
    "segformer": "decoder_segmentation_channels",
}
"""What the class calls the decoder's one width, where it has one."""
DROPOUT = {
    "fpn": "decoder_dropout",
    "pspnet": "psp_dropout",
    "deeplabv3": "decoder_aspp_dropout",
    "deeplabv3plus": "decoder_aspp_dropout",
}
"""What it calls the part of channels that is dropped."""
DILATED = {"deeplabv3": 16, "deeplabv3plus": 16, "pan": 16, "pspnet": 8}
"""Stride of the encoder's last map where it is not 32."""
LEAST = {"pan": 128}
"""Least side in pixels that a decoder takes, where it is not 32: PAN halves a map of stride 16 three times."""
RATES = (6, 12, 18)
"""Dilation of the pyramid of DeepLab (Chen et al. 2018, "Encoder-decoder with atrous separable convolution"): rates for
a last map of stride 16 of inputs up to about 512 pixels."""


class Encoder(nn.Module):
    """A backbone's maps as the decoders of segmentation-models-pytorch take them.

    Attributes:
        maps: The backbone.
        out_channels: C of the image and of each map.
        output_stride: Of the last map.
    """

    def __init__(self, maps: InnerMaps) -> None:
        super().__init__()
        self.maps = maps
        self.starts_at = maps.strides[0]
        before = {1: [], 2: [3]}.get(self.starts_at, [3, 0])
        self.out_channels = [*before, *maps.channels]
        self.output_stride = maps.strides[-1]

    def forward(self, inputs: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> the image, a map of no channels where the backbone has none of stride 2, and its maps."""
        features: list[Tensor] = self.maps(inputs)
        if self.starts_at == 1:
            return features
        if self.starts_at == 2:
            return [inputs, *features]
        height, width = inputs.shape[-2:]
        return [inputs, inputs.new_empty((inputs.shape[0], 0, height // 2, width // 2)), *features]


def build_map_net(
    model: ModelConfig, decoder: str, num_classes: int, *, channels: int, dropout: float, pretrained: bool
) -> tuple[nn.Module, InnerMaps, Weights | None]:
    """The network, (B, 3, H, W) -> logits (B, K, h, w); its backbone, and the weights that this started with.

    Raises:
        ConfigError: No such backbone, or one on which the decoder cannot stand.
        WeightsError: The weights are not at hand or do not fit.
        MissingExtraError: segmentation-models-pytorch is not installed.
    """
    if model.backbone in OWN:
        if decoder not in ("auto", "plain_unet"):
            raise ConfigError(
                f"The decoder {decoder!r} is for timm's backbones, not for {model.backbone}.",
                "Leave --segment.decoder out, or take another --backbone.",
            )
        maps, weights = build_inner_maps(model, None, pretrained=pretrained)
        return EncoderDecoder(maps, num_classes), maps, weights
    decoder = "fpn" if decoder == "auto" else decoder
    if decoder == "plain_unet":
        raise ConfigError(
            "The decoder plain_unet is for a small network trained from scratch.", "Use --backbone conv5."
        )
    stride = DILATED.get(decoder, 32)
    maps, weights = build_inner_maps(model, None, pretrained=pretrained, output_stride=stride)
    net = _with_encoder(decoder, model.backbone, Encoder(maps), num_classes, channels, dropout)
    return net, maps, weights


def _with_encoder(
    decoder: str, backbone: str, encoder: Encoder, num_classes: int, channels: int, dropout: float
) -> Any:
    """The library's network around our encoder, whose logits keep the decoder's own size."""
    try:
        import segmentation_models_pytorch as smp
    except ModuleNotFoundError as error:
        raise MissingExtraError("build this decoder", error.name or "segmentation-models-pytorch") from None
    own: dict[str, Any] = {WIDTH[decoder]: channels} if decoder in WIDTH else {}
    if decoder in DROPOUT:
        own[DROPOUT[decoder]] = dropout
    if decoder in ("deeplabv3", "deeplabv3plus"):
        own["decoder_atrous_rates"] = RATES
    if decoder == "pspnet":
        own["encoder_depth"] = 5  # all of the encoder, dilated as in the paper, where the library would cut it off
    elif decoder in DILATED:
        own["encoder_output_stride"] = DILATED[decoder]
    if decoder == "fpn":
        own["decoder_pyramid_channels"] = 2 * channels
    architecture = getattr(smp, ARCHITECTURES[decoder])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net = architecture(encoder_name=f"tu-{backbone}", encoder_weights=None, classes=num_classes, **own)
    except (ValueError, RuntimeError, TypeError, AttributeError, KeyError, NotImplementedError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(f"The decoder {decoder!r} cannot stand on {backbone!r}: {reason}.", _OTHER) from None
    depth = len(net.encoder.out_channels)
    if list(net.encoder.out_channels) != encoder.out_channels[:depth]:
        raise ConfigError(
            f"The decoder {decoder!r} cannot stand on {backbone!r}: its maps have {encoder.out_channels} channels,"
            f" {list(net.encoder.out_channels)} are needed.",
            _OTHER,
        )
    net.encoder = encoder
    net.segmentation_head[1] = nn.Identity()  # enlarging the logits is left to the loss and to ``assemble``
    return net


_OTHER = "Take another --segment.decoder (unet and fpn stand on most backbones) or another --backbone."


def pad_to_multiple(inputs: Tensor, *, least: int = MULTIPLE) -> Tensor:
    """(B, 3, H, W) with zeros (the mean colour) to the right and below: sides of ``least`` or more, multiples of 32."""
    height, width = inputs.shape[-2:]
    right, below = (max(-side % MULTIPLE, least - side) for side in (width, height))
    return inputs if not right and not below else nn.functional.pad(inputs, (0, right, 0, below))


def crop_logits(logits: Tensor, padded: Sequence[int], size: Sequence[int]) -> Tensor:
    """Logits (B, K, h, w) of a padded input as those of the input alone.

    Args:
        logits: Of the padded input.
        padded: Its (rows, columns).
        size: (rows, columns) of the input; where they are smaller, the logits are enlarged to pixels and cut.
    """
    if tuple(padded) == tuple(size):
        return logits
    large = nn.functional.interpolate(logits, tuple(padded), mode="bilinear", align_corners=False)
    return large[..., : size[0], : size[1]]
