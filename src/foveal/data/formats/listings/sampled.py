"""Documents of a tree: those whose keys fit a format, by their beginnings; and reading all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from foveal.data.catalog.catalog import Annotation, Catalog
from foveal.data.formats.layout import relative
from foveal.data.formats.listings.documents import load_json
from foveal.data.formats.listings.gather import gather
from foveal.data.formats.listings.listing import Listing, root_of, split_of_document
from foveal.data.formats.recognition.evidence import Evidence, Sure
from foveal.data.formats.recognition.json_head import key_paths
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.sidecar.reader import NAME as SIDECAR
from foveal.data.notes import listed, plural
from foveal.errors import DataError

PER_FOLDER = 8
"""Files of a folder whose beginnings are looked at: a folder may have a file for each of its images."""
KINDS: tuple[Annotation, ...] = ("boxes", "masks", "labels")
Load = Callable[[Path], object]
"""Reads a file; raises a DataError that names it."""
Take = Callable[[object, str, int, Listing], bool]
"""Adds a document, by its content, its title and its split, to a listing; False: it is of another format."""


@dataclass(frozen=True)
class Sampled:
    """The documents of a tree.

    Attributes:
        where: What the reader is to be given.
        fit: Titles of those that fit, or lie in a folder of such ones.
        keys: All keys of those that were looked at and fit.
    """

    where: Path
    fit: tuple[str, ...]
    keys: frozenset[str]

    def evidence(self, what: str, kinds: tuple[Annotation, ...] = KINDS, sure: Sure = Sure.CERTAIN) -> Evidence:
        """That the tree is of a format; ``what`` completes the sentence about one document."""
        names = listed(self.fit)
        seen = f"{names} has {what}" if len(self.fit) == 1 else f"{names} have {what}"
        return Evidence(self.where, seen, sure, kinds)


def sample(tree: Tree, fits: Callable[[frozenset[str]], bool]) -> Sampled | None:
    """The JSON documents of a tree, or of what the user named, that fit a format.

    Args:
        tree: The files.
        fits: Whether key paths, see ``json_head``, are the format's.
    """
    where = tree.path(tree.file) if tree.labels is None else tree.labels
    inside = tree if tree.labels is None else Tree(tree.labels)
    fit: list[str] = []
    keys: set[str] = set()
    by_folder: dict[str, list[str]] = {}
    for name in inside.texts(".json"):
        if not name.endswith(SIDECAR):
            by_folder.setdefault(name.rpartition("/")[0], []).append(name)
    for names in by_folder.values():
        found = {name: key_paths(inside.head(name)) for name in names[:PER_FOLDER]}
        good = {name: paths for name, paths in found.items() if fits(paths)}
        keys.update(*good.values())
        fit += [name for name in names if name in good or (good and name not in found)]
    return Sampled(where, tuple(fit), frozenset(keys)) if fit else None


def read_documents(
    path: Path,
    request: Request | None,
    name: str,
    take: Take,
    *,
    load: Mapping[str, Load] = MappingProxyType({".json": load_json}),
    finish: Callable[[Listing], None] = lambda _: None,
) -> Catalog:
    """Read the documents of a folder, or one of them; others are told.

    Args:
        path: The folder or the document.
        request: What the caller asks; None: nothing in particular.
        name: Name of the reader.
        take: Adds one document.
        load: Reads a file, by its suffix in lower case.
        finish: Called when all documents are taken.

    Raises:
        DataError: No document is of this format, or what it lists is of no use.
        CategoryError: A class that the class map lacks.
    """
    request = request or Request()
    listing = Listing(name, root_of(path, request), request)
    tree = Tree(path)
    names = [text for text in tree.texts(*load) if not text.endswith(SIDECAR)]
    kinds = list(load)  # a document in a form that comes first is read before the same in another form
    names.sort(key=lambda name: kinds.index(Path(name).suffix.lower()))
    files = [tree.path(name) for name in names]
    others: list[str] = []
    broken: list[DataError] = []
    for file in files:
        title = relative(file, listing.root)
        try:
            document = load[file.suffix.lower()](file)
        except DataError as error:
            broken.append(error)
            request.repairs.add("", title, "broken", f"has an invalid annotation ({error.what})", "left out")
            continue
        split = split_of_document(title, alone=len(files) == 1)
        if take(document, title, split, listing):
            listing.documents.append(title)
        else:
            others.append(title)
    if not listing.documents:
        if broken:
            raise broken[0]
        file_kind = f"{' or '.join(kinds)} file"
        what = f"{plural(len(others), file_kind)}, none of the format {name}" if others else f"no {file_kind}"
        raise DataError(
            f"{path} has {what}.", "Name the folder or file with the annotations, or another --data.format."
        )
    if others:
        listing.notes.append(f"{plural(len(others), 'document')} not read: {listed(others)}.")
    finish(listing)
    return gather(listing)
