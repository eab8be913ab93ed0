"""LabelMe: one JSON file per image, beside it or in a folder of its own; splits are folders.

The image is the one that ``imagePath`` names, seen from the JSON file; else the one with the JSON file's stem.
``imageData``, the image in base64, is not read.
"""

import os
import unicodedata
from pathlib import Path
from typing import Any

from foveal.data.catalog.catalog import Catalog
from foveal.data.formats.labelme.record import NAME, page_extras, take_shapes
from foveal.data.formats.listings.documents import is_true, mapping, whole_size
from foveal.data.formats.listings.listing import Entry, Listing, near, split_of_folders
from foveal.data.formats.listings.sampled import read_documents
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.recognition.tree import Tree
from foveal.data.formats.resolver import by_stem


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read LabelMe's files.

    Args:
        path: A folder that has them, in sub-folders too, or one of them.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: No file, no image or no object is left, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks.
    """
    homes = _Homes()
    return read_documents(path, request, NAME, lambda page, title, _, listing: _take(page, title, listing, homes))


def _take(page: object, title: str, listing: Listing, homes: "_Homes") -> bool:
    if (
        not isinstance(page, dict)
        or "shapes" not in page
        or not {"imagePath", "imageData", "imageHeight"} & page.keys()
    ):
        return False
    listing.entries.append(_entry(page, title, listing, homes))
    return True


def _entry(page: dict[str, Any], title: str, listing: Listing, homes: "_Homes") -> Entry:
    folder, stem = near(title), Path(title).stem
    written = page.get("imagePath")
    beside = homes.image(listing.root / folder, stem)
    base = written.replace("\\", "/").rpartition("/")[2] if isinstance(written, str) else ""
    path = str(written) if base else stem
    if beside and (not base or not os.path.isfile(listing.root / folder / path.replace("\\", "/"))):  # noqa: PTH113  (False for long names)
        if base and Path(base).stem != stem:
            listing.told.add("image", "found beside the annotation, not where imagePath says")
        path = beside
    size = whole_size(page.get("imageWidth"), page.get("imageHeight"))
    entry = Entry(path, title, folder, split_of_folders(title), size, extras=page_extras(page), instead=[stem])
    if page.get("imageData"):
        entry.gone = (
            "does not exist; the annotation holds it as imageData, which is not read: save it with labelme_export_json"
        )
    if not isinstance(page["shapes"], list):
        entry.fault(title, "shapes is not a list")
    take_shapes(page, entry, listing.told)
    flags = mapping(page.get("flags"))
    entry.labels = [name for name, value in flags.items() if is_true(value) and name.strip()]
    if entry.labels:
        entry.extras["flags"] = flags
    return entry


class _Homes:
    """The images of folders by their stems."""

    def __init__(self) -> None:
        self._known: dict[Path, dict[str, list[str]]] = {}

    def image(self, folder: Path, stem: str) -> str:
        """The image in a folder with this stem; empty: none."""
        if folder not in self._known:
            self._known[folder] = by_stem(Tree(folder).folder().images)
        return self._known[folder].get(unicodedata.normalize("NFC", stem), [""])[0]
