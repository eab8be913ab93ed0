"""YOLO: ``data.yaml``, and for ``images/a.jpg`` a ``labels/a.txt`` with one object per line, see ``record``.

An image without a text file, or with an empty one, has no objects. A class id is the index in the list of names.
"""

import posixpath
from collections.abc import Iterable
from pathlib import Path

from foveal.data.catalog.catalog import Catalog
from foveal.data.formats import layout
from foveal.data.formats.annotations.assemble import assemble, find_images, report_unlisted
from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.sidecar import reader as sidecar
from foveal.data.formats.yolo.layout import (
    IMAGES,
    NAME_FILES,
    Layout,
    label_file,
    lay_out,
    numbered_lines,
    tells_classes,
)
from foveal.data.formats.yolo.record import BOX_FIELDS, LEAST_POLYGON, NAME, object_of
from foveal.data.notes import plural
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read a YOLO data set.

    Args:
        path: The YAML file; the folder it lies in; or a folder with ``images``, ``labels`` and ``classes.txt``.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: A YAML file or a list that cannot be read, no usable image, or a fault under the policy
            ``error``; the message names file and line.
        CategoryError: A class that the class map lacks, no class, or a duplicate one.
    """
    request = request or Request()
    categories, repairs = request.categories, request.repairs
    found = lay_out(path)
    root, aside = found.root, sidecar.load(found.root, NAME)
    own = categories or _class_map(found)
    if aside is not None and categories is None:
        own = aside.class_map(own.names, own)
    drafts = [Draft(name, found.listed.get(name, found.title), split) for name, split in found.images]
    there = [
        draft
        for draft in find_images(drafts, root, repairs)
        if _takenumbered_lines(root, draft, found.names, own, repairs, fixed=categories is not None)
    ]
    notes = found.notes
    if aside is not None:
        notes += aside.merge(there, own, repairs, known=found.names.values())
    known = {label_file(draft.name) for draft in drafts}
    _report_strays(root, found, {draft.name for draft in drafts}, known, repairs)
    about = sidecar.join_about({NAME: found.about} if found.about else {}, aside)
    return assemble(there, root=root, format=NAME, categories=own, repairs=repairs, about=about, notes=notes)


def _class_map(found: Layout) -> Categories:
    ids = tuple(found.names)
    try:
        return Categories(tuple(found.names.values()), () if ids == tuple(range(len(ids))) else ids)
    except CategoryError as error:
        raise CategoryError(
            f"{found.root / found.title}: {error.what[0].lower()}{error.what[1:]}", error.hint
        ) from None


def _takenumbered_lines(
    root: Path, draft: Draft, names: dict[int, str], own: Categories, repairs: Repairs, *, fixed: bool
) -> bool:
    """Add an image's objects to its draft; returns whether its label file could be read."""
    assert draft.seen is not None, "find_images comes first"
    file = label_file(draft.name)
    try:
        lines = list(numbered_lines(root / file))
    except DataError as error:
        reason = error.what.removeprefix(f"{root / file}: ").rstrip(".")
        repairs.add(draft.name, file, "broken", f"has an invalid label file ({reason})", "dropped")
        return False
    draft.where = file
    for number, line in lines:
        where, fields = f"{file}, line {number}", line.split()
        if not (len(fields) == BOX_FIELDS or (len(fields) >= LEAST_POLYGON and len(fields) % 2)):
            message = f"the line has {plural(len(fields), 'field')}; a box has 5, a polygon an odd number of at least 7"
            repairs.add(draft.name, where, "malformed", message, "dropped")
            continue
        try:
            key, numbers = float(fields[0]), [float(text) for text in fields[1:]]
        except ValueError:
            message = f"the line {line[:60]!r} has fields that are not numbers"
            repairs.add(draft.name, where, "malformed", message, "dropped")
            continue
        title = names.get(int(key)) if key == key and abs(key) < 1e9 and key == int(key) else None
        if title is None:
            known = f"classes are {min(names)} to {max(names)}"
            repairs.add(draft.name, where, "unknown_class", f"the class {fields[0]} does not exist; {known}", "dropped")
            continue
        label = own.index(title, where=f"{root / file}, line {number}") if fixed else own.index(title)
        draft.add(object_of(numbers, label, draft.seen), where, " ".join(fields))
    return True


def _report_strays(root: Path, found: Layout, names: set[str], known: Iterable[str], repairs: Repairs) -> None:
    """Report label files without an image, and unlisted images."""
    known = set(known)
    folders = {posixpath.dirname(name) for name in known if (root / name).is_file()}
    folders |= {label_file(f"{folder}/x").rpartition("/")[0] for folder in found.folders}
    for folder in sorted(folders):
        for file in sorted((root / folder).glob("*.txt")):
            name = layout.relative(file, root)
            if name not in known and name not in NAME_FILES and file.name != "classes.txt":
                repairs.add("", name, "missing", "the label file has no image", "left out")
    inside = {
        name
        for folder in {posixpath.dirname(name) for name in found.listed}
        for name in layout.images_in(root, root / folder, deep=False)
    }
    if sum(map(tells_classes, root.glob("*.y*ml"))) <= 1:  # else other files may list them
        tops = {top for name in names if (top := _top(posixpath.dirname(name)))}
        inside |= {name for top in tops for name in layout.images_in(root, root / top)}
    report_unlisted(root, sorted(inside - names), found.title, repairs)


def _top(folder: str) -> str:
    """The folder of all images that a folder belongs to: up to the last ``images`` of its path."""
    head, there, _ = f"/{folder}/".rpartition(f"/{IMAGES}/")
    return f"{head}/{IMAGES}"[1:] if there else ""
