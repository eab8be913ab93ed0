"""A listing's image-level labels as a data set for classification."""

from collections.abc import Callable
from dataclasses import replace

from foveal.data.catalog.builder import CatalogBuilder
from foveal.data.catalog.catalog import UNASSIGNED, Catalog
from foveal.data.formats.listings.listing import Entry, Listing, split_of_folders
from foveal.data.notes import listed, plural
from foveal.errors import DataError
from foveal.types.categories import Categories

MIN_CLASSES = 2


def labelled(listing: Listing, find: Callable[[Entry], str | None], notes: Callable[[list[str]], list[str]]) -> Catalog:
    """Images with one label each, or with any number where one has several.

    Args:
        listing: With labels.
        find: The name of an entry's image; None: it does not exist, which is a fault already.
        notes: How images were found and which are not listed, once the names of all listed ones are known.

    Raises:
        DataError: No image is left, or one class; or there is a fault and the policy is ``error``.
        CategoryError: A class that the class map lacks.
    """
    root, request = listing.root, listing.request
    several = any(len(entry.labels) > 1 for entry in listing.entries)
    used = {label for entry in listing.entries for label in entry.labels}
    own = request.categories or Categories(tuple(sorted(used)))
    if len(own) < MIN_CLASSES:
        raise DataError(
            f"{root} has only one class, {own.names[0]!r}; classification needs at least two.",
            "Add images of other classes.",
        )
    builder = CatalogBuilder()
    bare: list[str] = []
    known: set[str] = set()
    for entry in listing.entries:
        name = find(entry)
        if name is None:
            continue
        if not entry.labels and not several:
            bare.append(name)
            continue
        if name in known:
            request.repairs.add(name, entry.where, "listed_twice", "is listed twice", "the first entry kept")
            continue
        known.add(name)
        split = entry.split if entry.split != UNASSIGNED else split_of_folders(name)
        where = f"{root / name} ({entry.where})"
        builder.add(name, [own.index(label, where=where) for label in dict.fromkeys(entry.labels)], split)
    if not known:
        raise DataError(
            f"{root}: none of the images listed can be used.{request.repairs.first()}", "Check the paths of the images."
        )
    more = notes([*known, *bare])
    found = request.repairs.settle(root)
    remarks = [*listing.notes, *more, *request.repairs.notes()]
    if bare:
        remarks.append(f"{plural(len(bare), 'image')} without a label left out: {listed(bare)}.")
    objects = sum(len(entry.things) for entry in listing.entries)
    if objects:
        remarks.append(f"{plural(objects, 'object')} not read; --task detect learns from them.")
    made = builder.build(
        root, format=listing.format, annotation="labels", categories=own, multi_label=several, notes=remarks
    )
    return replace(made, repairs=found)
