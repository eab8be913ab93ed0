"""The layout of a YOLO data set, whichever way it is described."""

from pathlib import Path

from foveal.data.formats.homes import name_of
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.yolo.layouts import darknet, from_folders, from_yaml
from foveal.data.formats.yolo.layouts.layout import Layout
from foveal.data.formats.yolo.layouts.lists import ImageLists
from foveal.data.formats.yolo.layouts.yaml_file import SUFFIXES, find_yaml, load_yaml
from foveal.errors import DataError


def lay_out(path: Path, request: Request) -> Layout:
    """The layout of a data set.

    Args:
        path: Its YAML file, its obj.data, its folder, or the folder of its labels.
        request: What the caller asks.

    Raises:
        DataError: Not a YOLO data set, or its YAML or one of its lists is invalid.
        CategoryError: No class names, or ids that are not whole numbers.
    """
    root = request.root or (path if path.is_dir() else path.parent)
    images = request.images
    lists = ImageLists(root, images, request.repairs)
    file = path if path.is_file() else _description(Tree(path))
    if file is None:
        within = name_of(path, root) if request.root is not None else ""
        found = from_folders.lay_out(Tree(root), within or None, images, lists)
    elif file.suffix.lower() in SUFFIXES:
        found = from_yaml.lay_out(load_yaml(file), root, images, lists)
    elif file.suffix.lower() == ".data":
        found = darknet.lay_out(file, root, images, lists)
    else:
        raise DataError(f"{path} is not a YOLO data set.", "Use a data.yaml, an obj.data, or the folder of a data set.")
    found.notes += lists.resolver.notes()
    return found


def _description(tree: Tree) -> Path | None:
    """The YAML or obj.data of a folder."""
    document, _ = find_yaml(tree)
    if document is not None:
        return document.file
    data = [name for name in darknet.find_darknet(tree) if darknet.is_darknet(tree.head(name))]
    return tree.path(data[0]) if data else None
