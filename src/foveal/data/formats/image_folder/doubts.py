"""Why the sub-folders of a folder may be no classes."""

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence

from foveal.data.formats.image_folder.insides import called_like_parts, copy_inside, same_inside, splits_inside
from foveal.data.formats.image_folder.splits import Layout
<<<<<<< HEAD
from foveal.data.formats.image_folder.strangers import besides, strangers
from foveal.data.formats.image_folder.words import are_annotations, called_images, numbered_parts
=======
from foveal.data.formats.image_folder.words import (
    ANNOTATED,
    AS_GIVEN,
    FEW,
    LAYOUT_WORDS,
    VEHICLES,
    are_annotations,
    stem_of,
)
>>>>>>> y2
from foveal.data.formats.recognition.evidence import Doubt
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.splits import split_name, split_names
from foveal.data.notes import listed, plural

<<<<<<< HEAD
LAYOUT_WORDS = frozenset(
    {
        *("images", "image", "imgs", "img", "imgdir", "img_dir", "imagedir", "image_dir", "jpegimages", "pictures"),
        *("photos", "rgb", "frames", "leftimg8bit", "imagestr", "imagests", "imagesets", "obj_train_data"),
        *("annotations", "annotation", "annots", "anns", "ann", "anndir", "ann_dir", "annos", "labels", "label"),
        *("labeltxt", "labelstr", "labelsts", "xml", "xmls", "json", "jsons", "masks", "mask", "gt", "gts", "gtfine"),
        *("gtcoarse", "ground_truth", "groundtruth", "groundtruths", "segmentation", "segmentations", "seg", "segs"),
        *("img1", "segmentationclass", "segmentationobject", "segmentationclasspng", "trimap", "trimaps"),
    }
)
"""Names of folders of layouts, in lower case, with underscores for blanks and dashes."""
=======
>>>>>>> y2
SURE = frozenset(
    {"images", "labels", "annotations", "masks", "jpegimages", "leftimg8bit", "gtfine", "ground_truth", "groundtruth"}
)
"""Those of them that are no classes, whatever lies beside them."""
<<<<<<< HEAD
PARTS = ("groundtruth", "ground_truth", "leftimg8bit", "gtfine", "image_2", "label_2")
"""Parts of names that no class has."""
ANNOTATED = (".xml", ".json", ".txt", ".jsonl")
"""Suffixes of annotations of one image each."""
=======
>>>>>>> y2
UNREAD = (".csv", ".tsv", ".mat", ".json", ".jsonl", ".xml", ".xlsx", ".xls", ".parquet", ".npy", ".npz", ".pkl", ".h5")
"""Suffixes of files that may say what images show."""
KNOWN_FILES = re.compile(
    r"_annotations\.\w+(\.json)?|_annotations\.\w+\.jsonl|_classes\.csv|metadata\.(csv|jsonl|parquet)|_darknet\.labels|annotations\.(xml|csv|json)"
    r"|obj\.data|via_\w+\.json|instances\w*\.json",
    re.IGNORECASE,
)
"""Names of files with the annotations of many images."""
MASK_OF = re.compile(r"(.+?)[ _-](?:mask|masks|seg|segmentation|gt|label|labels)(?:_\d+)?", re.IGNORECASE)
"""Stem of a mask's file beside its image."""
VEHICLE = "train"
"""The one word for a split that is a common class as well."""
<<<<<<< HEAD
MASK_PARTS = ("mask", "seg", "gt", "label")
"""One of these is in the name of each mask; looked for in all names of a folder at once."""
CONVERT = "Convert the annotations to COCO, Pascal VOC or YOLO"
AS_GIVEN = "If they are classes, say so: --data.format image_folder."
=======
MASKS = re.compile(r"[ _-](?:mask|masks|seg|segmentation|gt|label|labels)(?:_\d+)?\.", re.IGNORECASE)
"""Found at once in the names of a folder, whether there are masks at all."""
>>>>>>> y2


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
        lambda: same_inside(tree, layout, classes),
        lambda: copy_inside(tree, layout, classes),
        lambda: called_like_parts(tree, names),
        lambda: splits_inside(tree, layout, homes),
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
        f"{tree.root} has images but no class folders.",
        "Put the images of each class into a folder named after it, or use a table of paths and labels.",
    )


