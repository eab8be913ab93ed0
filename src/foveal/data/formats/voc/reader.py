"""Pascal VOC: an XML file an image in ``Annotations/``, lists in ``ImageSets/Main/``, images in ``JPEGImages/``.

VOC counts pixels from 1 and names the first and the last pixel that a box covers. In continuous pixels that is
x1 = xmin - 1, y1 = ymin - 1, x2 = xmax, y2 = ymax: the box of xmin 1 and xmax 640 covers an image of 640 pixels.

``difficult`` and ``truncated`` become flags. An image that only ``trainval.txt`` lists belongs to no split yet. Class
names come from the class lists (``cat_train.txt``) where there are any, else from the objects. Everything else in the
XML is kept and written back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from foveal.data.catalog.catalog import SPLITS, Catalog
from foveal.data.catalog.objects import Object
from foveal.data.formats import layout
from foveal.data.formats.annotations.draft import Draft, assemble, look, unlisted
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.sidecar import writer as beside
from foveal.data.formats.voc.lists import MAIN, Lists, class_names, read_lists
from foveal.errors import DataError
from foveal.types.categories import Categories
from foveal.types.flags import Flag

NAME = "voc"
ANNOTATIONS, IMAGES = "Annotations", "JPEGImages"
CORNERS = ("xmin", "ymin", "xmax", "ymax")
USUAL: dict[str, Any] = {
    "folder": IMAGES,
    "source": {"database": "Unknown"},
    "size": {"depth": "3"},
    "segmented": "0",
}
"""What the writer puts where a source says nothing; a source that says the same needs no keeping."""
USUAL_POSE = "Unspecified"
FLAG_TAGS = {"truncated": Flag.TRUNCATED, "difficult": Flag.DIFFICULT}
YES, NO = ("1", "true", "yes"), ("0", "false", "no", "")
TRAIN = SPLITS.index("train")


@dataclass(frozen=True)
class Page:
    """One annotation file.

    Attributes:
        stem: Of its name; the image has the same.
        title: What messages call it.
        root: The XML.
        split: Code of the image's split.
    """

    stem: str
    title: str
    root: Element
    split: int

    def classes(self) -> list[str]:
        """The class of each object, as written."""
        return [(thing.findtext("name") or "").strip() for thing in self.root.iter("object")]


def read(path: Path, *, categories: Categories | None = None, repairs: Repairs | None = None) -> Catalog:
    """Read a Pascal VOC tree.

    Args:
        path: The folder that holds ``Annotations``, or one with a single such folder in it.
        categories: A model's class map to enforce; some classes may then be missing.
        repairs: What becomes of faulty annotations; None: clipped where possible, else dropped.

    Raises:
        DataError: No annotation or no image that can be used, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks.
    """
    repairs = repairs or Repairs()
    root = find(path)
    if root is None:
        raise DataError(f"{path} holds no Pascal VOC tree.", f"Give the folder that has {ANNOTATIONS} with XML in it.")
    folder = _annotations(root)
    assert folder is not None, "find looks for it"
    images = _images(root)
    files = {file.stem: file for file in sorted(folder.glob("*.xml"))}
    lists = read_lists(root, images, repairs, annotated=files)
    pages = _pages(root, files, lists, images, repairs)
    aside = beside.load(root, NAME)
    told = class_names(root)
    if not pages:
        raise DataError(
            f"{root}: not one image has an annotation that can be used.{repairs.first()}",
            f"Check the XML files in {folder.name}{f' and the lists in {MAIN}' if lists.splits else ''}.",
        )
    own = categories or _class_map(folder, pages, told, aside)
    drafts = [_draft(root, page, own, images, repairs, fixed=categories is not None) for page in pages]
    if categories is None and not told:
        _tell_unseen(pages, drafts, own, repairs)
    there = look(drafts, root, repairs)
    notes = aside.merge(there, own, repairs, known=own.names) if aside is not None else []
    claimed = {draft.name for draft in drafts}
    claimed |= {name for stem in lists.splits or files for name in images.get(stem, ())}
    every = (name for names in images.values() for name in names)
    unlisted(root, (name for name in every if name not in claimed), lists.title or folder.name, repairs)
    about = beside.join_about({}, aside)
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
            f"{path} holds {len(found)} Pascal VOC trees: {', '.join(p.name for p in found)}.", "Give one of them."
        )
    return found[0] if found else None


def object_of(element: Element, label: int) -> Object:
    """An ``object`` element as an object.

    Raises:
        ValueError: ``bndbox`` is missing, or a side of it is no number.
    """
    box = element.find("bndbox")
    if box is None:
        raise ValueError("there is no bndbox")
    xmin, ymin, xmax, ymax = (_corner(box, side) for side in CORNERS)
    extras = values_of(element)
    flags = 0
    for tag, flag in FLAG_TAGS.items():
        text = str(extras.get(tag, "0")).lower()
        flags |= flag if text in YES else 0
        if text in YES or text in NO:
            extras.pop(tag, None)
    rest = {k: v for k, v in values_of(box).items() if k not in CORNERS}
    extras = {k: v for k, v in extras.items() if k not in ("name", "bndbox") and (k, v) != ("pose", USUAL_POSE)}
    if rest:
        extras["bndbox"] = rest
    return Object((xmin - 1, ymin - 1, xmax, ymax), label, int(flags), extras={NAME: extras} if extras else {})


def key_of(element: Element) -> str:
    """How an ``object`` element is known in a side-car: its class and corners."""
    corners = (element.findtext(f"bndbox/{side}", "").strip() for side in CORNERS)
    return " ".join([(element.findtext("name") or "").strip(), *corners])


def image_extras(root: Element, image: str) -> dict[str, Any]:
    """What the XML says of the image besides its size and objects.

    Args:
        root: The XML.
        image: File name of the image, without folders.
    """
    extras = {k: v for k, v in values_of(root).items() if k != "object" and (k, v) != ("filename", image)}
    size = extras.get("size")
    if isinstance(size, dict):
        extras["size"] = {k: v for k, v in size.items() if k not in ("width", "height")}
    extras = {k: v for k, v in extras.items() if v not in ("", {}) and v != USUAL.get(k)}
    return {NAME: extras} if extras else {}


def values_of(element: Element) -> dict[str, Any]:
    """The children of an element: text, or an object where a child has children; lists where a tag comes again."""
    values: dict[str, Any] = {f"@{name}": text for name, text in element.attrib.items()}
    for child in element:
        value: Any = (child.text or "").strip()
        if len(child) or child.attrib:
            value = {**({"#text": value} if value else {}), **values_of(child)}
        if child.tag in values:
            there = values[child.tag]
            values[child.tag] = [*there, value] if isinstance(there, list) else [there, value]
        else:
            values[child.tag] = value
    return values


def parse(text: bytes) -> Element:
    """The XML of an annotation.

    Raises:
        ValueError: It is broken, refers to things outside itself or is of something else; the message says where.
    """
    try:
        root: Element = fromstring(text)
    except ParseError as error:
        line, column = error.position
        reason = str(error).partition(":")[0]
        raise ValueError(f"broken XML, line {line}, column {column + 1}: {reason}") from None
    except DefusedXmlException:
        raise ValueError("declares XML entities, which are not read") from None
    except (ValueError, LookupError) as error:
        raise ValueError(f"broken XML: {error}") from None
    if root.tag != "annotation" and root.find("object") is None:
        raise ValueError(f"XML of {root.tag!r}, not of an annotation")
    return root


def _corner(box: Element, side: str) -> float:
    text = box.findtext(side)
    if text is None:
        raise ValueError(f"bndbox has no {side}")
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{side} is {text.strip()!r}, not a number") from None


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
    """The annotations that are listed; all of them where there are no lists."""
    pages = []
    folder = next(iter(files.values())).parent.name
    for stem, split in (lists.splits or dict.fromkeys(files, lists.unclaimed)).items():
        name = images.get(stem, [f"{IMAGES}/{stem}.jpg"])[0]
        if stem not in files:
            message = f"is listed, but there is no {folder}/{stem}.xml"
            repairs.add(name, lists.places[stem], "no_annotation", message, "dropped")
            continue
        title = layout.relative(files[stem], root)
        try:
            pages.append(Page(stem, title, parse(files[stem].read_bytes()), split))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            repairs.add(name, title, "broken", f"has an annotation that cannot be used ({reason})", "dropped")
    if lists.splits:
        for stem, file in files.items():
            if stem not in lists.splits and stem not in images:
                title = layout.relative(file, root)
                repairs.add(title, lists.title, "unlisted", "nothing lists this annotation", "left out")
    return pages


def _class_map(folder: Path, pages: Sequence[Page], told: Sequence[str], aside: beside.Sidecar | None) -> Categories:
    """The source's own map, that of the class lists, or the classes of all objects by name."""
    used = {name for page in pages for name in page.classes() if name}
    if aside is not None and aside.categories is not None and used <= set(aside.categories.names):
        return aside.categories
    names = told or sorted(used)
    if not names:
        raise DataError(f"{folder.parent}: there is not one object with a name.", f"Check the XML files in {folder}.")
    return Categories(tuple(names))


