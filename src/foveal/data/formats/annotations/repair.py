"""Faults in annotations: treated by one policy, always reported."""

from collections import Counter
from pathlib import Path
from typing import Literal

from foveal.data.catalog.catalog import Repair
from foveal.data.notes import plural
from foveal.errors import DataError

Bad = Literal["error", "clip", "drop"]
"""Policy for invalid annotations: raise an error; clip what can be clipped and drop the rest; drop all."""
KINDS = {
    "outside": "box outside the image",
    "no_area": "box without area",
    "not_finite": "box that is not finite",
    "malformed": "malformed object",
    "unknown_class": "unknown class",
    "segmentation": "invalid segmentation",
    "unknown_image": "object of an unknown image",
    "twice": "duplicate object",
    "duplicate_id": "duplicate id",
    "missing": "missing image",
    "unlisted": "unlisted image",
    "no_annotation": "image without an annotation",
    "broken": "unreadable annotation file",
    "unreadable": "unreadable image",
    "listed_twice": "image listed twice",
    "two_splits": "image in two splits",
    "size": "wrong image size",
    "turned": "annotation in stored pixels",
}
"""Every kind of fault, in words."""


class Repairs:
    """Collects the faults of one data set.

    Args:
        policy: How they are treated.
        tiled: Whether an image that is too large to be decoded at once is no fault, since it is read part by part.
    """

    def __init__(self, policy: Bad = "clip", *, tiled: bool = False) -> None:
        self.policy, self.tiled = policy, tiled
        self._found: list[Repair] = []

    def add(self, path: str, where: str, kind: str, message: str, action: str) -> None:
        """Add a fault, and how it was treated; see ``catalog.Repair``."""
        assert kind in KINDS, kind
        self._found.append(Repair(path, where, kind, message, action))

    def settle(self, root: Path) -> tuple[Repair, ...]:
        """All faults, by image.

        Raises:
            DataError: There are faults, and the policy is ``error``; the message names the first.
        """
        if self.policy == "error" and self._found:
            first = self._found[0]
            more = len(self._found) - 1
            tail = f" And {plural(more, 'more fault')}." if more else ""
            raise DataError(
                f"{first.where or root}: {first.path + ': ' if first.path else ''}{first.message}.{tail}",
                f"`foveal data check {root}` lists all; the policy 'clip' fixes what can be fixed and drops the rest.",
            )
        return tuple(sorted(self._found, key=lambda repair: repair.path))

    def first(self) -> str:
        """The first fault of an image, as the end of a message; empty without faults."""
        found = min(self._found, key=lambda repair: (not repair.path, repair.path), default=None)
        return "" if found is None else f" The first: {f'{found.path} {found.message}'.strip()}."

    def notes(self) -> list[str]:
        """One line with the number of faults of each kind."""
        if not self._found:
            return []
        counts = Counter((r.kind, r.action) for r in self._found)
        listing = ", ".join(f"{n:,} x {KINDS[kind]} ({action})" for (kind, action), n in counts.items())
        return [f"{plural(len(self._found), 'fault')} in the annotations: {listing}. `foveal data check` lists them."]
