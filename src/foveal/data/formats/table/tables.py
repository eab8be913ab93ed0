"""Which files of a data set are its tables: one, one per split, or several that leave a doubt."""

import posixpath
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED
from foveal.data.formats import layout
from foveal.data.formats.recognition.evidence import Doubt
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.splits import split_name_of_file, split_of
from foveal.data.formats.table.images import open_folder
from foveal.data.formats.table.text import is_image_name, sample_of
from foveal.data.notes import listed
from foveal.errors import DataError

SUFFIXES = (".csv", ".tsv")
LISTS = (*SUFFIXES, ".txt")
"""Suffixes of tables that the user names."""
TRAIN = SPLITS.index("train")
MOST = 100
"""Tables of one level, beyond which they are annotations of one image each."""
OTHERS = (".json", ".jsonl", ".xml", ".yaml", ".yml", ".mat", ".parquet", ".xlsx", ".xls")
"""Suffixes of other files that may be annotations."""
FOLDERS = 1000
"""Folders beside a table in which images are looked for."""
LEVELS = 3
"""Levels of folders that are searched for tables: FiftyOne writes ``train/labels/detections.csv``."""
ASIDE = frozenset({"annotations", "annotation", "labels", "label", "csv", "csvs", "tables", "metadata", "meta", "anno"})
"""Folders of tables beside the folders of images."""
SUBMISSION = re.compile(r".*submi(ssion|t).*|.*solution.*", re.IGNORECASE)
"""Examples of what to hand in, as Kaggle adds them; their labels are made up."""
HANDED_IN = re.compile(r".*submi(ssion|t).*", re.IGNORECASE)
"""Those that are never labels, not even where there are no others."""


@dataclass(frozen=True)
class Tables:
    """The tables of a data set.

    Attributes:
        root: Folder that names are relative to.
        names: The tables that are read.
        codes: The split that each one's name or folder says; UNASSIGNED: none.
        unread: Other tables.
    """

    root: Path
    names: tuple[str, ...]
    codes: tuple[int, ...]
    unread: tuple[str, ...] = ()

    def where(self, tree: Tree) -> Path:
        """What the reader is to be given: the only table if it lies in the root, else the folder."""
        if tree.labels is not None or tree.file:
            return tree.labels or tree.path(tree.file)
        alone = len(self.names) == 1 and "/" not in self.names[0] and self.codes[0] == _sign(tree, self.names[0])
        return tree.path(self.names[0] if alone else "")


def open_tables(path: Path, request: Request, fits: Callable[[Path], bool], *, missing: DataError) -> Tables:
    """The tables that a reader is to read.

    Args:
        path: A table, or the folder of a data set.
        request: What the caller asks.
        fits: Whether a table has the columns that are wanted; a table that is named is read whatever it has.
        missing: The error where no table of a folder fits.

    Raises:
        DataError: None fits, or several do and no name says which is of which split.
    """
    named = Tree(path) if request.root is None else Tree(request.root, labels=path)
    if path.is_file():
        found = tables_of(named, lambda _: True)
        root = request.root or path.parent
        return found if isinstance(found, Tables) else Tables(root, (layout.relative(path, root),), (UNASSIGNED,))
    found = tables_of(named, fits)
    if isinstance(found, Doubt):
        raise DataError(found.seen, found.hint)
    if found is None:
        raise missing
    return found


def tables_of(tree: Tree, fits: Callable[[Path], bool]) -> Tables | Doubt | None:
    """The tables that fit; a doubt where several do and no name says which is of which split.

    Args:
        tree: The data set.
        fits: Whether a table has the columns that are wanted.
    """
    root = tree.root
    if tree.labels is not None and tree.labels.is_dir():
        below = Tree(tree.labels)
        found = tables_of(below, fits)
        if not isinstance(found, Tables):
            return found
        moved = tuple(layout.relative(found.root / name, root) for name in found.names)
        codes = tuple(
            code if code != UNASSIGNED else _sign(tree, name) for code, name in zip(found.codes, moved, strict=True)
        )
        return Tables(root, moved, codes, found.unread)
    if tree.file or tree.labels is not None:
        path = tree.labels or tree.path(tree.file)
        if not path.name.lower().endswith(LISTS) or not fits(path):
            return None
        if tree.labels is None and not _holds_deep(Tree(root)) and _holds_images(Tree(root.parent)):
            root = root.parent
        name = layout.relative(path, root)
        return Tables(root, (name,), (_sign(Tree(root), name),))  # a tree of its own: a million names are not kept
    for every in (_names(tree), _lists(tree)):
        if found := _of_names(tree, every, fits):
            return found
    return None


def _of_names(tree: Tree, every: Sequence[str], fits: Callable[[Path], bool]) -> Tables | Doubt | None:
    """Those that fit, on the first level of folders that has any."""
    for level in range(1 if _wrapped(tree) else LEVELS):
        names = [name for name in every if name.count("/") == level]
        if len(names) > MOST:
            continue
        fit = [name for name in names if fits(tree.path(name))]
        examples = [name for name in names if SUBMISSION.fullmatch(posixpath.basename(name))]
        fit = [name for name in fit if name not in examples] if {*fit} - {*examples} else fit
        fit = [name for name in fit if not HANDED_IN.fullmatch(posixpath.basename(name))]
        if fit:
            doubt = _unfit_train(tree, fit, names)
            if doubt is not None:
                return doubt
            others = [name for name in every if name.count("/") <= level and name not in fit]
            others += tree.folder().with_suffix(*OTHERS)
            return _chosen(tree, fit, others, examples=bool(examples))
    return None


