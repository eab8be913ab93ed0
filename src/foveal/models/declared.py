"""Known networks by name, and their metadata before they are built."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

import timm

from foveal.errors import ConfigError
from foveal.models.classic.table import NETWORKS, own


@dataclass(frozen=True)
class Declared:
    """Metadata of a network.

    Attributes:
        size: Side of the square input it was trained at, in pixels.
        fixed_size: Whether it accepts only that size.
        mean: Mean of each channel that its weights expect, of values in [0, 1].
        std: Standard deviation of each channel, of values in [0, 1].
        interpolation: Resampling filter of its training images.
        hub_id: Repository of its weights on the Hugging Face hub; empty: none.
        hub_file: File in that repository; empty: timm's usual names.
    """

    size: int = 32
    fixed_size: bool = False
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    hub_id: str = ""
    hub_file: str = ""


def declared(backbone: str) -> Declared:
    """The metadata of a network.

    Raises:
        ConfigError: No such network; the message suggests the nearest name.
    """
    if (known := own(backbone)) is not None:
        return Declared(size=known.size, fixed_size=known.fixed)
    if not timm.is_model(backbone):
        raise _unknown(backbone)
    try:
        cfg = timm.get_pretrained_cfg(backbone, allow_unregistered=False)
    except RuntimeError as error:
        raise _unknown(backbone) from error
    mean, std = (tuple(float(v) for v in values) for values in (cfg.mean, cfg.std))
    return Declared(
        size=int(cfg.input_size[-1]),
        fixed_size=bool(cfg.fixed_input_size),
        mean=mean,  # type: ignore[arg-type]
        std=std,  # type: ignore[arg-type]
        interpolation="bilinear" if cfg.interpolation == "bilinear" else "bicubic",
        hub_id=cfg.hf_hub_id or "",
        hub_file=cfg.hf_hub_filename or "",
    )


def _unknown(backbone: str) -> ConfigError:
    architecture, _, tag = backbone.partition(".")
    if tag and timm.is_model(architecture):
        tags = [name for name in timm.list_pretrained(f"{architecture}.*") if name.partition(".")[0] == architecture]
        return ConfigError(
            f"Unknown weights {tag!r} of the backbone {architecture!r}.",
            f"Known: {', '.join(tags)}." if tags else f"It has no pretrained weights; use {architecture!r}.",
        )
    near = get_close_matches(backbone, [*NETWORKS, *timm.list_models()], n=1)
    see = "See all with: foveal models '*'"
    return ConfigError(f"Unknown backbone {backbone!r}.", f"Did you mean {near[0]!r}? {see}" if near else see)
