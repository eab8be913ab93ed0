"""Encoder and decoder of semantic segmentation.

The decoders are those of segmentation-models-pytorch, on any timm backbone with weights loaded by Foveal; the small
network of ``models.classic`` gets a plain U-Net decoder.

Shapes: B batch, C channels, K classes, H W height and width of the input, h w of a map.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from foveal.errors import ConfigError, MissingExtraError
from foveal.models.classic.plain_unet import PlainDecoder
from foveal.models.classic.table import own
from foveal.models.config import ModelConfig
from foveal.models.pyramid import InnerMaps, build_inner_maps
from foveal.models.segmentation.fine import FineHead
from foveal.models.segmentation.strips import StripAttention
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
"""The class's argument for the decoder's width, where it has one."""
DROPOUT = {
    "fpn": "decoder_dropout",
    "pspnet": "psp_dropout",
    "deeplabv3": "decoder_aspp_dropout",
    "deeplabv3plus": "decoder_aspp_dropout",
}
"""The class's argument for dropout."""
DILATED = {"deeplabv3": 16, "deeplabv3plus": 16, "pan": 16, "pspnet": 8}
"""Stride of the encoder's last map where it is not 32."""
AS_FINE_AS_THE_IMAGE = ("unet", "unetplusplus", "manet", "linknet")
"""Decoders whose map has the input's size."""
LEAST = {"pan": 128}
"""Smallest side in pixels that a decoder accepts, where it is not 32: PAN halves a map of stride 16 three times."""
RATES = (6, 12, 18)
"""Dilation of the pyramid of DeepLab (Chen et al. 2018, "Encoder-decoder with atrous separable convolution"): rates for
a last map of stride 16 of inputs up to about 512 pixels."""


@dataclass(frozen=True)
class Parts:
    """The parts of a segmentation network.

    Attributes:
        backbone: (B, 3, H, W) -> maps (B, C, h, w), finest first.
        decoder: The output of ``with_image`` -> one map (B, C, h, w).
        head: That map -> logits (B, K, h, w).
        weights: Pretrained weights of the backbone; None: random.
    """

    backbone: InnerMaps
    decoder: nn.Module
    head: nn.Module
    weights: Weights | None
    fine: FineHead | None = None
    """Logits, the decoder's map and the backbone's finest one -> logits at half the input's size."""


