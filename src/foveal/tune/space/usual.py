"""Ranges that are worth trying, which are narrower than what a setting allows, and what is searched by default."""

import math
from collections.abc import Mapping, Sequence

from foveal.tune.space.bounds import Bounds
from foveal.tune.space.dimension import Choice, Dimension, Range

LR_FACTOR = 30.0
"""A learning rate is searched from a thirtieth of the task's own to thirty times as much."""
LOG_FROM = 100.0
"""Ratio of the ends of a range from which its logarithm is spread evenly."""
AROUND = 10.0
"""A setting whose bounds are far apart is searched from a tenth of its default to ten times as much."""
LR, WEIGHT_DECAY = "optim.lr", "optim.weight_decay"

USUAL: Mapping[str, tuple[float, float]] = {
    WEIGHT_DECAY: (1e-4, 0.5),
    "optim.layer_decay": (0.5, 1.0),
    "optim.pretrained_lr_scale": (0.01, 1.0),
    "optim.momentum": (0.8, 0.99),
    "optim.clip_norm": (0.1, 10.0),
    "optim.ema_decay": (0.9, 0.9995),
    "schedule.warmup": (0.0, 0.2),
    "schedule.final": (0.001, 0.1),
    "schedule.first_size": (0.3, 0.7),
    "input.crop_fraction": (0.7, 1.0),
    "augment.crop_scale": (0.08, 1.0),
    "augment.crop_ratio": (1.0, 2.0),
    "augment.horizontal_flip": (0.0, 0.5),
    "augment.vertical_flip": (0.0, 0.5),
    "augment.rotation_deg": (0.0, 30.0),
    "augment.zoom_out": (1.0, 2.0),
    "augment.brightness": (0.0, 0.5),
    "augment.contrast": (0.0, 0.5),
    "augment.saturation": (0.0, 0.5),
    "augment.hue": (0.0, 0.1),
    "augment.erasing": (0.0, 0.5),
    "augment.mixup": (0.0, 0.4),
    "augment.cutmix": (0.0, 1.0),
    "augment.scale_jitter": (1.0, 2.0),
    "augment.box_mixup": (0.0, 0.5),
    "augment.min_visible": (0.1, 0.5),
}
"""Ends of ranges; those with zero or close ends are spread evenly, the others by their logarithm."""
PENALTY_ENDS = (1e-6, 1e-2)
"""Those of weight decay where it is an L2 penalty."""
DEFAULT: Sequence[str] = (LR, WEIGHT_DECAY, "optim.layer_decay", "augment.crop_scale", "augment.scale_jitter")
"""What is searched where nothing is named, beside the task's own (``Configured.tuned``)."""
PRETRAINED_ONLY = ("optim.layer_decay", "optim.pretrained_lr_scale")
OFF = 1.0
"""Value of an augmentation by which it is switched off; one that the task switches off is not searched by default."""


def usual(key: str, bounds: Bounds, ends: tuple[float, float] | None, *, lr: float) -> Dimension | None:
    """The range of a setting that was named without one.

    Args:
        key: The setting.
        bounds: What it allows.
        ends: The task's own range; None: it has none.
        lr: The task's own learning rate.

    Returns:
        None where no range can be told.
    """
    if bounds.values:
        return Choice(key, bounds.values)
    if bounds.words:
        return None
    if key == LR:
        low, high = (float(f"{end:.3g}") for end in (lr / LR_FACTOR, min(lr * LR_FACTOR, bounds.high)))
        return Range(key, low, high, log=True)
    low, high = ends or USUAL.get(key) or _around(bounds) or (math.nan, math.nan)
    if not low < high:
        return None
    return Range(key, low, high, log=low > 0 and high / low >= LOG_FROM, whole=bounds.whole)


def _around(bounds: Bounds) -> tuple[float, float] | None:
    """From the bounds, where both are known and not far apart; else around the default; None: there is none."""
    low, high = bounds.low, bounds.high
    default = bounds.default if isinstance(bounds.default, int | float) and bounds.default > 0 else None
    far = not math.isfinite(high) or high > LOG_FROM * (default or math.inf) or high > LOG_FROM * low > 0
    if far:
        if default is None:
            return None
        low, high = max(low, default / AROUND), min(high, default * AROUND)
    if not math.isfinite(low):
        return None
    if bounds.whole:
        return math.ceil(low), math.floor(high)
    span = (high - low) / 100
    return low + (span if bounds.open_low else 0.0), high - (span if bounds.open_high else 0.0)
