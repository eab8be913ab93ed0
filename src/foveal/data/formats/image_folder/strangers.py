"""Files that may be annotations, of a format that nothing reads: named where a folder is refused."""

import posixpath
import re

from foveal.data.formats.recognition.tree import Tree
from foveal.data.notes import listed

STRANGERS = (
    *(".json", ".jsonl", ".ndjson", ".xml", ".txt", ".csv", ".tsv", ".manifest", ".mat", ".parquet", ".xlsx"),
    *(".tfrecord", ".record", ".pkl", ".npy", ".npz", ".h5", ".odgt", ".gz", ".zip", ".tar", ".7z", ".rar"),
)
"""Suffixes of files that may be annotations."""
NO_ANNOTATIONS = re.compile(r"readme.*|licen[cs]e.*|requirements\.txt|.*submission.*", re.IGNORECASE)
FIRST = 3
"""Of those in the root with one suffix, how many are named; of those in another folder, one."""
DEPTH = 4
"""Levels of folders in which they are looked for."""


def besides(tree: Tree) -> str:
    """A sentence, behind another, on files that may be annotations; empty: there are none."""
    files = strangers(tree, "")
    return (
        f" {listed(files)} {'is' if len(files) == 1 else 'are'} of no format or layout that is recognised."
        if files
        else ""
    )


def strangers(tree: Tree, start: str) -> list[str]:
    """Files that may be annotations, the first few of each folder and suffix."""
    found: dict[tuple[str, str], list[str]] = {}
    for folder in tree.folders(start):
        if folder.name.count("/") - start.count("/") < DEPTH:
            for name in folder.others:
                suffix = posixpath.splitext(name)[1].lower()
                if suffix in STRANGERS and not NO_ANNOTATIONS.fullmatch(name):
                    own = found.setdefault((folder.name, suffix), [])
                    own += [folder.inside(name)] if len(own) < (1 if folder.name else FIRST) else []
    return [name for names in found.values() for name in names]
