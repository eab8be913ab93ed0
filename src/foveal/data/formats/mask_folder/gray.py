"""Gray masks saved as RGB: three equal channels are one.

Class maps are made from gray values; the pixel values of the files stay what they are, 0xRRGGBB.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from foveal.types.categories import Categories

GRAY = 0x010101
"""A gray value times this is its 0xRRGGBB."""
LARGEST = 0xFFFF
"""No gray or palette value is larger."""


def is_gray(values: Sequence[int]) -> bool:
    """Whether colours all have three equal channels."""
    return bool(values) and all(value % GRAY == 0 for value in values)


def has_colors(categories: Categories) -> bool:
    """Whether a class map's pixel values are colours."""
    values = (*categories.source_ids, *categories.ignore_ids)
    return max(values, default=0) > LARGEST and not is_gray(values)


def unpacked(categories: Categories) -> Categories:
    """A class map by gray values, whether or not its masks were saved as RGB."""
    values = (*categories.source_ids, *categories.ignore_ids)
    if max(values, default=0) <= LARGEST or not is_gray(values):
        return categories
    return _mapped(categories, lambda value: value // GRAY)


def packed(categories: Categories) -> Categories:
    """A class map by gray values as one of masks that were saved as RGB."""
    return _mapped(categories, lambda value: value * GRAY)


def _mapped(categories: Categories, change: Callable[[int], int]) -> Categories:
    return replace(
        categories,
        source_ids=tuple(map(change, categories.source_ids or range(len(categories)))),
        ignore_ids=tuple(map(change, categories.ignore_ids)),
    )
