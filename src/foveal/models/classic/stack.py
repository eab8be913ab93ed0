"""A network from one line: ``conv:N=2,M=3,K=1,width=32,act=relu,pool=max,pad=zeros,norm=batch``.

INPUT -> [[CONV -> ACT] * N -> POOL?] * M -> [FC -> ACT] * K -> FC, where the last FC is the head's.

Shapes: B batch, C channels, H W height and width of the input, h w of the map.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from foveal.errors import ConfigError
from foveal.models.classic.own import OwnNetwork, in_stages

PREFIX = "conv:"
Act = Literal["relu", "leaky", "maxout", "tanh", "sigmoid"]
CHOICES = {"act": get_args(Act), "pool": ("max", "avg", "none"), "pad": ("zeros", "reflect"), "norm": ("batch", "none")}
LIMITS = {"N": (1, 8), "M": (1, 7), "K": (0, 4), "width": (1, 1024), "kernel": (1, 11)}
EXAMPLE = "Write it like conv:N=2,M=3,K=1,width=32,act=relu,pool=max,pad=zeros,norm=batch; what is left out is as here."


@dataclass(frozen=True)
class Recipe:
    """The letters of the line.

    Attributes:
        N: Convolutions of a block.
        M: Blocks.
        K: Fully connected layers before the head's.
        width: Channels of the first block; each later block has twice as many, up to 1,024. Also the units of K.
        act: After each layer.
        pool: At the end of each block.
        pad: The border of each convolution.
        norm: After each convolution.
        kernel: Side of each convolution's window in pixels, odd.
    """

    N: int = 2
    M: int = 3
    K: int = 1
    width: int = 32
    act: str = "relu"
    pool: str = "max"
    pad: str = "zeros"
    norm: str = "batch"
    kernel: int = 3


def parse(name: str) -> Recipe:
    """The recipe of a line.

    Raises:
        ConfigError: A letter is unknown, given twice or out of its limits; the message names it.
    """
    found: dict[str, int | str] = {}
    for part in filter(None, name.removeprefix(PREFIX).split(",")):
        letter, sign, value = (word.strip() for word in part.partition("="))
        if (letter not in LIMITS and letter not in CHOICES) or not sign:
            raise ConfigError(f"{name}: unknown letter {letter!r}; known: {', '.join((*LIMITS, *CHOICES))}.", EXAMPLE)
        if letter in found:
            raise ConfigError(f"{name}: {letter} is given twice.", EXAMPLE)
        found[letter] = _value(name, letter, value)
    return Recipe(**found)  # type: ignore[arg-type]


def _value(name: str, letter: str, value: str) -> int | str:
    if letter in CHOICES:
        if value not in CHOICES[letter]:
            raise ConfigError(f"{name}: {letter}={value} is none of {', '.join(CHOICES[letter])}.", EXAMPLE)
        return value
    low, high = LIMITS[letter]
    if letter == "kernel" and value.isdecimal() and low <= int(value) <= high and not int(value) % 2:
        raise ConfigError(f"{name}: kernel={value} is even, so it has no middle; take an odd one.", EXAMPLE)
    if not (value.isascii() and value.isdecimal() and low <= int(value) <= high):
        raise ConfigError(f"{name}: {letter}={value} is no whole number from {low} to {high:,}.", EXAMPLE)
    return int(value)


class Maxout(nn.Module):
    """The larger of two neighbouring channels (Goodfellow et al. 2013)."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, 2 C, ...) -> (B, C, ...)."""
        return torch.maximum(x[:, 0::2], x[:, 1::2])


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky": lambda: nn.LeakyReLU(0.1),
    "maxout": Maxout,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


class Stack(OwnNetwork):
    """Blocks of convolutions, then fully connected layers on the mean of the last map.

    Args:
        recipe: The letters.
    """

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        widths = [min(1024, recipe.width * 2**i) for i in range(recipe.M)]
        self.blocks = nn.ModuleList(
            nn.Sequential(*_block(c, width, recipe)) for c, width in zip((3, *widths[:-1]), widths, strict=True)
        )
        self.fully = nn.ModuleList(
            nn.Sequential(*_fully(widths[-1] if i == 0 else recipe.width, recipe)) for i in range(recipe.K)
        )
        self.num_features = recipe.width if recipe.K else widths[-1]
        if recipe.pool != "none":
            self.widths, self.strides = tuple(widths), tuple(2 ** (i + 1) for i in range(recipe.M))

    def stages(self) -> list[nn.Module]:
        """Each block and each fully connected layer."""
        return [*self.blocks, *self.fully]

    def keep_maps(self) -> None:
        """Without the fully connected layers."""
        self.fully = nn.ModuleList()

    def maps(self, inputs: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> the map of each block."""
        return in_stages(inputs, list(self.blocks))

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, 3, H, W) -> the last block's map; with fully connected layers (B, C, 1, 1)."""
        features = self.maps(inputs)[-1]
        if len(self.fully):
            features = features.mean((2, 3), keepdim=True)
            features = in_stages(features, list(self.fully))[-1]
        return features


def _block(channels: int, width: int, recipe: Recipe) -> list[nn.Module]:
    parts: list[nn.Module] = []
    out = width * (2 if recipe.act == "maxout" else 1)
    for _ in range(recipe.N):
        mode: Literal["zeros", "reflect"] = "zeros" if recipe.pad == "zeros" else "reflect"
        side, bias = recipe.kernel, recipe.norm == "none"
        parts.append(nn.Conv2d(channels, out, side, 1, side // 2, bias=bias, padding_mode=mode))
        if recipe.norm == "batch":
            parts.append(nn.BatchNorm2d(out))
        parts.append(ACTIVATIONS[recipe.act]())
        channels = width
    if recipe.pool != "none":
        pool = nn.MaxPool2d if recipe.pool == "max" else nn.AvgPool2d
        parts.append(pool(2, ceil_mode=True))
    return parts


def _fully(channels: int, recipe: Recipe) -> list[nn.Module]:
    out = recipe.width * (2 if recipe.act == "maxout" else 1)
    return [nn.Conv2d(channels, out, 1), ACTIVATIONS[recipe.act]()]