def _draft(
    root: Path, page: Page, own: Categories, images: dict[str, list[str]], repairs: Repairs, *, fixed: bool
) -> Draft:
    written = (page.root.findtext("filename") or "").strip()
    there = images.get(page.stem, [])
    named = [name for name in there if Path(name).name == written]
    name = (named or there or images.get(Path(written).stem, []) or [f"{IMAGES}/{written or page.stem + '.jpg'}"])[0]
    draft = Draft(name, page.title, page.split, _size(page.root))
    draft.extras = image_extras(page.root, Path(name).name)
    for number, element in enumerate(page.root.findall("object"), 1):
        place, title = f"object {number}", (element.findtext("name") or "").strip()
        where = f"{page.title}, {place}"
        if title not in own:
            if fixed and title:
                own.index(title, where=f"{root / page.title}, {place}")
            message = f"the class {title!r} is in no class list" if title else "there is no class name"
            repairs.add(name, where, "unknown_class", message, "dropped")
            continue
        try:
            draft.add(object_of(element, own.index(title)), where, key_of(element))
        except ValueError as error:
            repairs.add(name, where, "malformed", str(error), "dropped")
    return draft


def _size(root: Element) -> tuple[int, int] | None:
    try:
        return int(float(root.findtext("size/width", ""))), int(float(root.findtext("size/height", "")))
    except (ValueError, OverflowError):
        return None


def _tell_unseen(pages: Sequence[Page], drafts: Sequence[Draft], own: Categories, repairs: Repairs) -> None:
    """Objects of a class that no image of the training split has: a slip of the pen, as a rule."""
    trained = {name for page in pages if page.split == TRAIN for name in page.classes()}
    if not trained:
        return
    for draft in drafts:
        if draft.split in (TRAIN, Lists.unclaimed):
            continue
        for at in reversed(range(len(draft.objects))):
            name = own.names[draft.objects[at].label]
            if name not in trained:
                action = "dropped" if repairs.policy == "drop" else "kept"
                message = f"no image to train on has the class {name!r}"
                repairs.add(draft.name, draft.places[at], "unknown_class", message, action)
                if action == "dropped":
                    del draft.objects[at], draft.places[at], draft.keys[at]
