"""Why the sub-folders of a folder may be no classes."""

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence

from foveal.data.formats.image_folder.insides import (
    boxes_listed,
    called_like_parts,
    copy_inside,
    same_inside,
    splits_inside,
)
from foveal.data.formats.image_folder.splits import Layout
from foveal.data.formats.image_folder.strangers import besides, strangers
from foveal.data.formats.image_folder.words import (
    ANNOTATED,
    AS_GIVEN,
    FEW,
    LAYOUT_WORDS,
    VEHICLES,
    annotates,
    are_annotations,
    stem_of,
)
from foveal.data.formats.recognition.evidence import Doubt
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.splits import split_name, split_names
from foveal.data.notes import listed, plural

SURE = frozenset(
    {"images", "labels", "annotations", "masks", "jpegimages", "leftimg8bit", "gtfine", "ground_truth", "groundtruth"}
)
"""Those of them that are no classes, whatever lies beside them."""
UNREAD = (".csv", ".tsv", ".mat", ".json", ".jsonl", ".xml", ".xlsx", ".xls", ".parquet", ".npy", ".npz", ".pkl", ".h5")
"""Suffixes of files that may say what images show."""
KNOWN_FILES = re.compile(
    r"_annotations(\.\w+){1,2}|_classes\.csv|metadata\.(csv|jsonl|parquet)|_darknet\.labels|annotations\.(xml|csv|json)"
    r"|obj\.data|via_\w+\.json|instances\w*\.json",
    re.IGNORECASE,
)
"""Names of files with the annotations of many images."""
MASK_OF = re.compile(r"(.+?)[ _-](?:mask|masks|seg|segmentation|gt|label|labels)(?:_\d+)?", re.IGNORECASE)
"""Stem of a mask's file beside its image."""
VEHICLE = "train"
"""The one word for a split that is a common class as well."""
MASK_PARTS = ("mask", "seg", "gt", "label")
"""One of these is in the name of each mask; looked for in all names of a folder at once."""
PARTS = ("groundtruth", "ground_truth", "leftimg8bit", "gtfine", "image_2", "label_2")
"""Parts of names that no class has."""
CONVERT = "Convert the annotations to COCO, Pascal VOC or YOLO"


def doubt(tree: Tree, layout: Layout, classes: Mapping[str, Sequence[str]]) -> Doubt | None:
    """The first reason against reading the folders as classes; None: there is none.

    Args:
        tree: The files.
        layout: The folders of the splits.
        classes: The class folders of each split that hold images.
    """
    homes = [tree.folder(layout.splits[split]).inside(name) for split, names in classes.items() for name in names]
    names = sorted({posixpath.basename(home) for home in homes})
    reasons: Sequence[Callable[[], Doubt | None]] = (
        lambda: _annotated(tree, layout, homes),
        lambda: _none(tree) if not names else None,
        lambda: _called_like_splits(tree, classes, names),
        lambda: _unread_beside(tree, names[0]) if names and homes == names[:1] else None,
        lambda: _called_like_layout(tree, names),
        lambda: _masks_beside(tree, homes),
        lambda: _masks_apart(tree, homes),
        lambda: _listed_beside(tree, homes),
        lambda: boxes_listed(tree, layout, homes),
        lambda: same_inside(tree, layout, classes),
        lambda: copy_inside(tree, layout, classes),
        lambda: called_like_parts(tree, names),
        lambda: splits_inside(tree, layout, homes),
        lambda: _unread_beside(tree, names[0], deep=True) if names and homes == names[:1] else None,
        lambda: _one(tree, names[0], homes) if len(names) == 1 else None,
    )
    return next((found for reason in reasons if (found := reason()) is not None), None)


def _none(tree: Tree) -> Doubt | None:
    top = tree.folder()
    alone = [name for name in top.folders if split_name(name) and tree.folder(name).images]
    if alone:
        return Doubt(
            f"{tree.root}: {listed(alone)} {_look(alone)} and {_hold(alone)} images without class folders."
            f"{besides(tree)}",
            "Put the images of each class into a folder named after it, or use a table of paths and labels.",
        )
    if not top.images:
        return None
    return Doubt(
        f"{tree.root} has images but no class folders.{besides(tree)}",
        "Put the images of each class into a folder named after it, or use a table of paths and labels.",
    )


