"""COCO's instances JSON: images, objects with boxes, polygons and run-length masks, crowds.

``bbox`` is x, y, width, height in continuous pixels: x1 = x, x2 = x + width, no pixel added. Class ids are mapped once,
in the order of the file, whatever they are. ``iscrowd``, and the keys ``ignore``, ``difficult`` and ``truncated`` that
some tools add, become flags; every other key that Foveal does not know is kept and written back.
"""

import json
import os
import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.catalog.objects import NO_ID, Object
from foveal.data.formats import layout
from foveal.data.formats.annotations.draft import Draft, assemble, look, unlisted
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.coco import record as coco_record
from foveal.data.formats.coco.record import image_extras, is_number, key_of, object_of
from foveal.data.formats.image_folder import SPLIT_FOLDERS
from foveal.data.formats.sidecar import writer as beside
from foveal.data.notes import listed
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories

NAME = coco_record.NAME
ANNOTATIONS = "annotations"
EXPORT = "_annotations.coco.json"
"""Name of the JSON file that some tools put beside the images of each split."""
UNASSIGNED_FILE = "unassigned"
"""Suffix of the file with the images that no split claims."""
TOP_KEYS = frozenset({"images", "annotations", "categories"})
LARGEST_SIDE = 2**31
NOTHING: tuple[Any, ...] = (None, [], {}, "")
HEAD_CHARACTERS = 1 << 16
"""How far into a JSON file of any name to look for what makes it COCO."""


@dataclass
class Source:
    """One JSON file.

    Attributes:
        path: The file.
        title: What messages call it.
        split: Code of the split it stands for.
        document: Its content.
        folders: Where its images may be, likeliest first.
        listed: Names of all images that it lists.
    """

    path: Path
    title: str
    split: int
    document: dict[str, Any]
    folders: list[Path]
    listed: set[str] = field(default_factory=set)


@dataclass
class ClassMap:
    """Foreign ids to ours, over all files.

    Attributes:
        fixed: A model's class map, which nothing is added to.
        ids: Source id to name.
        extras: What else the source says of a class, by name.
    """

    fixed: Categories | None
    ids: dict[int, str] = field(default_factory=dict)
    extras: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)

    def take(self, source: Source, repairs: Repairs) -> None:
        """The classes of one file.

        Raises:
            CategoryError: An entry is no class, or two classes share an id or a name.
        """
        met: set[int] = set()
        for at, record in enumerate(source.document["categories"]):
            where = f"{source.path}: categories[{at}]"
            if (
                not isinstance(record, dict)
                or not layout.is_file_name(record.get("name"))
                or not record["name"].strip()
            ):
                raise CategoryError(f"{where} has no name.", 'Each class is {"id": number, "name": text}.')
            key, name = record.get("id"), record["name"]
            if not isinstance(key, int) or isinstance(key, bool):
                raise CategoryError(f"{where}, {name!r}: the id {key!r} is not a whole number.", "Number the classes.")
            if self.ids.get(key, name) != name:
                raise CategoryError(
                    f"{where}: {name!r} has the id {key}, which {self.ids[key]!r} has too.",
                    "Give every class an id of its own, the same in every file.",
                )
            twin = next((k for k, known in self.ids.items() if known == name), key)
            if twin != key and self.fixed is None:
                raise CategoryError(
                    f"{where}: {name!r} has the id {key}, and the id {twin} too.",
                    "Give every class one id, the same in every file.",
                )
            if key in met:
                repairs.add("", where, "duplicate_id", f"the class {name!r} stands twice with the id {key}", "dropped")
            met.add(key)
            self.ids[key] = name
            self.extras.setdefault(name, {k: v for k, v in record.items() if k not in ("id", "name")})

    def build(self, first: Path) -> Categories:
        """The class map.

        Raises:
            CategoryError: There is no class; the message names the first file.
        """
        if not self.ids and self.fixed is None:
            raise CategoryError(f"{first}: the list 'categories' is empty.", "Name at least one class.")
        own = self.fixed or Categories(tuple(self.ids.values()), tuple(self.ids))
        self.places = {name: i for i, name in enumerate(own.names)}
        return own

    def label(self, key: Any, where: str) -> int | None:
        """Our id of a source id; None: the file names no such class.

        Raises:
            CategoryError: The class exists, but the model's class map lacks it.
        """
        name = self.ids.get(key) if is_number(key) else None  # type: ignore[arg-type]
        if name is None:
            return None
        if name not in self.places:
            assert self.fixed is not None
            self.fixed.index(name, where=where)
        return self.places[name]


