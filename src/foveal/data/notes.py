"""Wording of notes by readers and checks."""

from collections.abc import Sequence

SHOWN = 5
"""Maximum number of names listed in a note."""


def listed(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def plural(count: int, noun: str) -> str:
    """``1 image``, ``2 images``, ``3 classes``."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun}es" if noun.endswith(("s", "x", "ch")) else f"{count:,} {noun}s"
