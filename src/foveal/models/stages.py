"""Split any network into stages, input first, for freezing and layer-wise decay."""

from collections import defaultdict
from contextlib import suppress
from typing import Any

from timm.models import group_parameters
from torch import nn


class Stage(nn.Module):
    """A view of some of a network's modules and bare parameters; the network itself still owns them."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList()
        self.bare = nn.ParameterList()


def cut(net: nn.Module) -> list[nn.Module]:
    """Disjoint stages that together hold every parameter of ``net``: stem, each block stage, final layers.

    They follow timm's coarse parameter groups (``group_matcher``); a network without them is split into its children.
    """
    groups = _groups(net)
    stages: dict[int, Stage] = defaultdict(Stage)
    _collect(net, groups, stages)
    assert sum(len(list(stage.parameters())) for stage in stages.values()) == len(groups), "stages overlap"
    return [stages[i] for i in sorted(stages)]


def _groups(net: nn.Module) -> dict[int, int]:
    """Stage of each parameter, by its id: a network may use one parameter under two names."""
    matcher: Any = getattr(net, "group_matcher", None)
    if matcher is not None:
        with suppress(AssertionError):  # a few have only fine groups
            groups: dict[str, int] = group_parameters(net, matcher(coarse=True), reverse=True)
            return {id(parameter): groups[name] for name, parameter in net.named_parameters()}
    tops = [name for name, child in net.named_children() if next(child.parameters(), None) is not None]
    order: dict[str, int] = {}
    for top in tops:
        expanded = isinstance(getattr(net, top), nn.Sequential | nn.ModuleList)
        for name, _ in getattr(net, top).named_parameters():
            order.setdefault(f"{top}.{name.partition('.')[0]}" if expanded else top, len(order))
    return {id(parameter): _stage_of(name, order) for name, parameter in net.named_parameters()}


def _stage_of(name: str, order: dict[str, int]) -> int:
    """The stage of the name's first one or two parts; parameters of the network itself go with the stem."""
    parts = name.split(".")
    return order.get(".".join(parts[:2]), order.get(parts[0], 0))


def _collect(module: nn.Module, groups: dict[int, int], stages: dict[int, Stage]) -> None:
    """Put a module into its stage, or its parameters and children separately where they differ."""
    inside = {groups[id(parameter)] for parameter in module.parameters()}
    if len(inside) == 1:
        stages[inside.pop()].parts.append(module)
        return
    for parameter in module.parameters(recurse=False):
        stages[groups[id(parameter)]].bare.append(parameter)
    for child in module.children():
        _collect(child, groups, stages)