def read(path: Path, *, categories: Categories | None = None, repairs: Repairs | None = None) -> Catalog:
    """Read a data set in COCO's format.

    Args:
        path: A JSON file, or a folder with ``annotations/instances*.json`` (``instances_train*``, ``instances_val*``
            and ``instances_test*`` are splits) or with ``_annotations.coco.json`` in the folder of each split.
        categories: A model's class map to enforce; some classes may then be missing.
        repairs: What becomes of faulty annotations; None: clipped where possible, else dropped.

    Raises:
        DataError: Not JSON, not COCO's format, no image that can be used, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks, no class, or two that share an id or a name.
    """
    repairs = repairs or Repairs()
    root, files, notes = find(path)
    sources = [_load(file, root) for file in files]
    aside = beside.load(root, NAME)
    known = ClassMap(categories)
    about: dict[str, dict[str, Any]] = {"classes": {}, "files": {}}
    for source in sources:
        known.take(source, repairs)
    own = known.build(sources[0].path)
    drafts: list[Draft] = []
    for source in sources:
        drafts += _drafts(source, root, known, repairs)
        rest = {k: v for k, v in source.document.items() if k not in TOP_KEYS and v not in NOTHING}
        if rest:
            about["files"][_split_name(source.split)] = rest
    if not drafts:
        raise DataError(
            f"{sources[0].path}: the list 'images' is empty.", "List each image with its id, file_name and size."
        )
    about["classes"] = {name: extra for name, extra in known.extras.items() if extra}
    there = look(drafts, root, repairs)
    if aside is not None:
        own = own if categories else aside.class_map(own.names, own)
        notes += aside.merge(there, own, repairs, known=known.ids.values())
    if path.is_dir() or _alone(files):
        _tell_unlisted(root, sources, repairs, deep=_alone(files))
    said = beside.join_about({NAME: {k: v for k, v in about.items() if v}} if any(about.values()) else {}, aside)
    return assemble(there, root=root, format=NAME, categories=own, repairs=repairs, about=said, notes=notes)


def find(path: Path) -> tuple[Path, list[Path], list[str]]:
    """The data set's root, its JSON files in the order of splits, and remarks; no files: not COCO's format."""
    if path.is_file():
        return path.parent.parent if path.parent.name == ANNOTATIONS else path.parent, [path], []
    files = sorted((path / ANNOTATIONS).glob("instances*.json")) or sorted(path.glob("instances*.json"))
    if not files:
        beside_images = [path / EXPORT, *(path / folder / EXPORT for folder in SPLIT_FOLDERS)]
        files = [file for file in beside_images if file.is_file()]
    if not files:
        others = [*(path / ANNOTATIONS).glob("*.json"), *path.glob("*.json")]
        files = [file for file in others if file.name != beside.NAME and looks_like(file)]
        files = files if len(files) == 1 else []
    claimed = [file for file in files if _split(file) != UNASSIGNED or file.stem.endswith(UNASSIGNED_FILE)]
    notes = []
    if claimed and len(claimed) < len(files):
        left = [file.name for file in files if file not in claimed]
        notes.append(f"Files of no split, left out beside those of splits: {listed(left)}.")
        files = claimed
    return path, sorted(files, key=lambda file: (_split(file), file.name)), notes


def looks_like(file: Path) -> bool:
    """Whether a JSON file seems to be COCO's, by its beginning."""
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as text:
            head = text.read(HEAD_CHARACTERS)
    except OSError:
        return False
    return head.lstrip().startswith("{") and ('"images"' in head or '"annotations"' in head)


