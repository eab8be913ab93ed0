"""Pascal VOC: one XML file per image, in ``Annotations/`` or beside the image, and lists in ``ImageSets/Main/``.

``difficult`` and ``truncated`` become flags. Lists decide on the splits, else folders that are called like splits; an
image that only ``trainval.txt`` lists has none. Class names come from the class lists (``cat_train.txt``) where there
are any, else from the objects. All other fields of the XML are kept and written back.
"""

import posixpath
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.formats.annotations.assemble import assemble, find_images, report_unlisted
from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.homes import name_of
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.sidecar import reader as sidecar
from foveal.data.formats.voc import leftovers
from foveal.data.formats.voc.images import Images
from foveal.data.formats.voc.lists import MAIN, Lists, class_names, read_lists
from foveal.data.formats.voc.pages import Page, files_of, form, pages_of, split_of_page
from foveal.data.formats.voc.parts import find_root, parts_named, parts_of
from foveal.data.formats.voc.record import (
    ANNOTATIONS,
    NAME,
    contour_of,
    image_extras,
    is_deleted,
    object_key,
    object_of,
)
from foveal.data.notes import listed, plural
from foveal.errors import DataError
from foveal.types.categories import Categories

TRAIN = SPLITS.index("train")


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read a Pascal VOC data set.

    Args:
        path: The folder that holds ``Annotations``, or one with a single such folder in it; a folder with XML files
            beside images, or with folders of splits; or the folder of XML files, where the request has a root.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: No usable annotation or image, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks.
    """
    request = request or Request()
    categories, repairs = request.categories, request.repairs
    root = request.root or find_root(Tree(path))
    tree = Tree(root or path, images=request.images)
    parts = [] if root is None else parts_named(tree, path) if request.root is not None else parts_of(tree)
    if root is None or not parts:
        raise DataError(f"{path} is not a Pascal VOC tree.", f"Name the folder with XML files in {ANNOTATIONS}.")
    images = Images(root, parts, None if request.images is None else name_of(request.images, root))
    files = files_of(tree, parts)
    lists = read_lists(root, images.by_key, repairs, annotated=files)
    pages = pages_of(root, files, lists, images, repairs)
    aside = sidecar.load(root, NAME)
    class_list = class_names(root)
    home = posixpath.commonpath([part.home for part in parts]) or root.name
    if not pages:
        raise DataError(
            f"{root}: no image has a usable annotation.{repairs.first()}",
            f"Check the XML files in {home}{f' and the lists in {MAIN}' if lists.splits else ''}.",
        )
    own = categories or _class_map(root, home, pages, class_list, aside)
    labels = _spellings(own)
    drafts = [_draft(root, page, own, labels, repairs, fixed=categories is not None) for page in pages]
    if categories is None and not class_list:
        _report_unseen(pages, drafts, own, repairs)
    there = find_images(drafts, root, repairs)
    notes = [*images.notes(), *_notes(pages, lists, own)]
    if aside is not None:
        notes += aside.merge(there, own, repairs, known=own.names)
    claimed = {draft.name for draft in drafts}
    claimed |= {name for key in lists.splits or files for name in images.by_key.get(key, ())}
    report_unlisted(root, images.other_than(claimed), lists.title or home, repairs)
    notes += leftovers.notes(tree, parts, images.homes, lists)
    about = sidecar.join_about({}, aside)
    return assemble(there, root=root, format=NAME, categories=own, repairs=repairs, about=about, notes=notes)


def _notes(pages: Sequence[Page], lists: Lists, own: Categories) -> list[str]:
    """What is told of annotations and lists."""
    out = []
    empty = [page.title for page in pages if page.is_empty]
    if empty:
        declare = "annotation declares" if len(empty) == 1 else "annotations declare"
        out.append(f"{len(empty):,} {declare} an image of no size, such as {empty[0]}; the file's is used.")
    items = [item for page in pages for item in page.root.iter("object")]
    contours = Counter(map(contour_of, items))
    out += [
        f"{plural(contours[contour], 'object')} with {contour} instead of a box: read as the box around it."
        for contour in filter(None, contours)
    ]
    with_polygons = sum(item.find("bndbox") is not None and item.find("polygon") is not None for item in items)
    if with_polygons:
        out.append(f"Polygons of {plural(with_polygons, 'object')} not read, their boxes are.")
    deleted = sum(map(is_deleted, items))
    if deleted:
        out.append(f"{plural(deleted, 'object')} marked as deleted left out.")
    words = {posixpath.dirname(page.name) for page in pages if split_of_page(page.name, page.title) != UNASSIGNED}
    if words and not lists.splits and all(page.split == UNASSIGNED for page in pages):
        out.append(
            f"{listed(sorted(words))} {'is' if len(words) == 1 else 'are'} called like splits, but other images are in"
            " none: no split is assigned."
        )
    forms = {*map(form, own.names)}
    spelt = {name for page in pages for name in page.classes if name not in own and form(name) in forms}
    if spelt:
        out.append(f"{plural(len(spelt), 'class')} in another Unicode form than elsewhere: {listed(sorted(spelt))}.")
    return out


def _class_map(
    root: Path, home: str, pages: Sequence[Page], class_list: Sequence[str], aside: sidecar.Sidecar | None
) -> Categories:
    """The source's own map, that of the class lists, or the classes of all objects by name."""
    used = {name for page in pages for name in page.classes if name}
    used = {*{form(name): name for name in sorted(used)}.values()}
    if aside is not None and aside.categories is not None and used <= set(aside.categories.names):
        return aside.categories
    names = class_list or sorted(used)
    if not names:
        raise DataError(f"{root}: no object has a name.", f"Check the XML files in {home}.")
    return Categories(tuple(names))


def _draft(root: Path, page: Page, own: Categories, labels: dict[str, str], repairs: Repairs, *, fixed: bool) -> Draft:
    name = page.name
    draft = Draft(name, page.title, page.split, None if page.is_empty else page.size)
    draft.extras = image_extras(page.root, Path(name).name)
    for number, element in enumerate(page.root.findall("object"), 1):
        if is_deleted(element):
            continue
        place, title = f"object {number}", (element.findtext("name") or "").strip()
        title = labels.get(form(title), title)
        where = f"{page.title}, {place}"
        if title not in own:
            if fixed and title:
                own.index(title, where=f"{root / page.title}, {place}")
            message = f"the class {title!r} is in no class list" if title else "the class name is missing"
            repairs.add(name, where, "unknown_class", message, "dropped")
            continue
        try:
            draft.add(object_of(element, own.index(title)), where, object_key(element))
        except ValueError as error:
            repairs.add(name, where, "malformed", str(error), "dropped")
    return draft


def _report_unseen(pages: Sequence[Page], drafts: Sequence[Draft], own: Categories, repairs: Repairs) -> None:
    """Report objects of a class that no training image has: usually a typo."""
    trained = {name for page in pages if page.split == TRAIN for name in map(form, page.classes)}
    if not trained:
        return
    for draft in drafts:
        if draft.split in (TRAIN, UNASSIGNED):
            continue
        for at in reversed(range(len(draft.objects))):
            name = own.names[draft.objects[at].label]
            if form(name) not in trained:
                action = "dropped" if repairs.policy == "drop" else "kept"
                message = f"no training image has the class {name!r}"
                repairs.add(draft.name, draft.places[at], "unknown_class", message, action)
                if action == "dropped":
                    del draft.objects[at], draft.places[at], draft.keys[at]


def _spellings(own: Categories) -> dict[str, str]:
    """The class map's name of each class, by its Unicode form."""
    return {form(name): name for name in own.names}
