"""How a long function tells how far it is."""

from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]
"""Takes what is being done, the number of steps done, and the number of all steps (None: unknown)."""


def silent(what: str, done: int, total: int | None) -> None:
    """Tell nobody."""
