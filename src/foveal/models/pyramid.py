"""Feature maps at several strides: a backbone's intermediate maps, joined by a feature pyramid.

Shapes: B batch, C channels, H W height and width of the input, h w of a map.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from foveal.errors import ConfigError
from foveal.models.classic.own import OwnNetwork
from foveal.models.config import ModelConfig
from foveal.models.declared import declared
from foveal.models.trunk import Trunk, build_own, find_weights
from foveal.models.weights import Weights

_OTHER = "Choose another backbone, such as the default, a ResNet or a ConvNeXt."


class InnerMaps(Trunk):
    """A backbone that returns its maps at the given strides; later layers are removed.

    Args:
        name: A timm model, or one of Foveal's own.
        strides: Strides of the maps, rising. Where a network has no map of a stride it gives the nearest one; the
            pyramid resizes it. None: all maps.
        output_stride: Stride of the last map: below 32, later stages are dilated instead of strided, where the network
            supports it.

    Attributes:
        channels: C of each map.
        strides: Of each map.
        reductions: Strides that the picked maps have in the network.

    Raises:
        ConfigError: No such network, or one without intermediate maps.
    """

    def __init__(self, name: str, strides: Sequence[int] | None = None, *, output_stride: int = 32) -> None:
        super().__init__(name)
        own = build_own(name)
        if own is not None:
            self.net = own
            if not own.widths:
                raise ConfigError(
                    f"The backbone {name!r} gives no maps at several strides.", "Use --backbone conv5 instead."
                )
            own.keep_maps()
            known = list(zip(own.widths, own.strides, strict=True))
        else:
            self.net = _create(name, output_stride)
            info: Any = self.net.feature_info
            rows = info if isinstance(info, list) else info.info
            known = [(int(row["num_chs"]), int(row["reduction"])) for row in rows]
        reductions = [reduction for _, reduction in known]
        self.strides = tuple(reductions if strides is None else strides)
        self.picked = list(range(len(known))) if strides is None else [nearest(s, reductions) for s in strides]
        self.channels = [known[i][0] for i in self.picked]
        self.reductions = [reductions[i] for i in self.picked]
        if own is None:
            self.taken = sorted(set(self.picked))
            prune: Any = self.net.prune_intermediate_layers
            prune(self.taken, prune_norm=True, prune_head=True)

    def inner(self, inputs: Tensor) -> Sequence[Tensor]:
        """Those that it returns; later layers are removed."""
        return self(inputs)  # type: ignore[no-any-return]

    def forward(self, inputs: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> a map (B, C, h, w) for each stride."""
        if isinstance(self.net, OwnNetwork):
            every = self.run(self.net.maps, inputs)
            return [every[i] for i in self.picked]
        call: Any = self.net.forward_intermediates
        picked = partial(call, indices=self.taken, norm=False, output_fmt="NCHW", intermediates_only=True)
        maps: list[Tensor] = self.run(picked, inputs)
        return [maps[self.taken.index(i)] for i in self.picked]


def build_inner_maps(
    config: ModelConfig, strides: Sequence[int] | None, *, pretrained: bool, output_stride: int = 32
) -> tuple[InnerMaps, Weights | None]:
    """A backbone with the weights that ``config`` asks for, or with random weights (``pretrained=False``).

    Returns:
        The backbone, and where its weights come from: without the tensors that it has taken.

    Raises:
        ConfigError: No such backbone.
        WeightsError: The weights are not available or do not fit.
    """
    weights = find_weights(config) if pretrained else None
    backbone = InnerMaps(config.backbone, strides, output_stride=output_stride)
    backbone.load(weights)
    return backbone, None if weights is None else weights.beside_backbone()


def early_stages(name: str, stride: int) -> int:
    """How many of a backbone's stages, from the input on, lead to its map of a stride.

    0 where it has no map of that stride, or where the way there leads through all its stages.

    Raises:
        ConfigError: No such network, or one without intermediate maps.
    """
    with torch.device("meta"):
        early, every = InnerMaps(name, (stride,)), InnerMaps(name)
    if early.reductions != [stride]:
        return 0
    count = early.picked[0] + 1 if isinstance(early.net, OwnNetwork) else len(early.stages())
    return count if count < len(every.stages()) else 0


def nearest(stride: int, known: Sequence[int]) -> int:
    """Index of the stride nearest to the given one by ratio; of ties the deepest."""
    return min(range(len(known)), key=lambda i: (max(known[i] / stride, stride / known[i]), -i))


class FeaturePyramid(nn.Module):
    """Lin et al. 2017, "Feature pyramid networks": top-down, each level adds the upsampled coarser one.

    Args:
        channels_in: C of each map, finest first.
        channels: C of every output map.
        extra: Coarser maps made from the last by strided convolutions.
    """

    def __init__(self, channels_in: Sequence[int], channels: int, *, extra: int = 0) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(c, channels, 1, bias=False) for c in channels_in)
        self.lateral_norm = nn.ModuleList(nn.BatchNorm2d(channels) for _ in channels_in)
        self.smooth = nn.ModuleList(conv_norm_act(channels, channels) for _ in channels_in)
        self.extra = nn.ModuleList(conv_norm_act(channels, channels, stride=2) for _ in range(extra))

    def forward(self, maps: Sequence[Tensor], sizes: Sequence[tuple[int, int]]) -> list[Tensor]:
        """Maps (B, C_in, ., .), one per level -> (B, C, h, w), resized to ``sizes`` (h, w) where these differ."""
        joined: list[Tensor] = []
        for i in reversed(range(len(self.lateral))):
            side = self.lateral_norm[i](self.lateral[i](maps[i]))
            if tuple(side.shape[-2:]) != sizes[i]:
                side = interpolate(side, sizes[i], mode="bilinear", align_corners=False)
            joined.append(side if not joined else side + interpolate(joined[-1], sizes[i], mode="nearest"))
        out = [smooth(level) for smooth, level in zip(self.smooth, reversed(joined), strict=True)]
        for more in self.extra:
            out.append(more(out[-1]))
        return out


def conv_norm_act(channels_in: int, channels_out: int, *, stride: int = 1) -> nn.Sequential:
    """A 3 x 3 convolution, batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


def _create(name: str, output_stride: int) -> Any:
    declared(name)  # raises for an unknown name
    net = None
    dilated = {} if output_stride == 32 else {"output_stride": output_stride}
    unpooled = {"global_pool": ""}
    for flexible in ({"dynamic_img_size": True, **unpooled}, {"strict_img_size": False, **unpooled}, unpooled, {}):
        try:
            net = timm.create_model(name, num_classes=0, **flexible, **dilated)
            break
        except (TypeError, NotImplementedError, AssertionError):  # no such option; no dilation, or not without pooling
            continue
    if net is None and dilated:
        raise ConfigError(f"The backbone {name!r} cannot be dilated to a stride of {output_stride} pixels.", _OTHER)
    if net is None or not hasattr(net, "forward_intermediates") or not hasattr(net, "feature_info"):
        raise ConfigError(f"The backbone {name!r} gives no intermediate feature maps.", _OTHER)
    return net
