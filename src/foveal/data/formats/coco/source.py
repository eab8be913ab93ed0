"""One of COCO's JSON files: its content, its split and where its images lie."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats import layout
from foveal.data.formats.coco.columns import Columns
from foveal.data.formats.coco.document import read_document
from foveal.data.formats.coco.files import EXPORT, UNASSIGNED_FILE, split_in, word_of
from foveal.data.formats.coco.panoptic import PanopticColumns
from foveal.data.formats.coco.told import Told
from foveal.data.formats.recognition.tree import Folder, Tree
from foveal.data.formats.resolver import Resolver
from foveal.data.formats.sidecar.reader import NAME as SIDECAR
from foveal.data.formats.splits import split_of
from foveal.data.notes import listed
from foveal.errors import DataError

LISTS = ("images", "annotations", "categories")
FOLDS = 0.5
"""Share of a split's images in another split from which on it is no slip."""
DATA = "data"
"""Folder of images in a tool's exports."""


@dataclass
class Source:
    """One JSON file.

    Attributes:
        path: The file.
        title: Name in messages.
        split: Code of its split.
        document: Its content but for the annotations.
        columns: The annotations.
        locate: Finds its images.
        listed: Names of all images that it lists.
    """

    path: Path
    title: str
    split: int
    document: dict[str, Any]
    columns: Columns
    locate: Resolver
    listed: set[str] = field(default_factory=set)

    def name_of(self, written: str) -> str:
        """The image's name; for a missing file, the likeliest one."""
        return self.locate(written) or self.locate.likely(written)

    def lost(self, written: str) -> str:
        """Why there is no file, where it is not just missing."""
        why = self.locate.why_not(written)
        return "" if why == "does not exist" else f"is listed but {why}"


def load(
    path: Path,
    root: Path,
    *,
    lists: Sequence[str] = LISTS,
    told: Told | None = None,
    tree: Tree | None = None,
    top: Path | None = None,
    images: Path | None = None,
    panoptic: bool = False,
) -> Source:
    """Read one JSON file.

    Args:
        path: The file.
        root: Folder that names are relative to.
        lists: Lists that it must have.
        told: Collects values of another form.
        tree: The root's files; None: not yet listed.
        top: Folder below which the names of folders may tell the split; None: the root.
        images: The only folder of images; None: where the layout has them.
        panoptic: Whether its annotations are segments of PNG files.

    Raises:
        DataError: It cannot be read, or is not COCO's.
    """
    title = layout.relative(path, root)
    counts = Told() if told is None else told

    def start() -> Columns:
        return PanopticColumns(path, root, title, counts) if panoptic else Columns(title, counts)

    document, columns = read_document(path, "annotations", start)
    hint = 'COCO\'s instances JSON is an object with the lists "images", "annotations" and "categories".'
    if not isinstance(document, dict):
        raise DataError(f"{path}: the JSON is not an object.", hint)
    for key in lists:
        if not isinstance(document.get(key), list):
            raise DataError(f"{path}: the list {key!r} is missing.", hint)
    split = split_in(path, top or root)
    if images is None:
        folders = _folders(tree or Tree(root), path, top or root)
    else:
        inside = [images / name for name in Tree(images).folder().folders if _is_own(name, path, split)]
        folders = [layout.relative(folder, root) for folder in [*inside, images]]
    return Source(path, title, split, document, columns, Resolver(root, folders))


def stands_alone(files: Sequence[Path]) -> bool:
    """Whether there are no other files that may list further images."""
    return {other for file in files for other in file.parent.glob("*.json") if other.name != SIDECAR} == {*files}


def _folders(tree: Tree, path: Path, top: Path) -> list[str]:
    """Folders of the images, relative to the root, likeliest first; those of the file's split before others."""
    beside = layout.relative(path.parent, tree.root)
    if path.name == EXPORT:
        return [beside]
    word, split = word_of(path, top), split_in(path, top)
    bases = [tree.folder(name) for name in _around(beside)]
    pools = [name for base in bases for name in _pools(base)]
    own: list[str] = []
    for folder in (*bases, *map(tree.folder, pools)):
        names = sorted(folder.folders, key=lambda name: name != word)
        own += [folder.inside(name) for name in names if _is_own(name, path, split)]
    own += [name for folder in own for name in _pools(tree.folder(folder))]
    rest = [base.inside(DATA) for base in bases if DATA in base.folders]
    return list(dict.fromkeys([*own, *pools, "", beside, *rest]))


def _is_own(folder: str, path: Path, split: int) -> bool:
    """Whether a folder's name stands for a file's split, or both the file and the folder say that there is none."""
    if split == UNASSIGNED:
        return path.stem.endswith(UNASSIGNED_FILE) and folder == UNASSIGNED_FILE
    return split_of(folder) == split


def _around(folder: str) -> list[str]:
    """A folder below the root and those around it, the nearest first; the root is the last."""
    if folder in ("", ".") or folder.startswith(("..", "/")):
        return [""]
    parts = folder.split("/")
    return ["/".join(parts[:at]) for at in range(len(parts), -1, -1)]


def _pools(folder: Folder) -> list[str]:
    """Folders of all images in a folder of a split."""
    return [folder.inside(name) for name in layout.IMAGE_FOLDERS if name in folder.folders]


def refuse_folds(sources: Sequence[Source]) -> None:
    """Check that files of one split and of another do not list the same images.

    Raises:
        DataError: They do, and there are several files of one split: which are read together is the user's to say.
    """
    by_split: dict[int, set[str]] = {}
    for source in sources:
        if source.split != UNASSIGNED:
            by_split.setdefault(source.split, set()).update(source.listed)
    claimed = [source for source in sources if source.split != UNASSIGNED]
    if len(claimed) <= len(by_split):
        return
    for split, names in by_split.items():
        others = set[str]().union(*(own for other, own in by_split.items() if other != split))
        if names and len(names & others) >= FOLDS * len(names):
            titles = [source.title for source in claimed]
            raise DataError(
                f"{claimed[0].path.parent} has {len(claimed)} files that list the same images in several splits, as the"
                f" folds of a cross-validation do: {listed(titles)}.",
                f"Name the file to train on, --data.labels {titles[0]}, or a folder that has the files of one fold.",
            )
