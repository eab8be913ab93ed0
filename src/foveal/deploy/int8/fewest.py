"""How many layers must stay in float, with few evaluations: each is a run over all labelled images on every engine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from foveal.deploy.headline import Change


@dataclass(frozen=True)
class Attempt:
    """A file with some layers left in float, and what it costs.

    Attributes:
        num_float: Layers in float.
        content: The file.
        changes: By engine, the change of the headline; none behind the first that loses too much.
        allowed: Whether it may be kept.
    """

    num_float: int
    content: bytes = field(repr=False)
    changes: Mapping[str, Change]
    allowed: bool


def fewest(put: Callable[[int], Attempt], most: int) -> Attempt:
    """The fewest layers in float that are enough, found by halving: every step is a whole evaluation.

    Args:
        put: Leaves so many in float.
        most: The most that may be.

    Returns:
        An attempt that is allowed; else that with ``most``.
    """
    best = put(0)
    if best.allowed or not most:
        return best
    best = put(most)
    if not best.allowed:
        return best
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        tried = put(middle)
        if tried.allowed:
            best, high = tried, middle
        else:
            low = middle + 1
    return best