def _unfit_train(tree: Tree, fit: Sequence[str], names: Sequence[str]) -> Doubt | None:
    """The training table does not fit, though others with the same columns do."""
    for name in names:
        if name in fit or _code(name) != TRAIN or any(_code(other) == TRAIN for other in fit):
            continue
        try:
            if sample_of(tree.path(name)).titles != sample_of(tree.path(fit[0])).titles:
                continue
        except DataError as error:
            return Doubt(error.what, error.hint, own=True)
        return Doubt(
            f"{tree.path(name)} has the columns of {fit[0]}, but other values: neither labels nor 0 and 1 alone.",
            f"Correct it (1 is of the class, 0 or an empty field is not), or read {fit[0]} alone: --data.labels"
            f" {fit[0]}.",
            own=True,
        )
    return None


def _wrapped(tree: Tree) -> bool:
    """Whether there is but one folder, which is the data set rather than a part of it."""
    top = tree.folder()
    if len(top.folders) != 1 or top.images:
        return False
    return split_of(top.folders[0]) == UNASSIGNED and top.folders[0].lower() not in ASIDE


def others_of(tree: Tree) -> list[str]:
    """All tables that a folder may be read by: those in the root."""
    return tree.texts(*LISTS) if tree.file else tree.folder().with_suffix(*SUFFIXES)


def _names(tree: Tree) -> list[str]:
    out, level = tree.folder().with_suffix(*SUFFIXES), [""]
    for _ in range(LEVELS - 1):
        level = [tree.folder(above).inside(name) for above in level for name in tree.folder(above).folders]
        out += [name for folder in level for name in tree.folder(folder).with_suffix(*SUFFIXES)]
    return out


def _lists(tree: Tree) -> list[str]:
    """Lists of ``path label`` without a header, as Caffe has them."""
    top = tree.folder()
    homes = [top, *(tree.folder(name) for name in top.folders if name.lower() in ASIDE)]
    texts = [folder.with_suffix(".txt") for folder in homes]
    return [name for names in texts if len(names) <= MOST for name in names if _is_list(tree, name)]


def _is_list(tree: Tree, name: str) -> bool:
    rows = [line.split() for line in tree.head(name).splitlines()[:20] if line.strip()]
    return bool(rows) and all(
        len(row) == 2 and is_image_name(row[0]) and not is_image_name(row[1]) for row in rows[: max(1, len(rows) - 1)]
    )


def _chosen(tree: Tree, fit: Sequence[str], others: Sequence[str], *, examples: bool) -> Tables | Doubt:
    codes = {name: _code(name) for name in fit}
    named = [name for name in fit if codes[name] != UNASSIGNED]
    if len(fit) == 1:
        code = codes[fit[0]] if _in_split(fit[0]) else _sign(tree, fit[0])
        if examples and code == UNASSIGNED and TRAIN in _folder_codes(tree):
            code = TRAIN  # a contest: what has labels is for training
        return Tables(tree.root, tuple(fit), (code,), tuple(others))
    if len(named) > 1 and len({codes[name] for name in named}) == len(named):
        named.sort(key=lambda name: codes[name])
        left = [name for name in fit if name not in named]
        return Tables(tree.root, tuple(named), tuple(codes[name] for name in named), (*others, *left))
    return Doubt(
        f"{tree.root} has {len(fit)} tables with labels: {listed(fit)}.",
        f"Name the one to be read with --data.labels {fit[0]}, or call them train.csv, val.csv and test.csv.",
        own=True,
    )


def _code(name: str) -> int:
    """The split that a table's name, or else its folder, says."""
    word = split_name_of_file(posixpath.splitext(posixpath.basename(name))[0])
    if word is not None:
        return SPLITS.index(word)
    codes = [code for part in name.split("/")[:-1] if (code := split_of(part)) != UNASSIGNED]
    return codes[0] if codes else UNASSIGNED


def _in_split(name: str) -> bool:
    return any(split_of(part) != UNASSIGNED for part in name.split("/")[:-1])


def _sign(tree: Tree, name: str) -> int:
    """The split of an only table: what its name says, if there is a folder of that split."""
    code = _code(name)
    return code if code in _folder_codes(tree) else UNASSIGNED


def _folder_codes(tree: Tree) -> set[int]:
    """The splits that folders are named after."""
    folders = [*tree.folder().folders]
    below = [open_folder(tree, folder) for folder in layout.IMAGE_FOLDERS if folder in folders]
    folders += [name for folder in below if folder for name in folder.folders]
    return {split_of(folder) for folder in folders}


def _holds_deep(tree: Tree) -> bool:
    """Whether a table's own folder holds images, however deep; a few folders are looked at, as it may be anyone's."""
    waiting = deque([""])
    for _ in range(FOLDERS):
        folder = open_folder(tree, waiting.popleft()) if waiting else None
        if folder is not None and folder.images:
            return True
        waiting += [folder.inside(name) for name in folder.folders] if folder else []
    return False


def _holds_images(tree: Tree) -> bool:
    top = open_folder(tree, "")
    below = [open_folder(tree, name) for name in top.folders] if top else []
    return any(folder.images for folder in [top, *below] if folder)
