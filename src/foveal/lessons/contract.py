"""What a lesson is."""

from dataclasses import dataclass
from typing import Any

from foveal.brief import brief


@dataclass(frozen=True, repr=False)
class Lesson:
    """A worked example.

    Attributes:
        title: In a few words.
        text: The numbers, for a terminal.
        figure: The same as a matplotlib figure.
    """

    title: str
    text: str
    figure: Any

    __repr__ = brief
