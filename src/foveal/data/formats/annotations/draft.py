"""An image and its annotations in the source, before validation."""

from dataclasses import dataclass, field
from typing import Any

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.catalog.objects import Object


@dataclass(slots=True)
class Draft:
    """One image as a source lists it.

    Attributes:
        name: Path of the image relative to the data set's root, with forward slashes.
        where: The file (and line or entry) that lists it.
        split: Its code.
        size: Width and height that the source declares; None: not declared.
        seen: Width and height of the file as displayed; None until ``assemble.find_images``.
        objects: The objects in it.
        places: File and line or entry of each object, for messages.
        keys: Key of each object in a side-car.
        extras: Further fields of the source, one entry per format.
        number: Of its objects in ``packed.Packed``; -1: they are here.
        lost: Why its file is not there, where that is known, such as "is listed but could be 2 images".
    """

    name: str
    where: str
    split: int = UNASSIGNED
    size: tuple[int, int] | None = None
    seen: tuple[int, int] | None = None
    objects: list[Object] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    extras: dict[str, Any] = field(default_factory=dict)
    number: int = -1
    lost: str = ""

    def add(self, item: Object, place: str, key: str) -> None:
        """Add an object."""
        self.objects.append(item)
        self.places.append(place)
        self.keys.append(key)