def _called_like_splits(tree: Tree, classes: Mapping[str, Sequence[str]], names: Sequence[str]) -> Doubt | None:
    words = sorted(split_names(names))
    lower = [word.lower() for word in words]
    trains = len(names) >= FEW or (len(names) > 2 and VEHICLES & {name.lower() for name in names})
    if not words or (trains and lower == [VEHICLE]):
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


def _unread_beside(tree: Tree, name: str) -> Doubt | None:
    """One folder has all images, and a file beside it may say what they show."""
    others = [other for other in tree.folder().others if other.lower().endswith(UNREAD)]
    if not others:
        return None
    return Doubt(
        f"{tree.root}: {name} has the images, and {listed(others)} beside it {'is' if len(others) == 1 else 'are'}"
        " of no format that is recognised.",
        "Write what the images show as a table of paths and labels, or convert the annotations to COCO, Pascal VOC or"
        " YOLO.",
    )


def _called_like_layout(tree: Tree, names: Sequence[str]) -> Doubt | None:
<<<<<<< HEAD
    plain = {name: re.sub(r"[\s-]", "_", name.lower()).strip("_") for name in names}
    words = [name for name in names if plain[name] in LAYOUT_WORDS or any(part in plain[name] for part in PARTS)]
    sure = any(plain[word] in SURE for word in words)
=======
    words = [name for name in names if re.sub(r"[\s-]", "_", name.lower()) in LAYOUT_WORDS]
    if len(names) == 2 and not words:
        words = [name for name in names if SURE & {*re.split(r"[\W_]+", name.lower())}]
        words = words if len(words) == 1 else []
    sure = any(re.sub(r"[\s-]", "_", word.lower()) in SURE for word in words)
>>>>>>> y2
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


def masks_in(images: Sequence[str]) -> list[str]:
    """The images of one folder that are called as another one with _mask or the like behind it."""
    every = "\n".join(images).lower()
    if not any(part in every for part in MASK_PARTS):
        return []
<<<<<<< HEAD
    stems = {_stem(name) for name in images}
    return [name for name in images if (match := MASK_OF.fullmatch(_stem(name))) and match[1] in stems]


def _same_inside(tree: Tree, layout: Layout, classes: Mapping[str, Sequence[str]]) -> Doubt | None:
    """All classes have the same sub-folders or, where no splits say that they are classes, the same file names."""
    for split, names in classes.items():
        folders = [tree.folder(tree.folder(layout.splits[split]).inside(name)) for name in names]
        if len(folders) < 2:
            continue
        below = {folder.folders for folder in folders}
        fine = all(folder.images for folder in folders) or (split and _inside_classes(folders))
        if len(below) == 1 and folders[0].folders and not fine:
            files = [file for one in folders[0].folders for file in strangers(tree, folders[0].inside(one))]
            if files and not any(tree.holds_images(folders[0].inside(one)) for one in folders[0].folders):
                lie = f"{listed(files[:1])} and the like are of no format that is recognised."
                return Doubt(f"{tree.root}: {lie}", f"{CONVERT}. {AS_GIVEN}")
            return Doubt(
                f"{tree.root}: {listed(names)} all have the same sub-folders ({listed(folders[0].folders)})."
                f"{besides(tree)}",
                f"If each is a data set of its own or one variant of the same, name it: {tree.path(folders[0].name)}."
                f" If they are splits, call them train, val and test. {AS_GIVEN}",
            )
        first = {*map(_stem, folders[0].images)}
        same = all(first == {*map(_stem, folder.images)} for folder in folders[1:])  # up to the first that differs
        if same and len(first) > 1 and (_differ(tree, folders) or not _numbered(first)):
            return Doubt(
                f"{tree.root}: {listed(names)} have images of the same names, as parts of one data set do.",
                f"If one holds masks, say so with --data.images and --data.labels. {AS_GIVEN}",
            )
    return None


def _inside_classes(folders: Sequence[Folder]) -> bool:
    """Whether sub-folders that all classes of a split have may be parts of the classes."""
    if any(folder.images for folder in folders):
        return True
    below = folders[0].folders
    if len(below) == 1:
        return called_images(below[0])
    return not any(split_name(name) or re.sub(r"[\s-]", "_", name.lower()) in LAYOUT_WORDS for name in below)


