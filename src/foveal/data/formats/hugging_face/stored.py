"""Parquet and Arrow files of the package datasets: found, told apart by split, and refused where images must be files.

``data/train-00000-of-00001.parquet`` is a shard of the split train, as are ``train/0000.parquet`` and
``train/data-00000-of-00001.arrow``.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from foveal.data.catalog.catalog import UNASSIGNED
from foveal.data.formats.recognition.evidence import Doubt
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.splits import split_of
from foveal.data.notes import listed
from foveal.errors import DataError

SUFFIXES = (".parquet", ".arrow")
DEPTH = 3
"""Levels of folders: configuration, ``data``, split."""
SHARD = re.compile(r"(?:^|[-_.])\d+(?:-of-\d+.*)?$|-[0-9a-f]{16}$")
"""What the name of a shard has behind the split's."""
PLAIN = frozenset({"", "data", "default"})
"""Names of folders and shards that say nothing."""
TAIL_BYTES = 1 << 16
"""The end of a Parquet file, which names its columns."""


@dataclass(frozen=True)
class Shard:
    """One file.

    Attributes:
        name: Its path relative to the data set.
        split: The word that names its split; empty: none does.
        config: Folders that are no split's: a configuration.
    """

    name: str
    split: str
    config: str


def shards_of(tree: Tree) -> list[Shard]:
    """The files of a data set whose images are in them; none where images are files, or the user named the labels."""
    if tree.labels is not None or tree.images is not None:
        return []
    names = tree.texts(*SUFFIXES, depth=DEPTH)
    if not names or (not tree.file and tree.holds_images("")):
        return []
    return [_shard(name) for name in sorted(names)]


def refusal(tree: Tree) -> Doubt | None:
    """Why the images must be taken out of the files first, and how."""
    shards = shards_of(tree)
    if not shards:
        return None
    names = [shard.name for shard in shards]
    source = tree.path(tree.file)
    to = "coco" if has_boxes(tree.path(names[0])) else "image_folder"
    hold = "holds" if len(names) == 1 else "hold"
    return Doubt(
        f"{source}: {listed(names)} {hold} the images, which Foveal reads from files.",
        f"Take them out once: foveal data convert {source} NEW --to {to}",
        own=True,
    )


def one_config(source: Path, shards: list[Shard]) -> None:
    """Check that all files are of one configuration.

    Raises:
        DataError: They are of several.
    """
    configs = sorted({shard.config for shard in shards})
    if len(configs) > 1:
        raise DataError(
            f"{source} has {len(configs)} configurations of a data set: {listed([name or '.' for name in configs])}.",
            f"Name one: {source / (configs[0] or configs[1])}.",
        )


def has_boxes(path: Path) -> bool:
    """Whether the end of a file, where Parquet names its columns, speaks of boxes."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            return b"bbox" in file.read()
    except OSError:
        return False


def _shard(name: str) -> Shard:
    *folders, base = name.split("/")
    stem = SHARD.sub("", SHARD.sub("", base.rpartition(".")[0]))
    word = stem.rpartition("-")[2]  # a cache's files are called NAME-train.arrow
    words = [part for part in folders if split_of(part) != UNASSIGNED]
    split = next((one for one in (stem, word) if split_of(one) != UNASSIGNED), "") or (words[-1] if words else "")
    config = [part for part in folders if part not in words and part.lower() not in PLAIN]
    return Shard(name, split or (stem if stem.lower() not in PLAIN else ""), "/".join(config))
