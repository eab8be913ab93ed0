"""COCO's instances JSON: images, objects with boxes, polygons and RLE masks, crowds.

``bbox`` is x, y, width, height in continuous pixels: x1 = x, x2 = x + width, no pixel added. Class ids are mapped once,
in the order of the file. ``iscrowd``, and the keys ``ignore``, ``difficult`` and ``truncated`` that some tools add,
become flags; all other keys are kept and written back. Annotations are read in columns, see ``columns``.
"""

from collections import Counter
from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any

from foveal.data.catalog.as_masks import as_masks
from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.formats.annotations.assemble import assemble, find_images, report_unlisted
from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.coco.class_map import ClassMap
from foveal.data.formats.coco.files import find
from foveal.data.formats.coco.images import read_images, unlisted
from foveal.data.formats.coco.labels import read_labels
from foveal.data.formats.coco.links import Linker, pack, used_categories
from foveal.data.formats.coco.panoptic import PanopticColumns, panoptic_notes
from foveal.data.formats.coco.record import NAME
from foveal.data.formats.coco.source import LISTS, Source, load, refuse_folds, stands_alone
from foveal.data.formats.coco.told import Told
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.sidecar import reader as sidecar
from foveal.data.notes import listed, plural
from foveal.errors import DataError
from foveal.ops.collecting import no_collecting

NOTHING: tuple[Any, ...] = (None, [], {}, "")
USUAL_KEYS = frozenset({"info", "licenses", "type"})
"""Keys of COCO's own files besides its lists."""
USUAL_IMAGE_KEYS = frozenset(
    {"id", "file_name", "width", "height", "license", "flickr_url", "coco_url", "date_captured", "extra"}
)
USUAL_CLASS_KEYS = frozenset({"id", "name", "supercategory", "isthing", "color"})


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read a data set in COCO's format.

    Args:
        path: A JSON file, or a folder with any in it or in ``annotations``, or in the folder of each split; words for
            splits in their names, or the folders' names, are splits.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: Not JSON, not COCO's format, no usable image, nothing of the annotations is left, or a fault under
            the policy ``error``.
        CategoryError: A class that the class map lacks, no class, or two that share an id or a name.
    """
    with no_collecting():
        return _read(path, request or Request())


def _read(path: Path, request: Request) -> Catalog:
    categories, repairs, told = request.categories, request.repairs, Told()
    tree = Tree(path)
    files = find(tree, root=request.root)
    if not files.chosen:
        raise DataError(f"{path} has no COCO JSON file of objects.", "Name the file, or the folder that has it.")
    if files.kind == "labels":
        return read_labels(files, request)
    root, notes = files.root, list(files.notes)
    top = path if path.is_dir() else root
    if tree.root != root:
        tree = Tree(root)
    panoptic = files.kind == "panoptic"
    sources = [
        load(file, root, told=told, tree=tree, top=top, images=request.images, panoptic=panoptic)
        for file in files.chosen
    ]
    aside = sidecar.load(root, NAME)
    known = ClassMap(categories)
    used = set().union(*(used_categories(source.columns) for source in sources))
    for source in sources:
        known.take(source, repairs, told, used)
    own = known.build(sources[0].path)
    drafts: list[Draft] = []
    links = []
    linker = Linker(known, repairs, told)
    for source in sources:
        more, by_id = read_images(source, repairs, told)
        for number, draft in enumerate(more, len(drafts)):
            draft.number = number
        drafts += more
        links.append(linker.link(source, by_id))
    refuse_folds(sources)
    if not drafts:
        raise DataError(
            f"{sources[0].path}: the list 'images' is empty.", "List each image with its id, file_name and size."
        )
    about = _about(sources, known)
    notes += [*known.notes(), *told.notes(), *_unused(sources)]
    first, *rest = [source.locate for source in sources]
    notes += first.notes(*rest)
    for source in sources:
        if isinstance(source.columns, PanopticColumns):
            source.columns.check()
    notes += panoptic_notes([source.columns for source in sources if isinstance(source.columns, PanopticColumns)])
    packed = pack(sources, links)
    names = set().union(*(source.listed for source in sources))
    title = ", ".join(source.title for source in sources)
    deep = stands_alone(files.chosen)
    del sources, source, links
    there = find_images(drafts, root, repairs, packed)
    if aside is not None:
        for draft in there:
            packed.unpack(draft)
        own = own if categories else aside.class_map(own.names, own)
        notes += aside.merge(there, own, repairs, known=known.ids.values())
    if path.is_dir() or deep:
        report_unlisted(root, unlisted(tree, names, (draft.name for draft in there), deep=deep), title, repairs)
        if not panoptic and request.images is None:
            notes += _unread(tree, {draft.name.partition("/")[0] for draft in there})
    joined = sidecar.join_about({NAME: {k: v for k, v in about.items() if v}} if any(about.values()) else {}, aside)
    catalog = assemble(
        there, root=root, format=NAME, categories=own, repairs=repairs, about=joined, notes=notes, packed=packed
    )
    boxes = "boxes" in request.annotations and "masks" not in request.annotations[: request.annotations.index("boxes")]
    return as_masks(catalog, fixed=True) if panoptic and not boxes else catalog


def _about(sources: Sequence[Source], known: ClassMap) -> dict[str, dict[str, Any]]:
    """Further fields of the data set."""
    files: dict[str, Any] = {}
    for source in sources:
        rest = {k: v for k, v in source.document.items() if k not in LISTS and v not in NOTHING}
        if rest:
            files["" if source.split == UNASSIGNED else SPLITS[source.split]] = rest
    return {"classes": {name: extra for name, extra in known.extras.items() if extra}, "files": files}


def _unread(tree: Tree, tops: Set[str]) -> list[str]:
    """A note on folders with images beside those of the images that are listed."""
    others = [name for name in tree.folder().folders if name not in tops]
    names = [folder.name for name in others for folder in tree.folders(name) if folder.images]
    return [f"{plural(len(names), 'folder')} with images not read: {listed(names)}."] if names else []


def _unused(sources: Sequence[Source]) -> list[str]:
    """Lists and keys that are kept, and nothing is made of."""
    top = {
        key
        for source in sources
        for key, value in source.document.items()
        if key not in LISTS and key not in USUAL_KEYS and value not in NOTHING
    }
    images: Counter[str] = Counter()
    classes: Counter[str] = Counter()
    objects: Counter[str] = Counter()
    for source in sources:
        for record in source.document["images"]:
            images.update(record.keys() - USUAL_IMAGE_KEYS)
        for record in source.document["categories"]:
            classes.update(record.keys() - USUAL_CLASS_KEYS)
        objects.update(source.columns.keys)
    kept = [
        *(f"{key} (of the file)" for key in sorted(top)),
        *(f"{key} (of {plural(count, 'image')})" for key, count in sorted(images.items())),
        *(f"{key} (of {plural(count, 'class')})" for key, count in sorted(classes.items())),
        *(f"{key} (of {plural(count, 'annotation')})" for key, count in sorted(objects.items())),
    ]
    return [f"Kept and written back, but not used: {listed(kept)}."] if kept else []
