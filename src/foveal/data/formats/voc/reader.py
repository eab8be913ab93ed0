"""Pascal VOC: one XML file per image in ``Annotations/``, lists in ``ImageSets/Main/``, images in ``JPEGImages/``.

``difficult`` and ``truncated`` become flags. An image that only ``trainval.txt`` lists has no split. Class
names come from the class lists (``cat_train.txt``) where there are any, else from the objects. All other fields of the
XML are kept and written back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.formats import layout
from foveal.data.formats.annotations.assemble import assemble, find_images, report_unlisted
from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.sidecar import reader as sidecar
from foveal.data.formats.voc.lists import MAIN, Lists, class_names, read_lists
from foveal.data.formats.voc.record import (
    ANNOTATIONS,
    IMAGES,
    NAME,
    image_extras,
    key_of,
    object_of,
    parse,
    size_of,
)
from foveal.errors import DataError
from foveal.types.categories import Categories

TRAIN = SPLITS.index("train")


@dataclass(frozen=True)
class Page:
    """One annotation file.

    Attributes:
        stem: Stem of the file name, the same as the image's.
        title: Name in messages.
        root: The XML.
        split: Code of the image's split.
    """

    stem: str
    title: str
    root: Element
    split: int

    def classes(self) -> list[str]:
        """The class of each object, as written."""
        return [(item.findtext("name") or "").strip() for item in self.root.iter("object")]


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read a Pascal VOC tree.

    Args:
        path: The folder that holds ``Annotations``, or one with a single such folder in it.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: No usable annotation or image, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks.
    """
    request = request or Request()
    categories, repairs = request.categories, request.repairs
    root = find(path)
    if root is None:
        raise DataError(f"{path} is not a Pascal VOC tree.", f"Name the folder with XML files in {ANNOTATIONS}.")
    folder = _annotations(root)
    assert folder is not None, "checked by find"
    images = _images(root)
    files = {file.stem: file for file in sorted(folder.glob("*.xml"))}
    lists = read_lists(root, images, repairs, annotated=files)
    pages = _pages(root, files, lists, images, repairs)
    aside = sidecar.load(root, NAME)
    class_list = class_names(root)
    if not pages:
        raise DataError(
            f"{root}: no image has a usable annotation.{repairs.first()}",
            f"Check the XML files in {folder.name}{f' and the lists in {MAIN}' if lists.splits else ''}.",
        )
    own = categories or _class_map(folder, pages, class_list, aside)
    drafts = [_draft(root, page, own, images, repairs, fixed=categories is not None) for page in pages]
    if categories is None and not class_list:
        _report_unseen(pages, drafts, own, repairs)
    there = find_images(drafts, root, repairs)
    notes = aside.merge(there, own, repairs, known=own.names) if aside is not None else []
    claimed = {draft.name for draft in drafts}
    claimed |= {name for stem in lists.splits or files for name in images.get(stem, ())}
    every = (name for names in images.values() for name in names)
    report_unlisted(root, (name for name in every if name not in claimed), lists.title or folder.name, repairs)
    about = sidecar.join_about({}, aside)
    return assemble(there, root=root, format=NAME, categories=own, repairs=repairs, about=about, notes=notes)


def find(path: Path) -> Path | None:
    """The folder with the annotations: this one, ``VOCdevkit``, or the only one (``VOC2007``) that has them.

    Raises:
        DataError: There are several.
    """
    if not path.is_dir():
        return None
    if _annotations(path) is not None:
        return path
    above = path / "VOCdevkit" if (path / "VOCdevkit").is_dir() else path
    found = [p for p in sorted(above.glob("VOC*")) if p.is_dir() and _annotations(p) is not None]
    if len(found) > 1:
        raise DataError(
            f"{path} contains {len(found)} Pascal VOC trees: {', '.join(p.name for p in found)}.", "Name one of them."
        )
    return found[0] if found else None


def _annotations(root: Path) -> Path | None:
    """The folder of XML files."""
    for name in (ANNOTATIONS, ANNOTATIONS.lower()):
        if next((root / name).glob("*.xml"), None) is not None:
            return root / name
    return None


