"""CVAT's XML files: reading them, and the labels that they declare."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from foveal.errors import DataError


def load(path: Path) -> Element:
    """The XML of a file.

    Raises:
        DataError: It cannot be read or is malformed; the message has the position.
    """
    try:
        root: Element = fromstring(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).", "Check the file and its permissions.") from None
    except ParseError as error:
        line, column = error.position
        reason = str(error).partition(":")[0]
        raise DataError(
            f"{path}, line {line}, column {column + 1}: malformed XML ({reason}).", "Correct or replace the file."
        ) from None
    except DefusedXmlException:
        raise DataError(f"{path}: declares XML entities, which are not supported.", "Export it again.") from None
    except (ValueError, LookupError) as error:
        raise DataError(f"{path}: malformed XML ({error}).", "Save it as UTF-8, or replace the file.") from None
    return root


def declared(root: Element) -> Iterator[str]:
    """The labels that the file's task or project declares, without the parts of skeletons and mere tags."""
    tags = {tag.get("label") for tag in root.iter("tag")}
    drawn = {shape.get("label") for image in root.iter("image") for shape in image if shape.tag != "tag"}
    for label in root.iterfind("meta//labels/label"):
        name = (label.findtext("name") or "").strip()
        only_tag = label.findtext("type") == "tag" or (name in tags and name not in drawn)
        if name and label.find("parent") is None and not only_tag:
            yield name
