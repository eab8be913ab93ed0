"""Colour jitter as one affine map of RGB, all changes in a single pass over the pixels; gamma is a table before it.

torchvision makes a pass for each, rounds after each and turns the hue in HSV; here the four maps are multiplied first,
rounding and clipping happen once, and the hue turns in YIQ, where a turn is linear. At 416 x 416 that takes half a
millisecond where v2.ColorJitter takes three, or twelve with hue.

Shapes: H W height and width.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from foveal.data.augment.chance import uniform
from foveal.data.config import AugmentConfig

Matrix = NDArray[np.float64]
GRAY = np.array([0.299, 0.587, 0.114])
"""Weights of luma (ITU-R BT.601), as torchvision's gray."""
TO_YIQ = np.array([GRAY, [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
"""RGB to YIQ (NTSC, 1953): brightness, and two axes of colour."""
STRIDE = 4
"""The mean that contrast turns about is taken over every fourth row and column."""


def changes_colour(config: AugmentConfig) -> bool:
    """Whether any strength is above 0."""
    return any((config.gamma, config.white_balance, config.brightness, config.contrast, config.saturation, config.hue))


def jitter_colour(image: Tensor, config: AugmentConfig) -> Tensor:
    """Change light and colour at random: gamma, white balance, brightness, contrast, saturation, hue.

    Each changes by at most the configured strength.

    Args:
        image: (H, W, 3) uint8, dense.
        config: The strengths; with all at 0 nothing is drawn and the image is given back.

    Returns:
        (H, W, 3) uint8.
    """
    if config.gamma:
        image = change_gamma(image, math.exp(uniform(-1, 1) * math.log1p(config.gamma)))
    spans = (config.brightness, config.contrast, config.saturation, config.hue)
    if not any(spans) and not config.white_balance:
        return image
    brightness, contrast, saturation, hue = (torch.rand(4) * 2 - 1).double().numpy() * spans
    light = np.ones(3)
    if config.white_balance:
        light[[0, 2]] += (torch.rand(2) * 2 - 1).double().numpy() * config.white_balance
    mean = float(image[::STRIDE, ::STRIDE].float().mean((0, 1)).double().numpy() @ (GRAY * light))
    matrix, offset = colour_map(1 + brightness, 1 + contrast, 1 + saturation, hue, mean)
    return recolour(image, matrix * light, offset)


def colour_map(brightness: float, contrast: float, saturation: float, hue: float, mean: float) -> tuple[Matrix, float]:
    """The four changes, in this order, as one map of a pixel: matrix @ rgb + offset.

    Args:
        brightness: Factor.
        contrast: Factor of the distance from the image's mean gray.
        saturation: Factor of the distance from a pixel's own gray.
        hue: Rotation in turns.
        mean: Mean gray of the image, 0 to 255.

    Returns:
        (3, 3) matrix and the offset of all three channels.
    """
    saturate = saturation * np.eye(3) + (1 - saturation) * np.tile(GRAY, (3, 1))
    cos, sin = math.cos(2 * math.pi * hue), math.sin(2 * math.pi * hue)
    turn = np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]])  # red towards yellow, as in HSV
    colour = np.linalg.solve(TO_YIQ, turn @ TO_YIQ) @ saturate  # leaves grays as they are, so the offset as well
    return brightness * contrast * colour, (1 - contrast) * brightness * mean


def change_gamma(image: Tensor, gamma: float) -> Tensor:
    """(H, W, 3) uint8 -> (H, W, 3) uint8: every value v in [0, 1] becomes v ** gamma."""
    table = ((np.arange(256) / 255) ** gamma * 255).round().astype(np.uint8)
    return torch.from_numpy(table[image.numpy()])


def recolour(image: Tensor, matrix: Matrix, offset: float) -> Tensor:
    """(H, W, 3) uint8 -> (H, W, 3) uint8: matrix @ rgb + offset, rounded and clipped."""
    rows = np.c_[matrix, np.full(3, offset)]
    coloured = Image.fromarray(image.numpy()).convert("RGB", tuple(rows.ravel().tolist()))
    return torch.from_numpy(np.array(coloured))
