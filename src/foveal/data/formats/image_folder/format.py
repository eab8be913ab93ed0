"""An image folder as a format among others: taken only where its folders look like classes."""

from collections.abc import Sequence

from foveal.data.formats.containers import container
from foveal.data.formats.image_folder import reader
from foveal.data.formats.image_folder.doubts import doubt
from foveal.data.formats.image_folder.official import official
from foveal.data.formats.image_folder.reader import NAME
from foveal.data.formats.image_folder.splits import Layout, lay_out
from foveal.data.formats.image_folder.words import AS_GIVEN
from foveal.data.formats.left_out import LeftOut
from foveal.data.formats.recognition.evidence import Doubt, Evidence, Format, Sure
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.splits import split_name
from foveal.data.notes import listed, plural
from foveal.imaging.walk import walk


def find(tree: Tree) -> Evidence | Doubt | None:
    """Class folders, alone or in the folders of splits."""
    if tree.file or tree.labels is not None:
        return None
    top = tree.folder()
    if not (top.folders or top.images or top.others):
        return None
    layout = lay_out(tree)
    classes = layout.classes(tree)
    around = len(top.folders) == 1 and not top.images and classes.get("") and not tree.folder(top.folders[0]).images
    if around and not official(tree, layout, ()).codes:
        return None  # a folder around the data set
    found = doubt(tree, layout, classes)
    if found is not None:
        return found
    names = {reader.nfc(name) for own in classes.values() for name in own}
    if not names:
        return _no_images(tree)
    words = sorted(name for name in names if split_name(name))
    if words and (found := _unlisted(tree, layout, words)) is not None:
        return found
    seen = f"{plural(len(names), 'class folder')} with images"
    if "" not in layout.splits:
        seen += f" in {' and '.join(layout.splits.values())}"
    return Evidence(tree.root, seen, Sure.LIKELY if len(names) > 1 else Sure.POSSIBLE, ("labels",))


def _unlisted(tree: Tree, layout: Layout, words: Sequence[str]) -> Doubt | None:
    """Of a folder called like a split no image is in the lists of splits, which have those of the others."""
    lists = official(tree, layout, ())
    listed_in = {part for name in lists.codes for part in name.split("/")[:-1]}
    word = next((word for word in words if word not in listed_in), "")
    if not lists.codes or not word:
        return None
    return Doubt(
        f"{tree.root}: {word} is called like a split, and none of its images is in {listed(sorted(lists.files))}.",
        f"Move it away. {AS_GIVEN}",
    )


def _no_images(tree: Tree) -> Doubt:
    left = LeftOut(tree.root)
    for file in walk(tree.root):
        left.add_file(file)
    held = container(left.others)
    if held is not None:
        return Doubt(f"{tree.root} has no images: {held[0]} {held[1]}, which Foveal does not read.", held[2])
    return Doubt(
        " ".join([f"{tree.root} has no images.", *left.notes()]),
        "Use a folder with one sub-folder of images per class.",
    )


FORMAT = Format(NAME, "an image folder", find, reader.read)