def _numbered_parts(tree: Tree, names: Sequence[str]) -> Doubt | None:
    if not numbered_parts(names):
        return None
    return Doubt(
        f"{tree.root}: {listed(names)} are called like parts of one data set, not like classes.",
        f"Say with a table or annotations what each image shows, --data.labels. {AS_GIVEN}",
    )


def _splits_inside(tree: Tree, layout: Layout, homes: Sequence[str]) -> Doubt | None:
    """A "class" has folders of splits: a data set of its own."""
    for home in homes if "" in layout.splits else ():
        folder = tree.folder(home)
        while len(folder.folders) == 1 and not folder.images:
            folder = tree.folder(folder.inside(folder.folders[0]))
        splits = split_names(folder.folders)
        if len({*splits.values()}) > 1 and "train" in splits.values():
            return Doubt(
                f"{tree.root}: {folder.name} has the folders {listed(folder.folders)}; it looks like a data set of its"
                " own, not like a class.",
                f"Name it alone: {tree.path(folder.name)}. {AS_GIVEN}",
            )
    return None


def _copy(tree: Tree, layout: Layout, classes: Mapping[str, Sequence[str]]) -> Doubt | None:
    """One "class" has folders called as the classes beside it: a copy of the data set inside itself."""
    for split, names in classes.items():
        for name in names:
            folder = tree.folder(tree.folder(layout.splits[split]).inside(name))
            beside = {*names} - {name}
            if len(beside) > 1 and not folder.images and beside <= {*folder.folders}:
                return Doubt(
                    f"{tree.root}: {folder.name} has folders of the same names as the class folders beside it"
                    f" ({listed(sorted(beside))}); it looks like a copy of the data set.",
                    f"Move it away, or name it alone: {tree.path(folder.name)}. {AS_GIVEN}",
                )
    return None
=======
    stems = {stem_of(name) for name in images}
    return [name for name in images if (match := MASK_OF.fullmatch(stem_of(name))) and match[1] in stems]
>>>>>>> y2


def _one(tree: Tree, name: str, homes: Sequence[str]) -> Doubt | None:
    """The only class folder has nothing but folders: it may be one around the data set."""
    if any(tree.folder(home).images for home in homes):
        return None
    return Doubt(
        f"{tree.root} has only one class, {name!r}; classification needs at least two.{besides(tree)}",
        "Add a folder of images for each class.",
    )


<<<<<<< HEAD
def _no_format(tree: Tree, name: str) -> Doubt:
    """The only folder with images is called like one of a layout: what lies beside it."""
    files = strangers(tree, "")
    seen = "no annotations of a format that is recognised"
    if files:
        seen = f"{listed(files)} {'is' if len(files) == 1 else 'are'} of no format that is recognised"
    home = next(folder for folder in tree.folders() if posixpath.basename(folder.name) == name)
    below = [one for one in home.folders if tree.holds_images(home.inside(one))]
    hints = [f"{CONVERT}."] if files else []
    if len(below) > 1:
        hints.append(f"If {listed(below)} are classes, name {tree.path(home.name)}.")
    hints = hints or [
        "Put the images of each class into a folder named after it, or name the annotations with --data.labels."
    ]
    return Doubt(f"{tree.root}: {name} has images, but {seen}.", " ".join(hints))


def _stem(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")  # of a hundred thousand names
    return stem if dot and f".{suffix.lower()}" in WITH_STEM else name


def _numbered(stems: Collection[str]) -> bool:
    """Whether names differ in nothing but their numbers, as those of images in different classes may."""
    return len({re.sub(r"\d+", "#", stem) for stem in stems}) == 1


def _differ(tree: Tree, folders: Sequence[Folder]) -> bool:
    """Whether folders hold different kinds of images, as images and masks are: by suffix, or by the mode of one."""
    kinds = {frozenset(posixpath.splitext(name)[1].lower() for name in folder.images) for folder in folders}
    if len(kinds) > 1 or len(folders) >= FEW:
        return len(kinds) > 1
    modes = {_mode(tree.path(folder.inside(folder.images[0]))) for folder in folders} - {""}
    return len(modes) > 1


def _mode(path: Path) -> str:
    """An image's mode; empty: it cannot be read."""
    try:
        return read_header(path).mode
    except ImageError:
        return ""


=======
>>>>>>> y2
def _look(names: Sequence[str]) -> str:
    return "looks like a split" if len(names) == 1 else "look like splits"


def _hold(names: Sequence[str]) -> str:
    return "holds" if len(names) == 1 else "hold"