def _called_like_splits(tree: Tree, classes: Mapping[str, Sequence[str]], names: Sequence[str]) -> Doubt | None:
    words = sorted(split_names(names))
    lower = [word.lower() for word in words]
    trains = len(names) >= FEW or (len(names) > 2 and VEHICLES & {name.lower() for name in names})
    bare = any({*own} <= {*words} for own in classes.values())
    if not words or (trains and lower == [VEHICLE] and not bare):
        return None
    everywhere = len(classes) > 1 and all({*words} <= {*own} for own in classes.values())
    if everywhere and "" not in classes and len(words) < len(names):
        return None
    if {f"in{word}" for word in lower} <= {name.lower() for name in names}:
        return None
    inner = [name for name in names if name not in words and len(tree.folder(name).folders) > 1]
    alone = f" If {inner[0]} is the data set, name it alone." if inner else ""
    return Doubt(
        f"{tree.root}: {listed(words)} {_look(words)} and {_hold(words)} images without class folders.{besides(tree)}",
        "Put the images of each class into a folder named after it, or use a table of paths and labels."
        f"{alone} {AS_GIVEN}",
    )


def _annotated(tree: Tree, layout: Layout, homes: Sequence[str]) -> Doubt | None:
    """Annotation files lie beside the images."""
    for home in dict.fromkeys(("", *layout.splits.values(), *homes)):
        folder = tree.folder(home)
        known = [name for name in folder.others if KNOWN_FILES.fullmatch(name)]
        texts = [name for name in folder.others if name.lower().endswith(ANNOTATED)]
        stems = {name.rpartition(".")[0] for name in folder.images} if texts else set()
        beside = [name for name in texts if stem_of(name) in stems]
        many = 2 * len(beside) >= len(stems)
        if many and home in homes:
            many = are_annotations(tree, [folder.inside(name) for name in beside])
        if known or (beside and many):
            there = [folder.inside(name) for name in known or beside]
            lie = "lies" if len(there) == 1 else "lie"
            return Doubt(
                f"{tree.root}: {listed(there)} {lie} beside the images, and {'is' if len(there) == 1 else 'are'} of no"
                " format that is recognised.",
                f"{CONVERT}. {AS_GIVEN}",
            )
    return None


def _unread_beside(tree: Tree, name: str, *, deep: bool = False) -> Doubt | None:
    """One folder has all images, and a file beside it may say what they show."""
    others = [other for other in tree.folder().others if other.lower().endswith(UNREAD)]
    others = others or (strangers(tree, "") if deep else [])
    if not others:
        return None
    return Doubt(
        f"{tree.root}: {name} has the images, and {listed(others)} beside it {'is' if len(others) == 1 else 'are'}"
        " of no format that is recognised.",
        "Write what the images show as a table of paths and labels, or convert the annotations to COCO, Pascal VOC or"
        " YOLO.",
    )


def _called_like_layout(tree: Tree, names: Sequence[str]) -> Doubt | None:
    plain = {name: re.sub(r"[\s-]", "_", name.lower()).strip("_") for name in names}
    words = [name for name in names if plain[name] in LAYOUT_WORDS or any(part in plain[name] for part in PARTS)]
    if len(names) == 2 and not words:
        words = [name for name in names if SURE & {*re.split(r"[\W_]+", name.lower())}]
        words = words if len(words) == 1 else []
    sure = any(plain[word] in SURE for word in words)
    if not words or (len(names) > 2 and len(words) < len(names) / 2 and not sure):
        return None
    if len(names) == 1:
        return _no_format(tree, names[0])
    return Doubt(
        f"{tree.root}: {listed(words)} {'is' if len(words) == 1 else 'are'} called like parts of a data set, not"
        " like classes.",
        f"Name the images and their annotations or masks with --data.images and --data.labels. {AS_GIVEN}",
    )


