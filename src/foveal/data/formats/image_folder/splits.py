"""The split folders of an image folder, and the class folders in them."""

from dataclasses import dataclass

from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.splits import split_name
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
    found: dict[str, str] = {}
    for name in top.folders:
        split = split_name(name)
        if split is None:
            continue
        home = _with_classes(tree, name, split)
        if home is None:
            continue
        if split in found:
            raise DataError(
                f"{tree.root} has two folders for the {split} split: {found[split].split('/')[0]} and {name}.",
                "Keep one.",
            )
        found[split] = home
    homes = {home.split("/")[0] for home in found.values()}
    if not found or (len(found) < len(top.folders) and "train" not in found):
        return Layout({"": ""})
    return Layout(found, tuple(name for name in top.folders if name not in homes))


def _with_classes(tree: Tree, name: str, split: str) -> str | None:
    """The folder of a split that has class folders: it, or the only folder in it if that has its name; else None."""
    folder = tree.folder(name)
    if not folder.folders:
        return None
    only = folder.folders[0]
    if len(folder.folders) == 1 and not folder.images and split_name(only) == split:
        return _with_classes(tree, folder.inside(only), split)
    return name
