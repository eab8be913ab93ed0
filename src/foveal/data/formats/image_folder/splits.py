"""The split folders of an image folder, and the class folders in them."""

from dataclasses import dataclass

from foveal.data.formats.image_folder.words import annotated_beside, called_images
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.splits import split_name, split_names
from foveal.errors import DataError


@dataclass(frozen=True)
class Layout:
    """Where the classes are.

    Attributes:
        splits: Folder of each split, by its name; one with an empty name: the class folders are in the root itself.
        beside: Folders beside the splits, which are left out.
    """

    splits: dict[str, str]
    beside: tuple[str, ...] = ()

    def classes(self, tree: Tree) -> dict[str, list[str]]:
        """The class folders of each split that hold images, by the split's name."""
        return {
            split: [name for name in tree.folder(home).folders if tree.holds_images(tree.folder(home).inside(name))]
            for split, home in self.splits.items()
        }


def lay_out(tree: Tree) -> Layout:
    """The splits of an image folder.

    Raises:
        DataError: Two folders stand for one split.
    """
    top = tree.folder()
    found = _splits(tree, "")
    homes = {home.split("/")[0] for home in found.values()}
    if not found or (len(found) < len(top.folders) and "train" not in found):
        return _in_images(tree) or Layout({"": ""})
    return Layout(found, tuple(name for name in top.folders if name not in homes))


def _splits(tree: Tree, home: str) -> dict[str, str]:
    """The folders in another that are called like splits and have class folders, by the split."""
    found: dict[str, str] = {}
    folder = tree.folder(home)
    for name, split in split_names(folder.folders).items():
        inner = _with_classes(tree, folder.inside(name), split)
        if inner is None:
            continue
        if split in found:
            first = found[split].removeprefix(f"{home}/").split("/")[0]
            raise DataError(
                f"{tree.path(home)} has two folders for the {split} split: {first} and {name}.",
                "Keep one.",
            )
        found[split] = inner
    return found


def _with_classes(tree: Tree, name: str, split: str) -> str | None:
    """The folder of a split that has class folders: it, or the only folder in it if that is no class; else None."""
    folder = tree.folder(name)
    if not folder.folders:
        return None
    only = folder.folders[0]
    same = split_name(only) == split or only == name.rpartition("/")[2] or called_images(only)
    if len(folder.folders) == 1 and not folder.images and same:
        return _with_classes(tree, folder.inside(only), split)
    return name


def _in_images(tree: Tree) -> Layout | None:
    """The class folders, or splits, in the only folder with images, where other files and folders lie beside it."""
    top = tree.folder()
    home = next((name for name in top.folders if tree.holds_images(name)), "")
    others = tuple(name for name in top.folders if name != home)
    if not home or top.images or not (others or top.others) or any(map(tree.holds_images, others)):
        return None
    while len((folder := tree.folder(home)).folders) == 1 and not folder.images:
        home = folder.inside(folder.folders[0])
    if len(folder.folders) < 2 or annotated_beside(tree, home):
        return None
    if found := _splits(tree, home):
        return Layout(found, others) if "train" in found or len(found) == len(folder.folders) else None
    return None if folder.images else Layout({"": home}, others)
