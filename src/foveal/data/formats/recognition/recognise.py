"""The one place where the evidence of all formats is weighed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from foveal.data.catalog.catalog import Annotation
from foveal.data.formats.containers import container
from foveal.data.formats.recognition.evidence import Doubt, Evidence, Format, Sure
from foveal.data.formats.recognition.tree import Tree
from foveal.data.notes import listed, plural
from foveal.errors import DataError

TABLES = (".csv", ".tsv", ".json", ".jsonl", ".xml", ".mat", ".yaml", ".yml", ".parquet", ".xlsx", ".xls", ".ndjson")
"""Suffixes of files that may say something of images."""


@dataclass(frozen=True)
class Choice:
    """The format that reads a data set.

    Attributes:
        format: It.
        evidence: What it found.
        inside: Name of the only sub-folder, which is the data set; empty: the folder itself is.
        others: What other formats found, and are not read.
        doubts: What is surely of other formats, but could not be read as such.
        beside: Files beside the folder in which the data set is, which may say something of it.
    """

    format: Format
    evidence: Evidence
    inside: str = ""
    others: tuple[tuple[Format, Evidence], ...] = ()
    doubts: tuple[tuple[Format, Doubt], ...] = ()
    beside: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """The reason in words."""
        return f"{self.inside}: {self.evidence.seen}" if self.inside else self.evidence.seen

    def notes(self) -> list[str]:
        """What else is there and is not read, and the flag that has it read."""
        out = []
        if self.inside:
            out.append(f"{self.inside} is the only folder, and is read as the data set.")
        for other, evidence in self.others:
            out.append(f"Not read: {evidence.seen} ({other.title}; --data.format {other.name} reads it).")
        out += [f"Not read as {other.title}: {doubt.seen}" for other, doubt in self.doubts]
        told = [evidence.seen for _, evidence in self.others]
        unread = [name for name in self.evidence.unread if not any(name in seen for seen in told)]
        if unread or self.beside:
            out.append(f"Not read: {listed([*self.beside, *unread])}.")
        return out


def recognise(tree: Tree, formats: Iterable[Format], wanted: Sequence[Annotation] = ()) -> Choice:
    """The format of a data set.

    Args:
        tree: Its files.
        formats: Those that may read it, the first of equally sure ones first.
        wanted: Kinds of annotations that are wanted, in order of preference; empty: any.

    Raises:
        DataError: No format is sure, or several are equally unsure; the message says what was seen and which option
            decides.
    """
    found: list[tuple[Format, Evidence]] = []
    doubts: list[tuple[Format, Doubt]] = []
    for one in formats:
        finding = _find(one, tree)
        if isinstance(finding, Evidence):
            found.append((one, finding))
        elif finding is not None:
            doubts.append((one, finding))
    fit = [pair for pair in found if not wanted or {*wanted} & {*pair[1].annotations}]
    own = [pair for pair in doubts if pair[1].own]
    if own and all(evidence.sure < Sure.CERTAIN for _, evidence in fit):
        raise _refusal(tree, own)
    if fit:
        return replace(_best(tree, fit, found, wanted), doubts=tuple(own))
    if not found:
        top = tree.folder()
        if not tree.file and len(top.folders) == 1 and not top.images and tree.labels is None:
            return _inside(tree, top.folders[0], formats, wanted, doubts)
        raise _refusal(tree, doubts)
    other, evidence = found[0]
    kinds = " or ".join(dict.fromkeys(kind for _, e in found for kind in e.annotations))
    raise DataError(
        f"{tree.path(tree.file)} has no {' or '.join(wanted)}: it is {other.title} ({evidence.seen}) with {kinds}"
        " alone.",
        "Choose another task, or a data set that has what this one learns from.",
    )


def _find(one: Format, tree: Tree) -> Evidence | Doubt | None:
    try:
        finding = one.find(tree)
    except DataError as error:
        return Doubt(error.what, error.hint, own=True)
    if isinstance(finding, Evidence) and tree.labels is not None and not _within(finding.where, tree.labels):
        return None
    return finding


def _within(where: Path, labels: Path) -> bool:
    return where.resolve() == labels.resolve() or where.resolve().is_relative_to(labels.resolve())


def _best(
    tree: Tree,
    fit: Sequence[tuple[Format, Evidence]],
    found: Sequence[tuple[Format, Evidence]],
    wanted: Sequence[Annotation],
) -> Choice:
    top = max(evidence.sure for _, evidence in fit)
    best = [pair for pair in fit if pair[1].sure == top]
    if wanted:
        first = min(_place(evidence, wanted) for _, evidence in best)
        best = [pair for pair in best if _place(pair[1], wanted) == first]
    if len(best) > 1 and top < Sure.CERTAIN:
        could = " or ".join(f"{one.title} ({evidence.seen})" for one, evidence in best)
        raise DataError(
            f"{tree.path(tree.file)} could be {could}.",
            "Say which: " + " or ".join(f"--data.format {one.name}" for one, _ in best) + ".",
        )
    chosen = best[0]
    others = (pair for pair in found if pair is not chosen and pair[1].sure == Sure.CERTAIN)
    return Choice(*chosen, others=tuple(others))


def _place(evidence: Evidence, wanted: Sequence[Annotation]) -> int:
    return min(wanted.index(kind) for kind in evidence.annotations if kind in wanted)


def _inside(
    tree: Tree,
    name: str,
    formats: Iterable[Format],
    wanted: Sequence[Annotation],
    doubts: Sequence[tuple[Format, Doubt]],
) -> Choice:
    """Look into the only sub-folder."""
    try:
        choice = recognise(Tree(tree.path(name), images=tree.images), formats, wanted)
    except DataError:
        if doubts:
            raise _refusal(tree, doubts) from None
        raise
    inside = f"{name}/{choice.inside}" if choice.inside else name
    beside = tuple(other for other in tree.folder().others if other.lower().endswith(TABLES))
    return replace(choice, inside=inside, beside=(*beside, *choice.beside))


def _refusal(tree: Tree, doubts: Sequence[tuple[Format, Doubt]]) -> DataError:
    path = tree.path(tree.file)
    if doubts:
        _, doubt = doubts[0]
        return DataError(doubt.seen, doubt.hint)
    held = container([tree.file]) if tree.file else None
    if held is not None:
        return DataError(f"{path} {held[1]}, which Foveal does not read.", held[2])
    if tree.file:
        return DataError(
            f"{path} is not a data set.",
            "Name a folder, a table (.csv or .tsv), a COCO .json or a YOLO .yaml file.",
        )
    top = tree.folder()
    if not (top.folders or top.images or top.others):
        return DataError(f"{path} is an empty folder.", "Use a folder with one sub-folder of images per class.")
    things = [
        plural(len(top.folders), "folder"),
        plural(len(top.images), "image"),
        plural(len(top.others), "other file"),
    ]
    return DataError(
        f"{path} is no data set of a known format: it has {', '.join(things)}.",
        "Name the format with --data.format, and the images and annotations with --data.images and --data.labels.",
    )
