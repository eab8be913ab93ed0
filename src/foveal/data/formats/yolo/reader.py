"""YOLO: ``data.yaml``, ``obj.data`` or a file of class names, and for each image a text file with one object per line.

An image without a text file, or with an empty one, has no objects. A class id is the index in the list of names. What a
line is says ``lines``, where its file lies ``label_files``.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from foveal.data.catalog.catalog import Catalog
from foveal.data.formats.annotations.assemble import assemble, find_images
from foveal.data.formats.annotations.draft import Draft
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.sidecar import reader as sidecar
from foveal.data.formats.text_file import numbered_lines
from foveal.data.formats.yolo import leftovers
from foveal.data.formats.yolo.label_files import LabelFiles
from foveal.data.formats.yolo.layouts.lay_out import lay_out
from foveal.data.formats.yolo.layouts.layout import Layout
from foveal.data.formats.yolo.lines import kind_of
from foveal.data.formats.yolo.reading import Reading, form, numbers_of
from foveal.data.formats.yolo.record import BOX_FIELDS, DOTA_HEADS, NAME, fields_of
from foveal.data.notes import listed, plural
from foveal.errors import CategoryError, DataError
from foveal.types.categories import Categories


@dataclass
class Labels:
    """The lines of one image.

    Attributes:
        draft: The image.
        lines: Number and text of each line that is not blank.
    """

    draft: Draft
    lines: Sequence[tuple[int, str]]


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read a YOLO data set.

    Args:
        path: Its YAML file or ``obj.data``; the folder it lies in; a folder of images, text files and class names; or
            the folder of text files, where the request has a root.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: A YAML file or a list that cannot be read, no usable image, no label file, or a fault under the
            policy ``error``; the message names file and line.
        CategoryError: A class that the class map lacks, no class, or a duplicate one.
    """
    request = request or Request()
    categories, repairs = request.categories, request.repairs
    found = lay_out(path, request)
    root, aside = found.root, sidecar.load(found.root, NAME)
    own = categories or _class_map(found)
    if aside is not None and categories is None:
        own = aside.class_map(own.names, own)
    tree = Tree(root)
    pairs = LabelFiles(tree, found.within, found.read)
    drafts = [Draft(name, found.listed.get(name, found.title), split) for name, split in found.images]
    there = find_images(drafts, root, repairs)
    pairs.pair(draft.name for draft in drafts)
    if there and not pairs.found:
        raise _no_labels(root, pairs, len(there))
    reading = Reading(root, found.names, own, categories is not None, repairs)
    there = _take_lines(there, pairs, found, reading, masks=[*request.annotations][:1] == ["masks"])
    notes = [*found.notes, *pairs.notes(), *reading.notes(), *_bare(there, pairs, reading.lines)]
    if aside is not None:
        notes += aside.merge(there, own, repairs, known=found.names.values())
    notes += leftovers.report(tree, found, pairs, repairs)
    about = sidecar.join_about({NAME: found.about} if found.about else {}, aside)
    return assemble(there, root=root, format=NAME, categories=own, repairs=repairs, about=about, notes=notes)


def _take_lines(
    drafts: Sequence[Draft], pairs: LabelFiles, found: Layout, reading: Reading, *, masks: bool
) -> list[Draft]:
    """Add objects to images; returns the images whose label files could be read."""
    labels = list(_labels(drafts, pairs, reading))
    reading.lines = sum(len(one.lines) for one in labels)
    reading.kind = kind_of(found, list(_long_lines(labels)), masks=masks)
    for one in labels:
        for number, line in one.lines:
            reading.take(one.draft, number, line)
    return [one.draft for one in labels]


def _labels(drafts: Sequence[Draft], pairs: LabelFiles, reading: Reading) -> Iterator[Labels]:
    for draft in drafts:
        file = pairs.found.get(draft.name)
        draft.where = file or pairs.expected(draft.name)
        try:
            lines = list(numbered_lines(reading.root / file)) if file else []
            lines = [(number, line) for number, line in lines if not line.lower().startswith(DOTA_HEADS)]
        except DataError as error:
            reason = error.what.removeprefix(f"{reading.root / draft.where}: ").rstrip(".")
            message = f"has an invalid label file ({reason})"
            reading.repairs.add(draft.name, draft.where, "broken", message, "dropped")
            continue
        yield Labels(draft, lines)


def _long_lines(labels: Sequence[Labels]) -> Iterator[tuple[list[float], tuple[int, int]]]:
    """The numbers of lines that have more than a box's fields, and the size of their image."""
    for one in labels:
        for _, line in one.lines:
            fields = fields_of(line)
            if len(fields) > BOX_FIELDS and one.draft.seen is not None and (numbers := numbers_of(fields[1:])):
                yield numbers, one.draft.seen


def _no_labels(root: Path, pairs: LabelFiles, count: int) -> DataError:
    places = pairs.places()
    there = (
        f" Text files lie in {listed([place or '.' for place in places])}." if places else " There are no text files."
    )
    return DataError(
        f"{root}: no label file was found for any of {plural(count, 'image')}; looked for"
        f" {listed([*pairs.bare.values()])}.{there}",
        "Give each label file the name of its image, or name their folder with --data.labels.",
    )


def _bare(drafts: Sequence[Draft], pairs: LabelFiles, lines: int) -> list[str]:
    """What is told of images without label files."""
    without = Counter(draft.name.rpartition("/")[0] for draft in drafts if draft.name not in pairs.found)
    whole = {home: without.pop(home, 0) for home in pairs.bare}
    out = [
        f"None of the {plural(count, 'image')} in {home or '.'} has a label file (looked for {pairs.bare[home]}): read"
        " as images without objects."
        for home, count in whole.items()
        if count
    ]
    count = sum(without.values())
    if count:
        one = next(
            draft.name for draft in drafts if draft.name not in pairs.found and draft.name.rpartition("/")[0] in without
        )
        out.append(
            f"{plural(count, 'image')} without a label file, read as without objects, such as {one} (looked for"
            f" {pairs.expected(one)})."
        )
    if not any(draft.objects for draft in drafts) and not lines:
        out.append("All label files are empty: there are no objects.")
    return out


def _class_map(found: Layout) -> Categories:
    ids, names = tuple(found.names), tuple(found.names.values())
    try:
        Categories(tuple(map(form, names)))
        return Categories(names, () if ids == tuple(range(len(ids))) else ids)
    except CategoryError as error:
        raise CategoryError(
            f"{found.root / found.title}: {error.what[0].lower()}{error.what[1:]}", error.hint
        ) from None
