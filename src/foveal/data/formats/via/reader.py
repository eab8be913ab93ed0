"""VGG Image Annotator: JSON and CSV of versions 1, 2 and 3.

The class is the regions' attribute that is called so or is filled in most; without attributes, all regions are of one
class. Further attributes are kept. Files without regions stay images without objects.
"""

from pathlib import Path

from foveal.data.catalog.catalog import Catalog
from foveal.data.formats.listings.documents import load_json
from foveal.data.formats.listings.listing import Entry, Listing, Thing, flags_of, near
from foveal.data.formats.listings.sampled import read_documents
from foveal.data.formats.recognition.request import Request
from foveal.data.formats.via.class_attribute import class_attribute, class_of
from foveal.data.formats.via.files import File, files_of_json
from foveal.data.formats.via.record import NAME
from foveal.data.formats.via.rows import Rows, files_of_rows, load_rows


def read(path: Path, request: Request | None = None) -> Catalog:
    """Read VIA's documents.

    Args:
        path: A document, or a folder that has one, or one for each split.
        request: What the caller asks; None: nothing in particular.

    Raises:
        DataError: No document, no image or no object is left, a video, or a fault under the policy ``error``.
        CategoryError: A class that the class map lacks.
    """
    taken: list[tuple[File, str, int]] = []

    def take(document: object, title: str, split: int, _: Listing) -> bool:
        if taken and Path(taken[0][1]).suffix.lower() != Path(title).suffix.lower():
            return False  # the same project in the other form
        files = files_of_rows(document, title) if isinstance(document, Rows) else files_of_json(document, title)
        taken.extend((file, title, split) for file in files or ())
        return files is not None

    def finish(listing: Listing) -> None:
        name, note = class_attribute([region.attributes for file, _, _ in taken for region in file.regions])
        listing.notes += [note] if note else []
        for file, title, split in taken:
            _take_file(file, title, split, name, listing)

    return read_documents(path, request, NAME, take, load={".json": load_json, ".csv": load_rows}, finish=finish)


def _take_file(file: File, title: str, split: int, name: str, listing: Listing) -> None:
    if not isinstance(file.written, str) or not file.written:
        listing.fault(file.where, "has no filename")
        return
    entry = Entry(file.written, file.where, near(title), split)
    entry.extras = {"file_attributes": file.attributes} if file.attributes else {}
    for where, message in file.faults:
        entry.fault(where, message)
    for region in file.regions:
        try:
            shape = region.shape(listing.told)
        except ValueError as error:
            entry.fault(region.where, str(error))
            continue
        if shape is not None:
            flags, rest = flags_of({key: value for key, value in region.attributes.items() if key != name})
            extras = {"region_attributes": rest} if rest else {}
            label = class_of(region.attributes, name)
            entry.things.append(Thing(label, shape, region.where, f"{label} {region.key}", flags, extras))
    listing.entries.append(entry)
