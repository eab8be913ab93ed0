"""Faults in annotations: found one by one, treated by one policy, listed every time."""

from collections import Counter
from pathlib import Path
from typing import Literal

from foveal.data.catalog.catalog import Repair
from foveal.data.notes import plural
from foveal.errors import DataError

Bad = Literal["error", "clip", "drop"]
"""Of an invalid annotation: an error; clip what can be clipped and drop what cannot be an object; drop each."""
KINDS = {
    "outside": "box outside the image",
    "no_area": "box without an area",
    "not_finite": "box that is not a number",
    "malformed": "object that cannot be read",
    "unknown_class": "unknown class",
    "segmentation": "segmentation that cannot be painted",
    "unknown_image": "object of an unknown image",
    "twice": "object given twice",
    "duplicate_id": "id given twice",
    "missing": "image that is missing",
    "unlisted": "image that nothing lists",
    "no_annotation": "image without an annotation",
    "broken": "annotation file that cannot be read",
    "unreadable": "image that cannot be read",
    "listed_twice": "image listed twice",
    "two_splits": "image in two splits",
    "size": "size that disagrees",
    "turned": "annotation in stored pixels",
}
"""Every kind of fault, in words."""


class Repairs:
    """Faults of one data set as they come up.

    Args:
        policy: What becomes of them.
    """

    def __init__(self, policy: Bad = "clip") -> None:
        self.policy = policy
        self._found: list[Repair] = []

    def add(self, path: str, where: str, kind: str, message: str, action: str) -> None:
        """One fault, and what becomes of it; see ``catalog.Repair``."""
        assert kind in KINDS, kind
        self._found.append(Repair(path, where, kind, message, action))

    def settle(self, root: Path) -> tuple[Repair, ...]:
        """All faults, by image.

        Raises:
            DataError: There is one, and the policy is ``error``; the message names the first.
        """
        if self.policy == "error" and self._found:
            first = self._found[0]
            more = len(self._found) - 1
            tail = f" And {plural(more, 'fault')} more." if more else ""
            raise DataError(
                f"{first.where or root}: {first.path + ': ' if first.path else ''}{first.message}.{tail}",
                f"`foveal data check {root}` lists all; the policy 'clip' fixes what can be fixed and drops the rest.",
            )
        return tuple(sorted(self._found, key=lambda repair: repair.path))

    def first(self) -> str:
        """The first fault of an image, as the end of a message; nothing where there is no fault."""
        found = min(self._found, key=lambda repair: (not repair.path, repair.path), default=None)
        return "" if found is None else f" The first: {f'{found.path} {found.message}'.strip()}."

    def notes(self) -> list[str]:
        """One line that says how many faults of each kind were met."""
        if not self._found:
            return []
        counts = Counter((r.kind, r.action) for r in self._found)
        listing = ", ".join(f"{n:,} x {KINDS[kind]} ({action})" for (kind, action), n in counts.items())
        return [f"{plural(len(self._found), 'fault')} in the annotations: {listing}. `foveal data check` lists them."]
