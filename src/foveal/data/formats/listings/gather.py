"""From a listing to a Catalog: find the images, settle the class map, hand the objects on to be checked."""

import posixpath
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.catalog.objects import Object
from foveal.data.formats import layout
from foveal.data.formats.annotations.assemble import assemble, find_images, report_unlisted
from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.listings.documents import shown
from foveal.data.formats.listings.image_labels import labelled
from foveal.data.formats.listings.listing import Entry, Listing, Thing, split_of_folders
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.resolver import Resolver
from foveal.data.formats.sidecar import reader as sidecar
from foveal.data.formats.splits import split_of
from foveal.data.notes import listed, plural
from foveal.errors import DataError
from foveal.types.categories import Categories
from foveal.types.flags import Flag


def gather(listing: Listing) -> Catalog:
    """The data set that a listing describes.

    Raises:
        DataError: No image is listed or found, everything fell away, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks.
    """
    root, wanted = listing.root, listing.request.annotations
    if not listing.entries:
        raise DataError(
            f"{root}: no image is listed in {listed(listing.documents) or 'it'}.{listing.request.repairs.first()}",
            "Export the annotations again, with the images' names.",
        )
    drafted = any(entry.things or entry.faults for entry in listing.entries)
    labels = any(entry.labels for entry in listing.entries)
    found = _Finder(listing)
    if labels and (not drafted or (wanted and wanted[0] == "labels")) and (not wanted or "labels" in wanted):
        return labelled(listing, found, lambda names: [*found.notes(), *_report_unlisted(listing, names)])
    return _objects(listing, found)


class _Finder:
    """The names of listed images.

    Looked for in this order: the document's folder, the root, the only folder of images, the folders of images of the
    same split; elsewhere where only one image can be meant, which is told.
    """

    def __init__(self, listing: Listing) -> None:
        self.root, self.images = listing.root, listing.request.images
        self.repairs = listing.request.repairs
        self._resolvers: dict[int, Resolver] = {}
        self._folders: list[str] = []
        if self.images is None:
            self._folders = [folder.name for folder in Tree(self.root).folders() if folder.images]

    def __call__(self, entry: Entry) -> str | None:
        """The image's name, None: it does not exist, which is a fault."""
        if not layout.is_file_name(entry.written):
            message = f"{shown(entry.written)} is not a valid file name"
            self.repairs.add("", entry.where, "missing", message, "dropped")
            return None
        resolver = self._resolver(entry.split)
        near = entry.near if self.images is None else None
        for spelling in (entry.written, *entry.instead):
            name = resolver(spelling, near=near)
            if name is not None:
                return name
        why = resolver.why_not(entry.written)
        likely = resolver.likely(entry.written)
        message = f"is listed but {why}" if why != "does not exist" or not entry.gone else entry.gone
        self.repairs.add(likely, entry.where, "missing", message, "dropped")
        return None

    def notes(self) -> list[str]:
        """How images were found that are called otherwise."""
        resolvers = [*self._resolvers.values()]
        return resolvers[0].notes(*resolvers[1:]) if resolvers else []

    def _resolver(self, split: int) -> Resolver:
        if split not in self._resolvers:
            self._resolvers[split] = Resolver(self.root, self._places(split))
        return self._resolvers[split]

    def _places(self, split: int) -> list[str]:
        if self.images is not None:
            own = layout.relative(self.images, self.root)
            return [own, *([f"{own}/{SPLITS[split]}"] if split != UNASSIGNED else [])]
        common = [name for name in self._folders if name in layout.IMAGE_FOLDERS]
        alone = self._folders if len(self._folders) == 1 else []
        tops = [top for top in layout.IMAGE_FOLDERS if any(name.startswith(f"{top}/") for name in self._folders)]
        return [*alone, *self._of_split(split), *common, *tops, ""]

    def _of_split(self, split: int) -> list[str]:
        """The one folder that is called like a split, and its one folder of images; none where either may be meant."""
        if split == UNASSIGNED:
            return []
        paths = [PurePosixPath(name) for name in self._folders]
        parents = {str(above) for path in paths for above in (path, *path.parents)}
        called = {name for name in parents if split_of(posixpath.basename(name)) == split}
        outer = [name for name in called if not any(name.startswith(f"{other}/") for other in called)]
        found = [name for name in outer if name.split("/")[0] in layout.IMAGE_FOLDERS] or outer
        if len(found) != 1:
            return []
        inside = [name for name in self._folders if name.startswith(f"{found[0]}/")]
        usual = [name for name in inside if posixpath.basename(name) in layout.IMAGE_FOLDERS]
        return [*found, *(inside if len(inside) == 1 else usual if len(usual) == 1 else [])]


