"""Folders by the roles that their names give them: images, masks, splits."""

from collections.abc import Iterable

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats.mask_folder.names.words import Kind, Role, role
from foveal.data.formats.recognition.tree import Tree
from foveal.data.notes import listed
from foveal.errors import DataError

PANOPTIC = "panoptic"
"""Beginning of the names of COCO's folders of panoptic masks, which a JSON file explains."""


def pair_in(tree: Tree, home: str) -> tuple[str, str] | None:
    """The image folder and the mask folder."""
    images, masks = (by_role(tree, home, kind) for kind in ("images", "masks"))
    if images and not masks:
        masks = [name for beside in _unnamed(tree, home) for name in by_role(tree, beside, "masks")[:1]]
    return (images[0], masks[0]) if images and masks else None


def _unnamed(tree: Tree, home: str) -> list[str]:
    """Folders in another whose names say nothing, the last first, as v2.0 of Mapillary Vistas."""
    folder = tree.folder(home)
    return [folder.inside(name) for name in reversed(folder.folders) if role(name) == Role("")]


def by_role(tree: Tree, home: str, kind: Kind) -> list[str]:
    """Folders in another that hold images and are called like those of a kind, without a split; the likeliest first."""
    folder = tree.folder(home)
    found = [
        (one.rank, name) for name in folder.folders if (one := role(name)).kind == kind and one.split == UNASSIGNED
    ]
    return [folder.inside(name) for _, name in sorted(found) if tree.holds_images(folder.inside(name))]


def split_folders(tree: Tree, home: str) -> list[tuple[int, str, Role]]:
    """Folders in another whose names tell a split: its code, the folder, and its role."""
    folder = tree.folder(home)
    roles = [(name, role(name)) for name in folder.folders]
    return [(one.split, folder.inside(name), one) for name, one in roles if one.split != UNASSIGNED]


def split_tree(tree: Tree, home: str) -> dict[int, str]:
    """The split folders in one of images or masks, if there are no others."""
    there = holding(tree, home)
    splits = [(code, name) for code, name, _ in split_folders(tree, home) if name in there]
    return once(tree, home, splits) if not tree.folder(home).images and len(splits) == len(there) else {}


def once(tree: Tree, home: str, splits: Iterable[tuple[int, str]]) -> dict[int, str]:
    """The folder of each split.

    Raises:
        DataError: A split has two.
    """
    found: dict[int, str] = {}
    for split, folder in splits:
        known = found.setdefault(split, folder)
        if known != folder:
            first, second = (name.rpartition("/")[2] for name in (known, folder))
            raise DataError(
                f"{tree.path(home)} has two folders for the {SPLITS[split]} split: {first} and {second}.",
                "Keep one, or name the images and masks with --data.images and --data.labels.",
            )
    return found


def innermost(tree: Tree, images: str, masks: str) -> tuple[str, str]:
    """The folders themselves, where a folder has nothing but one folder of images or masks, which the other lacks."""
    below = {name.rpartition("/")[2] for name in holding(tree, masks)}
    images = _descend(tree, images, below)
    return images, _descend(tree, masks, {name.rpartition("/")[2] for name in holding(tree, images)})


def _descend(tree: Tree, start: str, other: set[str]) -> str:
    there = [name for name in holding(tree, start) if not name.rpartition("/")[2].startswith(PANOPTIC)]
    if tree.folder(start).images or not there or {name.rpartition("/")[2] for name in there} & other:
        return start
    if len(there) > 1:
        if other:
            return start
        likely = [name for name in there if role(name.rpartition("/")[2]).kind == "masks"]
        if len(likely) != 1:
            raise DataError(
                f"{tree.root}: {start} has {len(there)} folders of images: {listed(there)}.",
                "Say which are the images and which their masks: --data.images and --data.labels.",
            )
        there = likely
    return _descend(tree, there[0], set())


def holding(tree: Tree, home: str) -> list[str]:
    """The folders in another that hold images, there or deeper."""
    folder = tree.folder(home)
    return [folder.inside(name) for name in folder.folders if tree.holds_images(folder.inside(name))]
