"""One XML file of Pascal VOC, as Foveal's objects and extras.

VOC counts pixels from 1 and names the first and the last pixel that a box covers. In continuous pixels that is
x1 = xmin - 1, y1 = ymin - 1, x2 = xmax, y2 = ymax: the box of xmin 1 and xmax 640 covers an image of 640 pixels.
"""

import math
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from foveal.data.catalog.objects import Object
from foveal.data.catalog.segmentations import extent
from foveal.data.formats.voc.encoding import decode_xml
from foveal.types.flags import Flag

Box = tuple[float, float, float, float]
NAME = "voc"
ANNOTATIONS, IMAGES = "Annotations", "JPEGImages"
CORNERS = ("xmin", "ymin", "xmax", "ymax")
USUAL: dict[str, Any] = {
    "folder": IMAGES,
    "source": {"database": "Unknown"},
    "size": {"depth": "3"},
    "segmented": "0",
}
"""The writer's default; it need not be stored."""
USUAL_POSE = "Unspecified"
FLAG_TAGS = {"truncated": Flag.TRUNCATED, "difficult": Flag.DIFFICULT}
CONTOURS = ("polygon", "robndbox")
"""Elements that some tools write instead of a box."""
DEEPEST = 50
"""Levels of nesting that are read."""
YES, NO = ("1", "true", "yes"), ("0", "false", "no", "")


def object_of(element: Element, label: int) -> Object:
    """An ``object`` element as an object.

    Raises:
        ValueError: It has no box or other contour, or a side of it is not a number.
    """
    box = element.find("bndbox")
    xyxy = _around(element) if box is None else _xyxy(box)
    extras = values_of(element)
    flags = 0
    for tag, flag in FLAG_TAGS.items():
        text = str(extras.get(tag, "0")).lower()
        flags |= flag if text in YES else 0
        if text in YES or text in NO:
            extras.pop(tag, None)
    rest = {} if box is None else {k: v for k, v in values_of(box).items() if k not in CORNERS}
    extras = {k: v for k, v in extras.items() if k not in ("name", "bndbox") and (k, v) != ("pose", USUAL_POSE)}
    if rest:
        extras["bndbox"] = rest
    return Object(xyxy, label, int(flags), extras={NAME: extras} if extras else {})


def object_key(element: Element) -> str:
    """Key of an ``object`` element in a side-car: its class and corners."""
    corners = (element.findtext(f"bndbox/{side}", "").strip() for side in CORNERS)
    return " ".join([(element.findtext("name") or "").strip(), *corners])


def image_extras(root: Element, image: str) -> dict[str, Any]:
    """Fields of the XML besides the image's size and objects.

    Args:
        root: The XML.
        image: File name of the image, without folders.
    """
    extras = {k: v for k, v in values_of(root).items() if k != "object" and (k, v) != ("filename", image)}
    size = extras.get("size")
    if isinstance(size, dict):
        extras["size"] = {k: v for k, v in size.items() if k not in ("width", "height")}
    extras = {k: v for k, v in extras.items() if v not in ("", {}) and v != USUAL.get(k)}
    return {NAME: extras} if extras else {}


def values_of(element: Element) -> dict[str, Any]:
    """The children of an element: text, or an object where a child has children; lists for repeated tags."""
    values: dict[str, Any] = {f"@{name}": text for name, text in element.attrib.items()}
    for child in element:
        value: Any = (child.text or "").strip()
        if len(child) or child.attrib:
            value = {**({"#text": value} if value else {}), **values_of(child)}
        if child.tag in values:
            there = values[child.tag]
            values[child.tag] = [*there, value] if isinstance(there, list) else [there, value]
        else:
            values[child.tag] = value
    return values


def parse(text: bytes) -> Element:
    """The XML of an annotation.

    Raises:
        ValueError: It is malformed, declares entities, or is not an annotation; the message has the position.
    """
    content = decode_xml(text)
    try:
        root: Element = fromstring(content)
    except ParseError as error:
        line, column = error.position
        reason = str(error).partition(":")[0]
        raise ValueError(f"malformed XML, line {line}, column {column + 1}: {reason}") from None
    except DefusedXmlException:
        raise ValueError("declares XML entities, which are not supported") from None
    except (ValueError, LookupError) as error:
        raise ValueError(f"malformed XML: {error}") from None
    if _depth(root) > DEEPEST:
        raise ValueError(f"XML nested deeper than {DEEPEST} levels")
    if root.tag != "annotation" and root.find("object") is None:
        raise ValueError(f"XML of {root.tag!r}, not of an annotation")
    return root


def _depth(root: Element) -> int:
    """Levels of nesting, as far as they matter."""
    level, depth = [root], 0
    while level and depth <= DEEPEST:
        level, depth = [child for element in level for child in element], depth + 1
    return depth


def size_of(root: Element) -> tuple[int, int] | None:
    """Width and height that the XML declares, which some tools write as 0; None: not declared."""
    try:
        return int(float(root.findtext("size/width", ""))), int(float(root.findtext("size/height", "")))
    except (ValueError, OverflowError):
        return None


def contour_of(element: Element) -> str:
    """What an object has instead of a box: the name of another contour; empty: a box, or nothing."""
    if element.find("bndbox") is not None:
        return ""
    return next((tag for tag in CONTOURS if element.find(tag) is not None), "")


def is_deleted(element: Element) -> bool:
    """Whether the object was deleted by its annotator, and only marked so."""
    return (element.findtext("deleted") or "").strip().lower() in ("1", "true", "yes")


def _xyxy(box: Element) -> Box:
    xmin, ymin, xmax, ymax = (_corner(box, side) for side in CORNERS)
    return xmin - 1, ymin - 1, xmax, ymax


def _around(element: Element) -> Box:
    """The box around another contour: LabelMe's polygon, or roLabelImg's rotated box."""
    contour = element.find(contour_of(element) or "bndbox")
    if contour is None:
        raise ValueError("bndbox is missing")
    if contour.tag == "polygon":
        points = [(_corner(point, "x"), _corner(point, "y")) for point in contour.findall("pt")]
        if not points:
            raise ValueError("polygon has no points")
        return extent([[value for point in points for value in point]])
    x, y, width, height, angle = (_corner(contour, side) for side in ("cx", "cy", "w", "h", "angle"))
    if not math.isfinite(angle):
        raise ValueError("angle is not finite")
    across = (abs(width * math.cos(angle)) + abs(height * math.sin(angle))) / 2
    down = (abs(width * math.sin(angle)) + abs(height * math.cos(angle))) / 2
    return x - across, y - down, x + across, y + down


def _corner(box: Element, side: str) -> float:
    text = box.findtext(side)
    if text is None:
        raise ValueError(f"{box.tag} has no {side}")
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{side} is {text.strip()!r}, not a number") from None
