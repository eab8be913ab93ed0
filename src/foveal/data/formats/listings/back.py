"""What a writer's own document gives back, compared with what was written."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.objects import Object
from foveal.data.formats.listings.listing import Thing
from foveal.data.formats.sidecar.writer import Aside
from foveal.errors import CategoryError
from foveal.types.categories import Categories


def hand_back(image: str, row: Sequence[Object], things: Sequence[Thing], name: str, aside: Aside) -> None:
    """Compare an image's objects with those that its entry gives back."""
    for item, thing in zip(row, things, strict=True):
        extras = {name: thing.extras} if thing.extras else {}
        shape = thing.shape
        back = Object(shape.box, item.label, thing.flags, segmentation=shape.segmentation, extras=extras)
        aside.object(image, thing.key, item, replace(back, label=item.label))


def check_names(categories: Categories, reserved: Sequence[str] = ()) -> None:
    """Check that the reader tells the classes apart: it compares names in one Unicode form, without blanks around them.

    Raises:
        CategoryError: Two would become one, or a name means something else.
    """
    met: dict[str, str] = {}
    for name in categories:
        key = unicodedata.normalize("NFC", name.strip())
        if key in reserved:
            raise CategoryError(f"The class name {name!r} has another meaning in this format.", "Rename it first.")
        if met.setdefault(key, name) != name:
            what = f"The class names {met[key]!r} and {name!r} would become one."
            raise CategoryError(what, "Rename one of them first.")


def class_map(catalog: Catalog, declared: Sequence[str]) -> Categories | None:
    """The class map that the reader makes of the declared classes and those of the objects."""
    assert catalog.objects is not None, "a data set of objects"
    used = {catalog.categories.names[label] for label in set(catalog.objects.labels.tolist())}
    names = [*declared, *sorted(used.difference(declared))] if used else []
    return Categories(tuple(names)) if names else None