def _objects(listing: Listing, found: _Finder) -> Catalog:
    root, request, repairs = listing.root, listing.request, listing.request.repairs
    aside = sidecar.load(root, listing.format)
    own = request.categories or _class_map(listing, aside)
    drafts = list(_drafts(listing, found, own, fixed=request.categories is not None))
    there = find_images(drafts, root, repairs)
    notes = [*listing.notes, *listing.told.notes(), *found.notes()]
    if aside is not None:
        notes += aside.merge(there, own, repairs, known=own.names)
    notes += _report_unlisted(listing, [draft.name for draft in drafts])
    labelled_too = sum(bool(entry.labels) for entry in listing.entries)
    if labelled_too:
        notes.append(f"Labels of {plural(labelled_too, 'whole image')} not read; --task classify learns from them.")
    about = sidecar.join_about({}, aside)
    catalog = assemble(
        there, root=root, format=listing.format, categories=own, repairs=repairs, about=about, notes=notes
    )
    given = any(entry.things or entry.faults for entry in listing.entries) or bool(listing.told.notes())
    assert catalog.objects is not None, "a data set of objects"
    if given and not len(catalog.objects.labels):
        raise DataError(f"{root}: no object is left.{_reasons(listing)}", "Correct the annotations.")
    return catalog


def _reasons(listing: Listing) -> str:
    """Why objects fell away, as the end of a message."""
    return "".join(f" {note}" for note in listing.told.notes()) + listing.request.repairs.first()


def _class_map(listing: Listing, aside: sidecar.Sidecar | None) -> Categories:
    """The source's own map, the declared classes, or the classes of all objects by name."""
    used = {_name(thing.label) for entry in listing.entries for thing in entry.things} - {""}
    before = None if aside is None else aside.categories
    if before is not None and used <= {_name(name) for name in before.names}:
        return before
    declared = list(dict.fromkeys(map(_name, listing.classes)))
    if declared and used:
        return Categories((*declared, *sorted(used.difference(declared))))
    if not used:
        for entry in listing.entries:
            for where, kind, message in entry.faults:
                listing.request.repairs.add(entry.written, where, kind, message, "dropped")
        raise DataError(
            f"{listing.root}: no object has a class, so there is nothing to learn.{_reasons(listing)}",
            f"Check {listed(listing.documents)}: draw the objects and give each a class.",
        )
    return Categories(tuple(sorted(used)))


def _drafts(listing: Listing, found: _Finder, own: Categories, *, fixed: bool) -> Iterator[Draft]:
    repairs = listing.request.repairs
    ids = {_name(name): at for at, name in enumerate(own.names)}
    for entry in listing.entries:
        name = found(entry)
        if name is None:
            continue
        split = entry.split if entry.split != UNASSIGNED else split_of_folders(name)
        draft = Draft(name, entry.where, split, entry.size)
        if entry.extras:
            draft.extras[listing.format] = entry.extras
        for where, kind, message in entry.faults:
            repairs.add(name, where, kind, message, "dropped")
        for thing in entry.things:
            _take(thing, draft, listing, own, ids, fixed=fixed)
        yield draft


def _take(thing: Thing, draft: Draft, listing: Listing, own: Categories, ids: dict[str, int], *, fixed: bool) -> None:
    extras = {listing.format: thing.extras} if thing.extras else {}
    title = _name(thing.label)
    if not title and thing.flags & Flag.IGNORE:
        for label in range(len(own)):
            item = Object(thing.shape.box, label, thing.flags, segmentation=thing.shape.segmentation, extras=extras)
            draft.add(item, thing.where, f"{thing.key} {label}")
        listing.told.add("region", "ignored for every class")
        return
    if title not in ids:
        if fixed and title:
            own.index(title, where=f"{listing.root / draft.name}, {thing.where}")
        shape = "has no class" if thing.label in (None, "", []) else f"has the class {shown(thing.label)}, not one name"
        listing.request.repairs.add(draft.name, thing.where, "unknown_class", f"an object {shape}", "dropped")
        return
    if title != thing.label:
        listing.told.add("object", "whose class was no text, or in another Unicode form or with spaces around it")
    item = Object(thing.shape.box, ids[title], thing.flags, segmentation=thing.shape.segmentation, extras=extras)
    draft.add(item, thing.where, thing.key)


def _name(label: object) -> str:
    """A class's name in one Unicode form; empty: it is none."""
    if isinstance(label, int | float) and not isinstance(label, bool):
        label = str(label)
    return unicodedata.normalize("NFC", label.strip()) if isinstance(label, str) else ""


def _report_unlisted(listing: Listing, names: Sequence[str]) -> list[str]:
    """Report images in the folders of listed ones; a note on those in other folders."""
    root, known = listing.root, {*names, *listing.parts}
    homes = sorted({posixpath.dirname(name) for name in names if (root / name).is_file()})
    inside = {name for home in homes for name in layout.images_in(root, root / home, deep=False)}
    where = listed(listing.documents) if len(listing.documents) <= 3 else f"the {len(listing.documents):,} documents"
    report_unlisted(root, sorted(inside - known), where, listing.request.repairs)
    if listing.request.images is not None:
        return []
    others = [folder for folder in Tree(root).folders() if folder.images and folder.name not in homes]
    left = [folder.inside(image) for folder in others for image in folder.images if folder.inside(image) not in known]
    return [f"{plural(len(left), 'image')} without annotations left out: {listed(left)}."] if left else []
