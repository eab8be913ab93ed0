"""The files and regions that a JSON document of VIA lists; versions 1 to 3."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from foveal.data.formats.listings.documents import items, mapping, shown
from foveal.data.formats.listings.shapes import Shape, Told
from foveal.data.formats.via.record import shape_of, shape_of_numbers
from foveal.errors import DataError

PROJECT = "_via_img_metadata"
IMAGE = 2
"""Type of a file in version 3 that is an image."""
VERSION_3 = frozenset({"file", "metadata", "view"})


@dataclass
class Region:
    """One region as written.

    Attributes:
        where: File and entry, for messages.
        attributes: Of the region.
        key: Key in a side-car.
        given: What describes its shape: an object in versions 1 and 2, a list in version 3.
    """

    where: str
    attributes: dict[str, Any]
    key: str
    given: object

    def shape(self, told: Told) -> Shape | None:
        """Its shape; None: it has no area, which is told.

        Raises:
            ValueError: It is invalid.
        """
        if isinstance(self.given, list):
            return shape_of_numbers(self.given, told)
        return shape_of(mapping(self.given), told)


@dataclass
class File:
    """One image as written.

    Attributes:
        written: Its name.
        where: Document and entry.
        attributes: Of the file.
        regions: Its regions.
        faults: Places and messages of what is no region.
    """

    written: object
    where: str
    attributes: dict[str, Any] = field(default_factory=dict)
    regions: list[Region] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)


def files_of_json(document: object, title: str) -> list[File] | None:
    """The files of a document; None: it is not VIA's.

    Raises:
        DataError: It annotates a video.
    """
    page = mapping(document)
    if page.keys() >= VERSION_3:
        return list(_files_of_version_3(page, title))
    records = mapping(page.get(PROJECT, page))
    if PROJECT not in page and not any("filename" in mapping(one) and "regions" in one for one in records.values()):
        return None
    return [_file(mapping(record), f"{title}, {key}") for key, record in records.items()]


def _file(record: dict[str, Any], where: str) -> File:
    file = File(record.get("filename"), where, mapping(record.get("file_attributes")))
    given = record.get("regions")
    regions = list(given.values()) if isinstance(given, dict) else items(given)
    if given is not None and not isinstance(given, dict | list):
        file.faults.append((where, f"regions is {shown(given)}, not a list"))
    for at, region in enumerate(regions):
        place = f"{where}, regions[{at}]"
        if not isinstance(region, dict):
            file.faults.append((place, f"{shown(region)} is not a JSON object"))
            continue
        given = mapping(region.get("shape_attributes"))
        file.regions.append(Region(place, mapping(region.get("region_attributes")), f"{given}", given))
    return file


def _files_of_version_3(page: dict[str, Any], title: str) -> Iterator[File]:
    files: dict[str, File] = {}
    for key, record in mapping(page["file"]).items():
        one = mapping(record)
        if one.get("type", IMAGE) != IMAGE:
            raise video(f"{title}, file {key}")
        files[key] = File(one.get("fname") or one.get("src"), f"{title}, file {key}")
    views = {
        key: [str(one) for one in items(mapping(view).get("fid_list"))] for key, view in mapping(page["view"]).items()
    }
    options = {key: mapping(one) for key, one in mapping(page.get("attribute")).items()}
    for key, record in mapping(page["metadata"]).items():
        one, where = mapping(record), f"{title}, metadata {key}"
        if items(one.get("z")):
            raise video(where)
        values = {
            str(options.get(number, {}).get("aname", number)): _value(value, options.get(number, {}))
            for number, value in mapping(one.get("av")).items()
        }
        for number in views.get(str(one.get("vid")), ()):
            if number in files and one.get("xy"):
                files[number].regions.append(Region(where, values, f"{one['xy']}", items(one["xy"])))
            elif number in files:
                files[number].attributes.update(values)
    yield from files.values()


def video(where: str) -> DataError:
    """The refusal of a video's annotations."""
    return DataError(
        f"{where}: VIA annotates a video or audio here, which is not read.",
        "Annotate the frames as images, or export them with their boxes as COCO.",
    )


def _value(value: object, attribute: dict[str, Any]) -> object:
    """The text of a chosen option; of several, which of them are set."""
    options = mapping(attribute.get("options"))
    if not options or not isinstance(value, str):
        return value
    chosen = [str(options.get(key, key)) for key in value.split(",")]
    return chosen[0] if len(chosen) == 1 else dict.fromkeys(chosen, True)
