"""What a network takes over from a model of Foveal's own, beside its backbone: all that fits, class rows by name.

Shapes: K classes of this network, M of the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from foveal.models.matching import OWN_PREFIX, WeightMatch
from foveal.models.weights import BACKBONE, Weights

ABSENT = "not in the file"


@dataclass(frozen=True)
class ClassRows:
    """How the first axis of a tensor is laid out: ``groups`` times K classes and ``extra``, each of ``width`` rows.

    Attributes:
        groups: Such as the anchors of a location.
        extra: Rows behind those of the classes, such as the background's.
        width: Such as the four numbers of a box.
    """

    groups: int = 1
    extra: int = 0
    width: int = 1

    def view(self, tensor: Tensor, classes: int) -> Tensor | None:
        """(groups, K + extra, width, ...); None: the tensor is laid out otherwise."""
        if len(tensor) != self.groups * (classes + self.extra) * self.width:
            return None
        return tensor.view(self.groups, classes + self.extra, self.width, *tensor.shape[1:])


@dataclass(frozen=True)
class Taken:
    """What a network took from the file that ``--model.weights`` names; names are the network's own.

    Attributes:
        origin: The file or the run, as it was named.
        whole: Tensors taken as they are.
        partly: Tensors of which some classes' rows were taken.
        left: Tensors that start at random, and why.
        unused: Tensors of the file that the network has no place for.
        known: Classes of this network whose rows were taken.
        new: Classes of this network that the file does not have, where rows were sought.
        gone: Classes of the file that this network does not have, where rows were sought.
    """

    origin: str
    whole: tuple[str, ...]
    partly: tuple[str, ...] = ()
    left: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """How many tensors the network has."""
        return len(self.whole) + len(self.partly) + len(self.left)


def take(
    network: nn.Module,
    weights: Weights,
    match: WeightMatch,
    *,
    classes: Sequence[str],
    rows: Mapping[str, ClassRows],
) -> Taken:
    """Copy every tensor that fits by name and shape, and the rows of classes that both know.

    Args:
        network: Its backbone has taken its own tensors already.
        weights: With the tensors beside the backbone's.
        match: What the backbone has taken.
        classes: K names, in order of id.
        rows: The tensors of ``network`` with rows per class.
    """
    own = _without_counters(network.state_dict())
    given = _without_counters(weights.tensors)
    whole = [f"{OWN_PREFIX}{name}" for name in match.loaded]
    left = {f"{OWN_PREFIX}{name}": ABSENT for name in match.missing}
    left |= {f"{OWN_PREFIX}{name}": "another shape in the file" for name in match.mismatched}
    with torch.no_grad():
        for name, value in own.items():
            if name.startswith(BACKBONE) or name in rows:
                continue
            if name not in given:
                left[name] = ABSENT
            elif given[name].shape != value.shape:
                left[name] = f"{_shape(given[name])} in the file, {_shape(value)} here"
            else:
                value.copy_(given[name])
                whole.append(name)
    theirs = weights.card.categories.names if weights.card is not None and weights.card.classes is not None else ()
    places = [(i, theirs.index(name)) for i, name in enumerate(classes) if name in theirs]
    partly = []
    # Where a neighbour has another shape, such as the boxes of other anchors, rows mean something else.
    foreign = {_module(name) for name, why in left.items() if why != ABSENT}
    for name, layout in rows.items():
        if name in given and _module(name) in foreign:
            why = "its neighbours have another shape in the file"
        else:
            why = _take_rows(own[name], given.get(name), layout, (len(classes), len(theirs)), places)
        if why:
            left[name] = why
        elif len(places) == len(classes):
            whole.append(name)
        else:
            partly.append(name)
    sought = any(name in given for name in rows)
    return Taken(
        origin=weights.origin,
        whole=tuple(sorted(whole)),
        partly=tuple(sorted(partly)),
        left=dict(sorted(left.items())),
        unused=match.unused if weights.card is None else tuple(sorted({*given} - {*own})),
        known=tuple(classes[i] for i, _ in places) if partly or rows.keys() & {*whole} else (),
        new=tuple(name for name in classes if name not in theirs) if sought else (),
        gone=tuple(name for name in theirs if name not in classes) if sought else (),
    )


def _take_rows(
    own: Tensor, given: Tensor | None, layout: ClassRows, counts: tuple[int, int], places: list[tuple[int, int]]
) -> str:
    """Copy the rows at ``places`` and those behind the classes; or say why not."""
    if given is None:
        return ABSENT
    ours, theirs = layout.view(own, counts[0]), layout.view(given, counts[1])
    assert ours is not None, "a network knows its own layout"
    if theirs is None or theirs.shape[2:] != ours.shape[2:]:
        return f"{_shape(given)} in the file, {_shape(own)} here"
    if not places:
        return "none of its classes is in the file"
    with torch.no_grad():
        for here, there in places:
            ours[:, here] = theirs[:, there]
        if layout.extra:
            ours[:, -layout.extra :] = theirs[:, -layout.extra :]
    return ""


def _without_counters(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without batch norm's counts of steps, which nothing reads."""
    return {name: value for name, value in tensors.items() if not name.endswith("num_batches_tracked")}


def _module(name: str) -> str:
    return name.rsplit(".", 2)[0]


def _shape(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "a number"
