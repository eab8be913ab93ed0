"""Settings that another one switches off are refused rather than ignored."""

from collections.abc import Mapping
from typing import Any

from foveal.config.concerns import flag, flat
from foveal.config.schema import RunConfig
from foveal.errors import ConfigError

NEEDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "data.cache_dir": ("data.cache", ("disk",)),
    "input.crop_fraction": ("input.fit", ("crop",)),
    "input.whitening_patch": ("input.normalize", ("pca", "zca")),
    "augment.policy_magnitude": ("augment.policy", ("rand",)),
    "schedule.final": ("schedule.name", ("cosine", "onecycle", "plateau")),
    "schedule.step_epochs": ("schedule.name", ("step",)),
    "schedule.gamma": ("schedule.name", ("step", "plateau")),
    "schedule.plateau_patience": ("schedule.name", ("plateau",)),
    "classify.attention_heads": ("classify.pooling", ("multihead",)),
    "classify.attention_hidden": ("classify.pooling", ("attention",)),
    "classify.bilinear_dim": ("classify.pooling", ("bilinear",)),
    "classify.effective_beta": ("classify.class_weights", ("effective",)),
    "classify.focal_gamma": ("classify.loss", ("focal",)),
    "segment.focal_gamma": ("segment.losses", ("focal",)),
    "detect.anchor_scale": ("detect.anchors", ("fixed",)),
    "detect.anchor_ratios": ("detect.anchors", ("fixed",)),
    "detect.atss_candidates": ("detect.assign", ("atss",)),
    "detect.iou_positive": ("detect.assign", ("iou",)),
    "detect.iou_negative": ("detect.assign", ("iou",)),
    "detect.focal_gamma": ("detect.class_loss", ("focal",)),
    "detect.focal_alpha": ("detect.class_loss", ("focal",)),
    "detect.effective_beta": ("detect.class_weights", ("effective",)),
    "instance.prototypes": ("instance.architecture", ("prototypes",)),
    "instance.proposals": ("instance.architecture", ("mask_rcnn",)),
    "instance.proposal_samples": ("instance.architecture", ("mask_rcnn",)),
    "instance.box_features": ("instance.architecture", ("mask_rcnn",)),
    "instance.mask_depth": ("instance.architecture", ("mask_rcnn",)),
}
"""A setting, and another one with the values at which it has a use."""


def check_used(given: Mapping[str, object], config: RunConfig) -> None:
    """Check that every setting a user gave has a use beside the others; one given at its default is fine.

    Args:
        given: Nested sections, from flags or from Python.
        config: With the task's defaults.

    Raises:
        ConfigError: The hint names the setting that switches it on.
    """
    for key, value in flat(given):
        if key not in NEEDS or value == _value(RunConfig(), key):
            continue
        other, uses = NEEDS[key]
        now = _value(config, other)
        if set(uses).isdisjoint(now if isinstance(now, tuple) else (now,)):
            shown = " ".join(now) if isinstance(now, tuple) else now
            raise ConfigError(
                f"--{flag(key)} has no use while --{flag(other)} is {shown}.",
                f"Leave it out, or set --{flag(other)} {' or '.join(uses)}.",
            )


def _value(config: RunConfig, key: str) -> Any:
    section, _, name = key.partition(".")
    return getattr(getattr(config, section), name)