def _images(root: Path) -> dict[str, list[str]]:
    """Names of images by stem, of the first folder that has any."""
    for name in (*layout.IMAGE_FOLDERS, "."):
        found: dict[str, list[str]] = {}
        for image in layout.images_in(root, root / name, deep=False):
            found.setdefault(Path(image).stem, []).append(image)
        if found:
            return found
    return {}


def _pages(
    root: Path, files: Mapping[str, Path], lists: Lists, images: dict[str, list[str]], repairs: Repairs
) -> list[Page]:
    """The listed annotations; without lists, all of them."""
    pages = []
    folder = next(iter(files.values())).parent.name
    for stem, split in (lists.splits or dict.fromkeys(files, UNASSIGNED)).items():
        name = images.get(stem, [f"{IMAGES}/{stem}.jpg"])[0]
        if stem not in files:
            message = f"is listed, but {folder}/{stem}.xml does not exist"
            repairs.add(name, lists.places[stem], "no_annotation", message, "dropped")
            continue
        title = layout.relative(files[stem], root)
        try:
            pages.append(Page(stem, title, parse(files[stem].read_bytes()), split))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            repairs.add(name, title, "broken", f"has an invalid annotation ({reason})", "dropped")
    if lists.splits:
        for stem, file in files.items():
            if stem not in lists.splits and stem not in images:
                title = layout.relative(file, root)
                repairs.add(title, lists.title, "unlisted", "the annotation is not listed", "left out")
    return pages


def _class_map(
    folder: Path, pages: Sequence[Page], class_list: Sequence[str], aside: sidecar.Sidecar | None
) -> Categories:
    """The source's own map, that of the class lists, or the classes of all objects by name."""
    used = {name for page in pages for name in page.classes() if name}
    if aside is not None and aside.categories is not None and used <= set(aside.categories.names):
        return aside.categories
    names = class_list or sorted(used)
    if not names:
        raise DataError(f"{folder.parent}: no object has a name.", f"Check the XML files in {folder}.")
    return Categories(tuple(names))


def _draft(
    root: Path, page: Page, own: Categories, images: dict[str, list[str]], repairs: Repairs, *, fixed: bool
) -> Draft:
    written = (page.root.findtext("filename") or "").strip()
    there = images.get(page.stem, [])
    named = [name for name in there if Path(name).name == written]
    name = (named or there or images.get(Path(written).stem, []) or [f"{IMAGES}/{written or page.stem + '.jpg'}"])[0]
    draft = Draft(name, page.title, page.split, size_of(page.root))
    draft.extras = image_extras(page.root, Path(name).name)
    for number, element in enumerate(page.root.findall("object"), 1):
        place, title = f"object {number}", (element.findtext("name") or "").strip()
        where = f"{page.title}, {place}"
        if title not in own:
            if fixed and title:
                own.index(title, where=f"{root / page.title}, {place}")
            message = f"the class {title!r} is in no class list" if title else "the class name is missing"
            repairs.add(name, where, "unknown_class", message, "dropped")
            continue
        try:
            draft.add(object_of(element, own.index(title)), where, key_of(element))
        except ValueError as error:
            repairs.add(name, where, "malformed", str(error), "dropped")
    return draft


def _report_unseen(pages: Sequence[Page], drafts: Sequence[Draft], own: Categories, repairs: Repairs) -> None:
    """Report objects of a class that no training image has: usually a typo."""
    trained = {name for page in pages if page.split == TRAIN for name in page.classes()}
    if not trained:
        return
    for draft in drafts:
        if draft.split in (TRAIN, UNASSIGNED):
            continue
        for at in reversed(range(len(draft.objects))):
            name = own.names[draft.objects[at].label]
            if name not in trained:
                action = "dropped" if repairs.policy == "drop" else "kept"
                message = f"no training image has the class {name!r}"
                repairs.add(draft.name, draft.places[at], "unknown_class", message, action)
                if action == "dropped":
                    del draft.objects[at], draft.places[at], draft.keys[at]
