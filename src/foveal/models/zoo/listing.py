"""What networks there are: size, cost, and whether their weights are available locally."""

from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from typing import Literal

import timm
import torch
from torch.utils.flop_counter import FlopCounterMode

from foveal.models.backbone import Backbone
from foveal.models.classic.table import CLASSICS, NETWORKS, Classic
from foveal.models.declared import declared
from foveal.models.weights import PACKAGES, at_hand
from foveal.models.zoo.counts import COUNTS

COUNTED = 20
"""Up to this many networks, parameters and MACs are counted, which takes about 0.3 s each; and in the usual list."""


@dataclass(frozen=True)
class Entry:
    """One network.

    Attributes:
        name: As ``--backbone`` takes it.
        parameters_m: Millions of parameters without a classifier; None: not counted.
        macs_g: Billions of multiply-adds (MACs) for one image of ``size``, without a classifier; None: not counted.
        size: Side of the square input it was trained at, in pixels.
        weights: Where its pretrained weights are; download: on the internet only; none: there are none.
        classic: Its paper, where it has a name in the literature.
    """

    name: str
    parameters_m: float | None
    macs_g: float | None
    size: int
    weights: Literal["package", "cache", "download", "none"]
    classic: Classic | None = None

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)


def zoo(pattern: str = "", *, count: bool | None = None) -> list[Entry]:
    """Networks whose name matches.

    Args:
        pattern: Part of a name, or a pattern with ``*`` and ``?``; empty: Foveal's own networks, the classic ones, and
            those with weights on this machine or in a package.
        count: Whether to count parameters and operations; None: if no pattern is given, or at most ``COUNTED`` match.

    Returns:
        One entry per network: Foveal's own first, then classic ones by year, then by name.
    """
    names = _names(pattern)
    counted = not pattern or len(names) <= COUNTED if count is None else count
    return [_entry(name, counted) for name in names]


def _names(pattern: str) -> list[str]:
    first = dict.fromkeys([*NETWORKS, *CLASSICS])
    known = [*first, *(name for name in timm.list_models() if name not in first)]
    if not pattern:
        return [name for name in known if name in first or name in PACKAGES or at_hand(name) in {"package", "cache"}]
    wanted = pattern if any(c in pattern for c in "*?[") else f"*{pattern}*"
    return [name for name in known if fnmatch(name, wanted)]


def _entry(name: str, counted: bool) -> Entry:
    known = declared(name)
    parameters, macs = (COUNTS.get(name) or measure(name)) if counted else (None, None)
    return Entry(
        name=name,
        parameters_m=None if parameters is None else parameters / 1e6,
        macs_g=None if macs is None else macs / 1e9,
        size=known.size,
        weights=at_hand(name),
        classic=CLASSICS.get(name),
    )


def measure(name: str) -> tuple[int, int]:
    """(parameters, multiply-adds for one image of its size) of a backbone without a classifier.

    Convolutions, matrix products and attention are counted; norms, activations and pooling are not. Runs on meta
    tensors, without computing values.
    """
    size = declared(name).size
    with torch.device("meta"):
        backbone = Backbone(name).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            backbone(torch.zeros(1, 3, size, size))
    parameters = sum(parameter.numel() for parameter in backbone.parameters())
    return parameters, counter.get_total_flops() // 2
