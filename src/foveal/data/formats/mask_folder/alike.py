"""Two folders with the same names, but for a word such as _mask, of which one holds masks, whatever they are called."""

from collections.abc import Iterable
from pathlib import Path

from foveal.data.formats.mask_folder.names.among import image_of, may_name_masks
from foveal.data.formats.mask_folder.survey import is_mask_of, is_uniform
from foveal.data.formats.recognition.tree import Tree

MOST = 6
"""More folders than this beside each other are classes, or something else."""
SHARE = 0.8
"""Share of the images that must have a mask of the same name."""
LOOKED_AT = 3
"""Number of pairs that are opened."""


def alike(tree: Tree, home: str) -> tuple[str, str] | None:
    """The folder of images and the folder of masks in a folder; None: there are none, or it is not clear which.

    The masks must be of the images' sizes, lossless, and of few values; the images must not be all of this.
    """
    folder = tree.folder(home)
    stems = {}
    for name in folder.folders[: MOST + 1]:
        files = files_by_stem(tree, folder.inside(name))
        if files:
            stems[folder.inside(name)] = files
    if not 2 <= len(stems) <= MOST:
        return None
    found = [
        (images, masks)
        for images in stems
        for masks in stems
        if images != masks and _are(tree.root, stems[images], stems[masks])
    ]
    return found[0] if len(found) == 1 else None


def files_by_stem(tree: Tree, home: str) -> dict[str, str]:
    """Images in a folder and below it, by their paths in it without suffixes."""
    start = len(home) + 1 if home else 0
    return {
        name[start:].rpartition(".")[0]: name
        for folder in tree.folders(home)
        for name in map(folder.inside, folder.images)
    }


def some(names: Iterable[str], count: int = LOOKED_AT) -> list[str]:
    """A few of many, from all over."""
    every = list(names)
    return every[:: max(1, len(every) // count)][:count] if len(every) > count else every


def _are(root: Path, images: dict[str, str], masks: dict[str, str]) -> bool:
    """Whether the second are masks of the first, and not the other way round as well."""
    if may_name_masks(masks):
        masks = {image_of(stem) or stem: name for stem, name in masks.items()} | masks
    both = [stem for stem in images if stem in masks]
    if len(both) < max(1, SHARE * len(images)):
        return False
    looked = some(both)
    if not all(is_mask_of(root / masks[stem], root / images[stem]) for stem in looked):
        return False
    if all(is_uniform(root / masks[stem]) for stem in looked):
        return False  # blank images tell nothing
    return not all(is_mask_of(root / images[stem], root / masks[stem]) for stem in looked)
