"""What a lesson is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from foveal.brief import brief


@dataclass(frozen=True, repr=False)
class Lesson:
    """A worked example.

    Attributes:
        title: In a few words.
        text: The numbers, for a terminal.
        draw: Draws the same as a matplotlib figure.
    """

    title: str
    text: str
    draw: Callable[[], Any]

    __repr__ = brief