def _masks_beside(tree: Tree, homes: Sequence[str]) -> Doubt | None:
    """Many images are called as another one with _mask behind it."""
    masks = [tree.folder(home).inside(name) for home in homes for name in masks_in(tree.folder(home).images)]
    total = sum(len(tree.folder(home).images) for home in homes)
    if len(masks) < max(2, 0.2 * total):
        return None
    return Doubt(
        f"{tree.root}: {len(masks):,} of {plural(total, 'image')} are called as another one with _mask or the like"
        f" behind it, such as {masks[0]}; they look like masks.",
        "Read them as images with masks: --data.format mask_folder; or leave the masks out and learn the folders as"
        " classes: --data.format image_folder.",
    )


def _masks_apart(tree: Tree, homes: Sequence[str]) -> Doubt | None:
    """Most images of one "class" are called as those of another with _mask or the like behind it."""
    for home in homes:
        images = tree.folder(home).images
        cores = _cores(images)
        if len(cores) < 2 or 2 * len(cores) < len(images):
            continue
        for other in homes:
            stems = {stem_of(name) for name in tree.folder(other).images} if other != home else set()
            if 2 * len(stems & cores) >= len(cores):
                return Doubt(
                    f"{tree.root}: the images of {home} are called as those of {other} with _mask or the like behind,"
                    f" such as {images[0]}; they look like masks.",
                    f"Read them as images with masks: --data.images {other} --data.labels {home}. {AS_GIVEN}",
                )
    return None


def _listed_beside(tree: Tree, homes: Sequence[str]) -> Doubt | None:
    """A "class" is called as a JSON or XML file beside it, as folders of COCO's panoptic PNG files are."""
    for home in homes:
        above, _, name = home.rpartition("/")
        beside = [one for one in tree.folder(above).with_suffix(".json", ".xml") if stem_of(one) == home]
        if beside and any(annotates(tree, one) for one in beside):
            return Doubt(
                f"{tree.root}: {beside[0]} is called as the folder {name} beside it, and is of no format that is"
                " recognised.",
                f"{CONVERT}. {AS_GIVEN}",
            )
    return None


def _cores(images: Sequence[str]) -> set[str]:
    """The stems of images, without _mask or the like behind them, of those that have it."""
    every = "\n".join(images).lower()
    if not any(part in every for part in MASK_PARTS):
        return set()
    return {match[1] for name in images if (match := MASK_OF.fullmatch(stem_of(name)))}


def masks_in(images: Sequence[str]) -> list[str]:
    """The images of one folder that are called as another one with _mask or the like behind it."""
    every = "\n".join(images).lower()
    if not any(part in every for part in MASK_PARTS):
        return []
    stems = {stem_of(name) for name in images}
    return [name for name in images if (match := MASK_OF.fullmatch(stem_of(name))) and match[1] in stems]


def _one(tree: Tree, name: str, homes: Sequence[str]) -> Doubt | None:
    """The only class folder has nothing but folders: it may be one around the data set."""
    if any(tree.folder(home).images for home in homes):
        return None
    return Doubt(
        f"{tree.root} has only one class, {name!r}; classification needs at least two.{besides(tree)}",
        "Add a folder of images for each class.",
    )


def _no_format(tree: Tree, name: str) -> Doubt:
    """The only folder with images is called like one of a layout: what lies beside it."""
    files = strangers(tree, "")
    seen = "no annotations of a format that is recognised"
    if files:
        seen = f"{listed(files)} {'is' if len(files) == 1 else 'are'} of no format that is recognised"
    # A folder that another link led to first is under that name alone.
    home = next((folder for folder in tree.folders() if posixpath.basename(folder.name) == name), tree.folder(name))
    below = [one for one in home.folders if tree.holds_images(home.inside(one))]
    hints = [f"{CONVERT}."] if files else []
    if len(below) > 1:
        hints.append(f"If {listed(below)} are classes, name {tree.path(home.name)}.")
    hints = hints or [
        "Put the images of each class into a folder named after it, or name the annotations with --data.labels."
    ]
    return Doubt(f"{tree.root}: {name} has images, but {seen}.", " ".join(hints))


def _look(names: Sequence[str]) -> str:
    return "looks like a split" if len(names) == 1 else "look like splits"


def _hold(names: Sequence[str]) -> str:
    return "holds" if len(names) == 1 else "hold"
