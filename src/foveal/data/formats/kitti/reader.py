"""KITTI's object detection: a text file per image in ``label_2``, images in ``image_2``.

``truncated`` above 0 is the flag; ``DontCare`` regions are ignored for every class; all other fields are kept. Splits
are folders, or lists of stems in ``ImageSets``.
"""

from pathlib import Path, PurePosixPath

from foveal.data.catalog.catalog import UNASSIGNED, Catalog
from foveal.data.formats.kitti.record import LINE, NAME, thing_of
from foveal.data.formats.layout import relative
from foveal.data.formats.listings.gather import gather
from foveal.data.formats.listings.listing import Entry, Listing, near, root_of, split_of_folders
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.resolver import by_stem
from foveal.data.formats.splits import split_of
from foveal.data.notes import listed, plural
from foveal.errors import DataError

IMAGE_FOLDERS = ("image_2", "images", "image", "imgs", "image_02", "JPEGImages")
LISTS = "ImageSets"


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read KITTI's label files.

    Args:
        path: A folder that has them, such as the one with ``training/label_2``.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: No label file, no image or no object is left, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks.
    """
    request = request or Request()
    listing = Listing(NAME, root_of(path, request), request)
    tree = Tree(path)
    titles = {relative(tree.path(name), listing.root): tree.path(name) for name in tree.texts(".txt")}
    splits = _lists(titles)
    labels: dict[str, list[str]] = {}
    for title in titles:
        if f"/{LISTS}/" not in f"/{title}":
            labels.setdefault(near(title), []).append(title)
    images = Tree(listing.root if request.images is None else request.images)
    for folder, names in labels.items():
        texts = {name: _text(titles[name], listing) for name in names}
        lines = [line for text in texts.values() for line in text.splitlines() if line.strip()]
        if not any(LINE.fullmatch(line) for line in lines):
            listing.notes.append(f"{plural(len(names), 'text file')} not KITTI's left out: {listed(names)}.")
            continue
        listing.documents.append(folder or listing.root.name)
        place = _images(folder, images)
        stems = by_stem(images.folder(place).images)
        split = split_of_folders(f"{folder}/labels")
        for name in names:
            stem = PurePosixPath(name).stem
            written = stems.get(stem, [f"{stem}.png"])[0]
            entry = Entry(f"{place}/{written}" if place else written, name, "", splits.get(stem, split))
            _take_lines(texts[name], entry)
            listing.entries.append(entry)
    if not listing.documents:
        raise DataError(
            f"{path} has no text file with KITTI's labels.", "Name the folder that has label_2 and image_2."
        )
    return gather(listing)


def _take_lines(text: str, entry: Entry) -> None:
    for at, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                entry.things.append(thing_of(line, f"{entry.where}, line {at}"))
            except ValueError as error:
                entry.fault(f"{entry.where}, line {at}", str(error))


def _images(folder: str, tree: Tree) -> str:
    """The folder of images that belongs to one of labels: beside it, by its name, or itself."""
    parts = folder.split("/") if folder else []
    for at in reversed(range(len(parts))):
        for name in IMAGE_FOLDERS:
            place = "/".join([*parts[:at], name, *parts[at + 1 :]])
            if tree.folder(place).images:
                return place
    places = [one.name for one in tree.folders() if one.images]
    return folder if tree.folder(folder).images or len(places) != 1 else places[0]


def _lists(titles: dict[str, Path]) -> dict[str, int]:
    """The split of each stem that a list in ``ImageSets`` names."""
    splits: dict[str, int] = {}
    for title, path in titles.items():
        code = split_of(PurePosixPath(title).stem)
        if f"/{LISTS}/" in f"/{title}" and code != UNASSIGNED:
            for line in path.read_text("utf-8", errors="replace").split():
                splits.setdefault(PurePosixPath(line).stem, code)
    return splits


def _text(path: Path, listing: Listing) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        listing.fault(str(path), f"cannot be read ({error.strerror})", "broken")
    except UnicodeDecodeError:
        listing.fault(str(path), "is not UTF-8 text", "broken")
    return ""