def _split(file: Path) -> int:
    """Of a file's name, or of the folder that an export lies in."""
    word = file.parent.name if file.name == EXPORT else file.stem.rpartition("_")[2]
    return layout.split_of(word)


def _split_name(split: int) -> str:
    return "" if split == UNASSIGNED else SPLITS[split]


def _alone(files: Sequence[Path]) -> bool:
    """Whether no other file may speak of the images that these are silent of."""
    return {other for file in files for other in file.parent.glob("*.json") if other.name != beside.NAME} == {*files}


def _load(path: Path, root: Path) -> Source:
    try:
        document = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).", "Check the file and its permissions.") from None
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg}).", "Repair or replace the file."
        ) from None
    except (UnicodeDecodeError, RecursionError):
        raise DataError(f"{path}: not JSON text.", "Save it as UTF-8, or replace the file.") from None
    hint = 'COCO\'s instances JSON is an object with the lists "images", "annotations" and "categories".'
    if not isinstance(document, dict):
        raise DataError(f"{path}: the JSON is not an object.", hint)
    for key in ("images", "annotations", "categories"):
        if not isinstance(document.get(key), list):
            raise DataError(f"{path}: there is no list {key!r}.", hint)
    split = _split(path)
    word = path.parent.name if path.name == EXPORT else path.stem.rpartition("_")[2]
    folders = [path.parent] if path.name == EXPORT else _folders(root, path, word, split)
    return Source(path, layout.relative(path, root), split, document, folders)


def _folders(root: Path, path: Path, word: str, split: int) -> list[Path]:
    words = list(dict.fromkeys([word, *([SPLITS[split]] if split != UNASSIGNED else [])]))
    found = [root / place for place in layout.IMAGE_FOLDERS]
    found += [root / place for place in words] + [root / "images" / place for place in words]
    found += [root, path.parent, root / "data"]
    return [folder for folder in dict.fromkeys(found) if folder.is_dir()]


def _drafts(source: Source, root: Path, known: ClassMap, repairs: Repairs) -> list[Draft]:
    drafts: list[Draft] = []
    by_id: dict[Any, Draft] = {}
    for at, record in enumerate(source.document["images"]):
        draft, key = _draft(source, root, at, record)
        source.listed.add(draft.name)
        if key in by_id:
            message = f"its id {json.dumps(key)} is that of {by_id[key].where}, {by_id[key].name}"
            repairs.add(draft.name, draft.where, "duplicate_id", message, "dropped")
            continue
        by_id[key] = draft
        drafts.append(draft)
    _take_objects(source, by_id, known, repairs)
    return drafts


def _draft(source: Source, root: Path, at: int, record: Any) -> tuple[Draft, Any]:
    where = f"{source.title}, images[{at}]"
    if not isinstance(record, dict) or not isinstance(record.get("file_name"), str) or not record["file_name"]:
        raise DataError(f"{source.path}: images[{at}] has no file_name.", "Name the image's file.")
    if not layout.is_file_name(record["file_name"]):
        raise DataError(
            f"{source.path}: images[{at}]: {record['file_name']!r} cannot be the name of a file.", "Mend it."
        )
    key = record.get("id")
    if not _is_key(key):
        raise DataError(f"{source.path}: images[{at}] ({record['file_name']}) has no id.", "Give the image an id.")
    written = record["file_name"]
    name = _locate(source, root, written)
    extras = image_extras(record)
    own = written.replace("\\", "/")
    if layout.portable(name) != own:
        extras[layout.NAME_KEY] = own
    return Draft(name, where, source.split, _size(record), extras=extras), key


def _size(record: Mapping[str, Any]) -> tuple[int, int] | None:
    sides = [record.get("width"), record.get("height")]
    if not all(is_number(side) and abs(side) < LARGEST_SIDE for side in sides):
        return None
    return int(sides[0]), int(sides[1])  # type: ignore[arg-type]


