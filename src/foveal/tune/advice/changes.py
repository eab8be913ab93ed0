"""One change at a time: a larger input, more epochs, a larger network."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from foveal.config.schema import RunConfig
from foveal.types.size import Size

LARGER_INPUT, MORE_EPOCHS = 1.5, 2.0
STEP_PX = 32
"""Sides are whole multiples of it, as networks divide their input by it; small networks take half."""
LARGEST_PX = 1024


@dataclass(frozen=True)
class Change:
    """A change of one setting.

    Attributes:
        name: Of its runs' folders.
        title: For a person.
        settings: Nested sections.
        cost: How much longer a run takes, about, before one was timed.
    """

    name: str
    title: str
    settings: Mapping[str, Mapping[str, object]]
    cost: float


def changes_of(chosen: RunConfig) -> tuple[list[Change], list[str]]:
    """The changes that these settings allow, and why others are left out.

    Args:
        chosen: Complete, as a run on all images uses them.
    """
    found, notes = list[Change](), list[str]()
    for one in (larger_input(chosen), more_epochs(chosen), larger_network(chosen)):
        if isinstance(one, Change):
            found.append(one)
        else:
            notes.append(one)
    return found, notes


def larger_input(chosen: RunConfig) -> Change | str:
    """Sides half as large again, in training and evaluation."""
    from foveal.models.declared import declared

    size, evaluated = chosen.input.size, chosen.input.eval_size
    assert size is not None, "resolve chose it"
    assert evaluated is not None, "resolve chose it"
    if declared(chosen.model.backbone).fixed_size:
        return f"no larger input: {chosen.model.backbone} takes {size.in_px} and no other"
    larger = [enlarged(one) for one in (size, evaluated)]
    if max(one.longer for one in larger) > LARGEST_PX:
        return f"no larger input: it has {size.in_px} already"
    title = f"larger input ({size} to {larger[0]} px)"
    settings = {"input": {"size": larger[0].plain, "eval_size": larger[1].plain}}
    return Change("larger-input", title, settings, larger[0].area / size.area)


def enlarged(size: Size) -> Size:
    """Sides half as large again, in steps."""
    step = STEP_PX if min(size.sides) >= 2 * STEP_PX else STEP_PX // 2
    width, height = (max(side + step, round(side * LARGER_INPUT / step) * step) for side in size.sides)
    return Size(width, height)


def more_epochs(chosen: RunConfig) -> Change:
    """Twice as many."""
    epochs = chosen.train.epochs
    assert epochs is not None, "resolve chose it"
    more = round(epochs * MORE_EPOCHS)
    return Change("more-epochs", f"more epochs ({epochs} to {more})", {"train": {"epochs": more}}, MORE_EPOCHS)


def larger_network(chosen: RunConfig) -> Change | str:
    """The next larger one of its family, if its weights are at hand or none are needed."""
    backbone, weights = chosen.model.backbone, chosen.model.weights
    if weights not in ("auto", "none"):
        return f"no larger network: the weights are given ({weights})"
    import timm

    from foveal.models.classic.table import CLASSICS, NETWORKS
    from foveal.models.weights import at_hand

    known = [*NETWORKS, *CLASSICS, *timm.list_models()]
    larger = family(backbone, known)
    if not larger:
        return f"no larger network: {backbone} is the largest of its family"
    for name in larger:
        if weights == "none" or name in NETWORKS or at_hand(name) in ("package", "cache"):
            cost = macs_ratio(backbone, name)
            return Change("larger-network", f"larger network ({name})", {"model": {"backbone": name}}, cost)
    return f"no larger network: the weights of {larger[0]} are not on this machine (foveal models {larger[0]})"


def family(backbone: str, known: Sequence[str]) -> list[str]:
    """Networks whose name differs in one number alone, which is larger, from the least on."""
    found: dict[str, int] = {}
    for place in re.finditer(r"\d+", backbone):
        pattern = re.compile(re.escape(backbone[: place.start()]) + r"(\d+)" + re.escape(backbone[place.end() :]))
        for name in known:
            match = pattern.fullmatch(name)
            if match and int(match[1]) > int(place[0]):
                found[name] = int(match[1])
    return sorted(found, key=lambda name: found[name])


def macs_ratio(small: str, large: str) -> float:
    """How many times the operations, where they are known; else 2."""
    from foveal.models.zoo.counts import COUNTS

    if small in COUNTS and large in COUNTS:
        return max(1.0, COUNTS[large][1] / COUNTS[small][1])
    return 2.0
