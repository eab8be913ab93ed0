"""One head shared by all pyramid levels: class scores, box offsets and optional outputs for each anchor.

Shapes: B batch, C channels, h w height and width of a level, a anchors per location, A anchors in all, K class scores,
P mask coefficients.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

PRIOR = 0.01
"""Score that every anchor starts with, so that the many background anchors do not dominate the first steps
(Lin et al. 2017, "Focal loss for dense object detection", section 4.1)."""


class DetectionHead(nn.Module):
    """Two towers of convolutions, their weights shared by the levels; each level has batch norms of its own.

    Levels differ in their statistics, not in their targets (Lyu et al. 2022, "RTMDet", section 3.2).

    Args:
        channels: C.
        num_levels: Levels of the pyramid.
        anchors: a.
        scores: K numbers per anchor.
        depth: Convolutions per tower.
        objectness: Whether each anchor gets an objectness score beside those of the classes.
        softmax: Whether the last of the K scores is background.
        coefficients: P, mask coefficients per anchor; 0: no masks.
    """

    def __init__(
        self,
        channels: int,
        num_levels: int,
        *,
        anchors: int,
        scores: int,
        depth: int,
        objectness: bool,
        softmax: bool = False,
        coefficients: int = 0,
    ) -> None:
        super().__init__()
        self.class_tower = Tower(channels, num_levels, depth)
        self.box_tower = Tower(channels, num_levels, depth)
        self.classes = nn.Conv2d(channels, anchors * scores, 3, padding=1)
        self.boxes = nn.Conv2d(channels, anchors * 4, 3, padding=1)
        self.objectness = nn.Conv2d(channels, anchors, 3, padding=1) if objectness else None
        self.coefficients = nn.Conv2d(channels, anchors * coefficients, 3, padding=1) if coefficients else None
        self.scores = scores
        self.num_coefficients = coefficients
        low = math.log(PRIOR / (1 - PRIOR))
        _start(self.boxes, [0.0])
        if self.objectness is not None:
            _start(self.objectness, [low])
            _start(self.classes, [0.0])
        elif softmax:
            _start(self.classes, [*[0.0] * (scores - 1), math.log((scores - 1) * (1 - PRIOR) / PRIOR)])
        else:
            _start(self.classes, [low])

    def forward(self, maps: Sequence[Tensor]) -> dict[str, Tensor]:
        """Maps (B, C, h, w) -> ``logits`` (B, A, K), ``offsets`` (B, A, 4) and optional outputs.

        These are ``objectness`` (B, A), and ``coefficients`` (B, A, P) between -1 and 1 (Bolya et al. 2019, "YOLACT",
        section 3.1).
        """
        logits, offsets, objectness, coefficients = [], [], [], []
        for level, features in enumerate(maps):
            logits.append(_rows(self.classes(self.class_tower(features, level)), self.scores))
            boxes = self.box_tower(features, level)
            offsets.append(_rows(self.boxes(boxes), 4))
            if self.objectness is not None:
                objectness.append(_rows(self.objectness(boxes), 1)[..., 0])
            if self.coefficients is not None:
                coefficients.append(_rows(self.coefficients(boxes), self.num_coefficients).tanh())
        out = {"logits": torch.cat(logits, 1), "offsets": torch.cat(offsets, 1)}
        for name, parts in (("objectness", objectness), ("coefficients", coefficients)):
            if parts:
                out[name] = torch.cat(parts, 1)
        return out


class Tower(nn.Module):
    """Convolutions that all levels share, each followed by the level's own batch norm and ReLU."""

    def __init__(self, channels: int, num_levels: int, depth: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(depth))
        self.norms = nn.ModuleList(
            nn.ModuleList(nn.BatchNorm2d(channels) for _ in range(depth)) for _ in range(num_levels)
        )

    def forward(self, features: Tensor, level: int) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        own: Any = self.norms[level]
        for conv, norm in zip(self.convs, own, strict=True):
            features = norm(conv(features)).relu()
        return features


def _start(layer: nn.Conv2d, bias: Sequence[float]) -> None:
    """Small weights, and biases that repeat ``bias``."""
    nn.init.normal_(layer.weight, std=0.01)
    assert layer.bias is not None
    with torch.no_grad():
        layer.bias.copy_(torch.tensor(bias).repeat(len(layer.bias) // len(bias)))


def _rows(values: Tensor, width: int) -> Tensor:
    """(B, a * width, h, w) -> (B, h * w * a, width)."""
    return values.permute(0, 2, 3, 1).reshape(values.shape[0], -1, width)