def _locate(source: Source, root: Path, written: str) -> str:
    """The image's name; where no such file is, the likeliest one."""
    for spelling in dict.fromkeys((written, written.replace("\\", "/"))):
        for at, folder in enumerate(source.folders):
            path = folder / spelling
            if os.path.isfile(path):  # noqa: PTH113  (False for names that are too long)
                if at:  # the next image lies in the same folder
                    source.folders.insert(0, source.folders.pop(at))
                return layout.relative(path, root)
    first = source.folders[0] if source.folders else root
    return layout.relative(first / written.replace("\\", "/"), root)


def _take_objects(source: Source, by_id: dict[Any, Draft], known: ClassMap, repairs: Repairs) -> None:
    records = source.document["annotations"]
    met: Counter[int] = Counter()
    fresh = max((r["id"] for r in records if isinstance(r, dict) and isinstance(r.get("id"), int)), default=0)
    for at, record in enumerate(records):
        if not isinstance(record, dict):
            repairs.add("", source.title, "malformed", f"annotations[{at}] is no JSON object", "dropped")
            continue
        place = f"annotation {record['id']}" if "id" in record else f"annotations[{at}]"
        key = record.get("image_id")
        draft = by_id.get(key) if _is_key(key) else None
        if draft is None:
            message = f"its image_id {json.dumps(key)} is that of no image"
            repairs.add("", f"{source.title}, {place}", "unknown_image", message, "dropped")
            continue
        where = f"{source.title}, {place}"
        category = record.get("category_id")
        label = known.label(category, f"{source.path}, {place}")
        if label is None:
            kind, fault = ("unknown_class", "that of no class") if is_number(category) else ("malformed", "no number")
            repairs.add(draft.name, where, kind, f"its category_id {json.dumps(category)} is {fault}", "dropped")
            continue
        try:
            thing = object_of(record, label)
        except (ValueError, OverflowError) as error:
            repairs.add(draft.name, where, "malformed", str(error), "dropped")
            continue
        if thing.outline is None and record.get("segmentation"):
            message = "its segmentation is neither polygons nor a mask"
            repairs.add(draft.name, where, "malformed", message, "outline dropped")
        if thing.area is None and record.get("area") is not None:
            message = f"its area {json.dumps(record['area'])} is no number of pixels"
            repairs.add(draft.name, where, "malformed", message, "area dropped")
        if thing.id != NO_ID:
            met[thing.id] += 1
            if met[thing.id] > 1:
                message = f"the id {thing.id} is that of another object"
                if repairs.policy == "drop":
                    repairs.add(draft.name, where, "duplicate_id", message, "dropped")
                    continue
                fresh += 1
                repairs.add(draft.name, f"{source.title}, annotations[{at}]", "duplicate_id", message, f"now {fresh}")
                thing = Object(thing.box, label, thing.flags, thing.area, fresh, thing.outline, thing.extras)
        draft.add(thing, where, key_of(record))


def _is_key(value: Any) -> bool:
    return is_number(value) or isinstance(value, str)


def _tell_unlisted(root: Path, sources: Sequence[Source], repairs: Repairs, *, deep: bool) -> None:
    """Images in the folders of those that are listed; ``deep``: and anywhere below ``images``."""
    names = set().union(*(source.listed for source in sources))
    homes = {posixpath.dirname(name) for name in names if (root / name).is_file()}
    inside = {name for home in homes for name in layout.images_in(root, root / home, deep=False)}
    for top in {home.split("/")[0] for home in homes}.intersection(layout.IMAGE_FOLDERS if deep else ()):
        inside |= {name for name in layout.images_in(root, root / top) if not _of_another_split(name, homes)}
    unlisted(root, sorted(inside - names), ", ".join(source.title for source in sources), repairs)


def _of_another_split(name: str, homes: Iterable[str]) -> bool:
    """Whether an image lies in ``images/val2017`` or the like, and no listed image does: other files list those."""
    folder = "/".join(name.split("/")[:2])
    split = layout.split_of(posixpath.basename(folder))
    return split != UNASSIGNED and not any(f"{home}/".startswith(f"{folder}/") for home in homes)
