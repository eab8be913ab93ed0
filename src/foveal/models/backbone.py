"""Any timm network, or one of Foveal's own, as a feature extractor.

Shapes: B batch, C channels, H W height and width of the input, h w of the map, N tokens.
"""

from typing import Any

import timm
import torch
from timm.models.vision_transformer import Attention
from torch import Tensor, nn

from foveal.errors import ConfigError
from foveal.models.classic.own import OwnNetwork
from foveal.models.config import ModelConfig
from foveal.models.declared import Declared, declared
from foveal.models.trunk import Trunk, build_own, find_weights
from foveal.models.weights import Weights
from foveal.types.size import Size


class Backbone(Trunk):
    """Images in, one feature map out, whatever the network inside.

    The feature map is taken before the network's pooling and classifier, final norm included.

    Args:
        name: A timm model, or one of Foveal's own.

    Attributes:
        num_features: C of the map.
        fixed_size: The only input side it accepts, in pixels; None: any.
        multiple: The input's sides must be multiples of this many pixels.

    Raises:
        ConfigError: No such network, or one without a feature map.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        known = declared(name)
        self._whole = True
        self.fixed_size: int | None = None
        self.multiple = 1
        if (own := build_own(name)) is not None:
            self.net = own
            self.num_features = own.num_features
            self.fixed_size = known.size if known.fixed_size else None
            return
        self._build(name, known)

    def _build(self, name: str, known: Declared) -> None:
        net, flexible, self._whole = _create(name, known)
        self.net = net
        self.num_features = int(net.head_hidden_size if self._whole else net.num_features)
        if known.fixed_size and not flexible:
            self.fixed_size = known.size
        patch = getattr(getattr(net, "patch_embed", None), "patch_size", None)
        if flexible and patch is not None and hasattr(net, "num_prefix_tokens"):
            self.multiple = int(patch[0])

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, C, h, w).

        Raises:
            ConfigError: An input size that the network does not accept.
        """
        height, width = inputs.shape[-2:]
        self.check_size(height, width)
        call: Any = self.net if self._whole else self.net.forward_features
        out = self.run(call, inputs)
        return _as_map(out, self.num_features, height, width, self.net)

    @property
    def side_widths(self) -> tuple[int, ...]:
        """Channels of the maps that auxiliary classifiers read in training; empty: there are none."""
        return self.net.side_widths() if isinstance(self.net, OwnNetwork) else ()

    def with_sides(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """The map of ``forward``, and those of ``side_widths``."""
        if not isinstance(self.net, OwnNetwork) or not self.side_widths:
            return (self(inputs),)
        return self.run(self.net.with_sides, inputs)

    def attention(self, inputs: Tensor) -> Tensor | None:
        """(B, A, h, w) how much each head of a transformer's last layer attends to each place; None: it has none.

        The mean over the places that attend, since their mean is what is classified; it sums to 1 for each head.
        """
        blocks = getattr(self.net, "blocks", None)
        layer = getattr(blocks[-1], "attn", None) if isinstance(blocks, nn.Sequential) and len(blocks) > 1 else None
        if not isinstance(layer, Attention):
            return None
        call: Any = self.net.forward_intermediates
        (found,) = call(
            inputs,
            indices=[len(blocks) - 2],  # type: ignore[arg-type]
            norm=False,
            output_fmt="NLC",
            intermediates_only=True,
            return_prefix_tokens=True,
        )
        places, prefix = found if isinstance(found, tuple) else (found, found[:, :0])  # without class tokens
        last: Any = blocks[-1]  # type: ignore[index]
        tokens = last.norm1(torch.cat([prefix, places], 1))  # (B, N, C)
        batch, count, _ = tokens.shape
        query, key, _ = layer.qkv(tokens).reshape(batch, count, 3, layer.num_heads, -1).permute(2, 0, 3, 1, 4)
        weights = (layer.q_norm(query) * layer.scale @ layer.k_norm(key).transpose(2, 3)).softmax(3)  # (B, A, N, N)
        skipped = prefix.shape[1]
        received = weights[:, :, skipped:, skipped:].mean(2)  # (B, A, h w)
        received = received / received.sum(2, keepdim=True)
        height, width = inputs.shape[-2:]
        _, rows = _grid(count, height, width, skipped)
        out: Tensor = received.reshape(batch, layer.num_heads, rows, -1)
        return out

    def check_size(self, height: int, width: int) -> None:
        """Check that the network accepts an input size.

        Raises:
            ConfigError: The message names the sizes that fit.
        """
        if self.fixed_size is not None and (height, width) != (self.fixed_size, self.fixed_size):
            raise ConfigError(
                f"The backbone {self.name!r} takes images of {self.fixed_size} x {self.fixed_size} pixels only,"
                f" not {width} x {height}.",
                f"Use --size {self.fixed_size}, or a backbone without a fixed size.",
            )
        if height % self.multiple or width % self.multiple:
            near = Size(width, height).times(1, multiple=self.multiple)
            raise ConfigError(
                f"The backbone {self.name!r} cuts images into patches of {self.multiple} pixels;"
                f" {width} x {height} is not a multiple of that.",
                f"Use --size {near}.",
            )


def build_backbone(config: ModelConfig, *, pretrained: bool) -> tuple[Backbone, Weights | None]:
    """A backbone, with the weights that ``config`` asks for or with random weights (``pretrained=False``).

    Raises:
        ConfigError: No such backbone.
        WeightsError: The weights are not available or do not fit.
    """
    weights = find_weights(config) if pretrained else None
    backbone = Backbone(config.backbone)
    backbone.load(weights)
    return backbone, weights


def _create(name: str, known: Declared) -> tuple[Any, bool, bool]:
    """The network, whether it was built for variable sizes, and whether its ``forward`` returns the map.

    Most networks return the map when built without pooling. The others return it from ``forward_features``; their head,
    which would never be trained, is removed.
    """
    if known.fixed_size:
        for flexible in ({"dynamic_img_size": True}, {"strict_img_size": False}):
            try:
                return timm.create_model(name, num_classes=0, global_pool="", **flexible), True, True
            except (TypeError, AssertionError):
                continue
    try:
        return timm.create_model(name, num_classes=0, global_pool=""), False, True
    except (TypeError, AssertionError):
        pass
    try:
        net = timm.create_model(name, num_classes=0)
    except (TypeError, AssertionError) as error:
        raise ConfigError(f"The backbone {name!r} cannot be built without its classifier.", _OTHER) from error
    if hasattr(net, "head"):
        net.head = nn.Identity()
    return net, False, False


_OTHER = "Choose another backbone; list them with: foveal models '*'"


def _as_map(out: Any, channels: int, height: int, width: int, net: nn.Module) -> Tensor:
    """Bring (B, C, h, w), (B, h, w, C) or tokens (B, N, C) into the first form; class tokens are dropped."""
    if isinstance(out, Tensor) and out.ndim == 4:
        last = getattr(net, "output_fmt", "NCHW") == "NHWC" or out.shape[1] != channels
        return out.permute(0, 3, 1, 2) if last else out
    if isinstance(out, Tensor) and out.ndim == 3 and out.shape[-1] == channels:
        prefix, rows = _grid(out.shape[1], height, width, getattr(net, "num_prefix_tokens", None))
        tokens = out[:, prefix:].transpose(1, 2)  # (B, C, N)
        return tokens.reshape(-1, channels, rows, (out.shape[1] - prefix) // rows)
    raise ConfigError(f"The backbone {type(net).__name__} has no feature map.", _OTHER)


def _grid(num_tokens: int, height: int, width: int, prefix: int | None) -> tuple[int, int]:
    """(class tokens before the map, rows of the map): the fewest that leave a grid shaped as the image is.

    Args:
        num_tokens: N, class tokens included.
        height: Of the image, in pixels.
        width: Of the image, in pixels.
        prefix: How many class tokens the network declares; None: it does not.
    """
    for count in range(num_tokens) if prefix is None else (prefix,):
        places = num_tokens - count
        rows = max(1, round((places * height / width) ** 0.5))
        if places % rows == 0 and abs(places // rows * height - rows * width) <= max(height, width) // 2:
            return count, rows
    raise ConfigError(f"{num_tokens} tokens do not form a map for an image of {height} x {width} pixels.", _OTHER)
