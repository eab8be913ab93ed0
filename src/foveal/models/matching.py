"""Load the pretrained tensors that match a network, leave the others random, and report which are which."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from foveal.errors import WeightsError
from foveal.models.weights import BACKBONE, Weights

OWN_PREFIX = f"{BACKBONE}net."
"""Prefix of the backbone's names in Foveal's own models."""
PREFIXES = ("", OWN_PREFIX, "module.", "model.")
"""Prefixes of names in files: none, Foveal's own, wrappers of other trainers."""
LEAST = 0.5
"""Fraction of the network's tensors that must match; below it the file is for another network."""
SHOWN = 5


@dataclass(frozen=True)
class WeightMatch:
    """How a file's tensors fit a network.

    Attributes:
        loaded: Names of the network's tensors that were loaded.
        missing: Names of the network's tensors that the file does not have; they stay random.
        mismatched: Names with different shapes in both; they stay random.
        unused: Names of the file's tensors that the network does not have, such as its old classifier.
    """

    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    mismatched: tuple[str, ...]
    unused: tuple[str, ...]


def load_matching(net: nn.Module, weights: Weights) -> WeightMatch:
    """Copy every tensor that matches by name and shape into ``net``.

    Plain names are tried first, then the prefixes that trainers add, then timm's own conversion of original releases.

    Raises:
        WeightsError: Fewer than half of the network's tensors match.
    """
    own = net.state_dict()
    names = {name for name in own if not name.endswith("num_batches_tracked")}
    prefixes = PREFIXES if weights.card is None else (OWN_PREFIX,)
    candidates = [_strip(weights.tensors, prefix) for prefix in prefixes]
    tensors = max(candidates, key=lambda candidate: len(_matching(own, candidate, names)))
    if len(_matching(own, tensors, names)) < len(names):
        converted = _converted(net, tensors)
        if len(_matching(own, converted, names)) > len(_matching(own, tensors, names)):
            tensors = converted
    loaded = _matching(own, tensors, names)
    mismatched = sorted((names & tensors.keys()) - loaded)
    if len(loaded) < LEAST * len(names):
        if weights.card is not None and "backbone" in weights.card.model:
            theirs = weights.card.model["backbone"]
            raise WeightsError(
                f"{weights.origin}: a model with the backbone {theirs}; only {len(loaded)} of {len(names)} tensors fit"
                " this one.",
                f"Use --backbone {theirs}, or other weights.",
            )
        raise WeightsError(_mismatch_message(own, tensors, len(loaded), len(names), mismatched, weights.origin), _HINT)
    with torch.no_grad():
        for name in loaded:
            own[name].copy_(tensors[name])
    unused = sorted(name for name in tensors if name not in own)
    return WeightMatch(tuple(sorted(loaded)), tuple(sorted(names - tensors.keys())), tuple(mismatched), tuple(unused))


_HINT = "Give weights of this backbone with --model.weights FILE, or train from scratch with --model.weights none."


def _strip(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items()}


def _matching(own: Mapping[str, Tensor], tensors: Mapping[str, Tensor], names: set[str]) -> set[str]:
    return {name for name in names & tensors.keys() if tensors[name].shape == own[name].shape}


def _converted(net: nn.Module, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as timm itself would rename them; unchanged for an unknown file."""
    convert = getattr(sys.modules[type(net).__module__], "checkpoint_filter_fn", None)
    if convert is None:
        return tensors
    try:
        return dict(convert(dict(tensors), net))
    except (KeyError, AttributeError, TypeError, RuntimeError, ValueError, IndexError):
        return tensors


def _mismatch_message(
    own: Mapping[str, Tensor], tensors: Mapping[str, Tensor], fits: int, total: int, mismatched: list[str], origin: str
) -> str:
    shapes = [f"{n} has shape {tuple(tensors[n].shape)} instead of {tuple(own[n].shape)}" for n in mismatched[:SHOWN]]
    absent = [f"{n} is missing" for n in sorted(own.keys() - tensors.keys()) if not n.endswith("num_batches_tracked")]
    return f"{origin}: only {fits} of {total} tensors fit the network: {'; '.join([*shapes, *absent][:SHOWN])}."