def with_image(inputs: Tensor, maps: Sequence[Tensor], first_stride: int) -> list[Tensor]:
    """The image and a backbone's maps as the decoders take them: one tensor for each stride from 1 on.

    Where a backbone has no map of stride 2, an empty one (0 channels) is inserted.
    """
    if first_stride == 1:
        return list(maps)
    if first_stride == 2:
        return [inputs, *maps]
    height, width = inputs.shape[-2:]
    return [inputs, inputs.new_empty((inputs.shape[0], 0, height // 2, width // 2)), *maps]


def build_parts(
    model: ModelConfig,
    decoder: str,
    num_classes: int,
    *,
    channels: int,
    dropout: float,
    pretrained: bool,
    fine_head: bool | None,
    strips: bool,
) -> Parts:
    """Backbone, decoder and head.

    ``fine_head`` None: where the decoder's map is coarser than half the input's size and the backbone has one of it.
    ``strips``: beside a fine head, ``Strips`` in it and ``StripAttention`` after the decoder.

    Raises:
        ConfigError: No such backbone, or one that the decoder does not support.
        WeightsError: The weights are not available or do not fit.
        MissingExtraError: segmentation-models-pytorch is not installed.
    """
    if own(model.backbone) is not None:
        return _plain_parts(model, decoder, num_classes, pretrained=pretrained, fine_head=fine_head)
    decoder = "fpn" if decoder == "auto" else decoder
    if decoder == "plain_unet":
        raise ConfigError(
            "The decoder plain_unet is for Foveal's own networks, trained from scratch.", "Use --backbone conv5."
        )
    stride = DILATED.get(decoder, 32)
    maps, weights = build_inner_maps(model, None, pretrained=pretrained, output_stride=stride)
    net = _library_net(decoder, model.backbone, maps, num_classes, channels, dropout)
    # Only the head's convolution: the loss and ``assemble`` upsample the logits.
    head = net.segmentation_head[0]
    lacking = _no_fine_head(decoder, model.backbone, maps)
    if fine_head and lacking:
        raise ConfigError(f"segment.fine_head {lacking}.", "Leave it out.")
    if fine_head is False or lacking:
        return Parts(maps, net.decoder, head, weights)
    fine = FineHead(head.in_channels, maps.channels[0], num_classes, strips=strips)
    decoder_net = nn.Sequential(net.decoder, StripAttention(head.in_channels)) if strips else net.decoder
    return Parts(maps, decoder_net, head, weights, fine)


def _plain_parts(
    model: ModelConfig, decoder: str, num_classes: int, *, pretrained: bool, fine_head: bool | None
) -> Parts:
    """Those on one of Foveal's own networks."""
    if decoder not in ("auto", "plain_unet"):
        raise ConfigError(
            f"The decoder {decoder!r} is for timm's backbones, not for {model.backbone}.",
            "Leave out the decoder, or choose another --backbone.",
        )
    if fine_head:
        raise ConfigError(
            f"segment.fine_head has no use: the decoder of {model.backbone} is as fine as the image.",
            "Leave it out.",
        )
    maps, weights = build_inner_maps(model, None, pretrained=pretrained)
    return Parts(maps, PlainDecoder(maps.channels), nn.Conv2d(maps.channels[0], num_classes, 1), weights)


def _no_fine_head(decoder: str, backbone: str, maps: InnerMaps) -> str:
    """Why a network cannot have a fine head; empty: it can."""
    if decoder in AS_FINE_AS_THE_IMAGE:
        return f"has no use: the decoder {decoder} is as fine as the image"
    if maps.strides[0] == 2:
        return ""
    return f"needs a map of half the input's size; the finest of {backbone} has stride {maps.strides[0]}"


def _library_net(decoder: str, backbone: str, maps: InnerMaps, num_classes: int, channels: int, dropout: float) -> Any:
    """The library's network, whose decoder and head fit the maps; its own encoder is not used."""
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
        own["encoder_depth"] = 5  # all of the encoder, dilated as in the paper, where the library would truncate it
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
        raise ConfigError(f"The decoder {decoder!r} does not support {backbone!r}: {reason}.", _OTHER) from None
    own_channels = [*{1: [], 2: [3]}.get(maps.strides[0], [3, 0]), *maps.channels]
    wanted = list(net.encoder.out_channels)
    if wanted != own_channels[: len(wanted)]:
        raise ConfigError(
            f"The decoder {decoder!r} does not support {backbone!r}: its maps have {own_channels} channels,"
            f" but {wanted} are needed.",
            _OTHER,
        )
    return net


_OTHER = "Choose another decoder (unet and fpn support most backbones) or another --backbone."


def padded_size(size: tuple[int, int], *, least: int = MULTIPLE) -> tuple[int, int]:
    """The next (rows, columns) that a decoder accepts: ``least`` or more, and multiples of 32."""
    height, width = (side + max(-side % MULTIPLE, least - side) for side in size)
    return height, width


def pad(inputs: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, 3, H, W) with zeros (the mean colour) to the right and below, up to ``size`` (rows, columns)."""
    below, right = (wanted - side for wanted, side in zip(size, inputs.shape[-2:], strict=True))
    return inputs if not right and not below else nn.functional.pad(inputs, (0, right, 0, below))


def crop_logits(logits: Tensor, padded: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Logits (B, K, h, w) of a padded input as those of the input alone.

    Args:
        logits: Of the padded input.
        padded: Its (rows, columns).
        size: (rows, columns) of the input; where they are smaller, the logits are upsampled to pixels and cropped.
    """
    if padded == size:
        return logits
    large = nn.functional.interpolate(logits, padded, mode="bilinear", align_corners=False)
    return large[..., : size[0], : size[1]]
