"""What the columns of Hugging Face's Parquet and Arrow files hold, by the features in the file or by their types."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from foveal.data.formats.hugging_face.rows import CLASS_KEYS, OBJECTS, label_key
from foveal.data.notes import listed
from foveal.errors import DataError

KEY = b"huggingface"
"""Key of a schema's metadata that has the features as JSON."""
IMAGE_WORDS = ("image", "img", "photo", "pixel_values", "jpg", "png")
MASK_WORDS = ("mask", "annotation", "label", "labels", "segmentation", "semantic", "seg", "gt", "annotations", "masks")
LABEL = "label"


@dataclass(frozen=True)
class Features:
    """The columns of a file.

    Attributes:
        image: That of the images.
        mask: That of their masks; empty: there is none.
        label: That of the class; empty: there is none.
        renamed: Whether it is called otherwise than the reader of rows expects.
        names: The features by column, with the classes of ids.
        rest: Columns that are copied into the rows.
        unread: Columns that are not.
    """

    image: str
    mask: str = ""
    label: str = ""
    renamed: bool = False
    names: Mapping[str, Any] = field(default_factory=dict)
    rest: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    def classes(self) -> list[str]:
        """The names of the classes that rows are read for, by id; empty: there are none."""
        first = {LABEL: self.names.get(self.label)} if self.renamed else {}
        return next(classes_in({**first, **self.names}), [])


def features_of(schema: Any, where: str) -> Features:
    """The columns of a file.

    Args:
        schema: Of ``pyarrow``.
        where: The file, for messages.

    Raises:
        DataError: There is no column of images.
    """
    told = declared(schema.metadata or {})
    types = {name: schema.field(name).type for name in schema.names}
    images = [name for name, kind in types.items() if _is_image(told.get(name), kind)]
    if not images:
        raise DataError(
            f"{where} has no column of images; its columns are {listed([*types])}.",
            "Name files whose column 'image' holds the bytes of images.",
        )
    image = next((name for word in IMAGE_WORDS for name in images if name.lower() == word), images[0])
    others = [name for name in images if name != image]
    mask = next((name for word in MASK_WORDS for name in others if name.lower() == word), "")
    binary = [name for name, kind in types.items() if name not in images and "binary" in str(kind)]
    rest = tuple(name for name in types if name not in (*images, *binary))
    unread = tuple(name for name in (*others, *binary) if name != mask)
    label = "" if OBJECTS in rest else label_key([dict.fromkeys(rest)])
    other = "" if OBJECTS in rest or label else _other_label(rest, told)
    return Features(image, mask, label or other, bool(other), told, rest, unread)


def named(value: object, feature: object) -> object:
    """A value with the names of classes in place of their ids; None in place of the id -1, which is no class."""
    if isinstance(feature, list) and len(feature) == 1:
        feature = {"_type": "List", "feature": feature[0]}
    if not isinstance(feature, Mapping):
        return value
    names = feature.get("names")
    if feature.get("_type") == "ClassLabel" and isinstance(names, list):
        if isinstance(value, list):
            return [named(one, feature) for one in value]
        if isinstance(value, int) and 0 <= value < len(names):
            return str(names[value])
        return None if value == -1 else value
    inner = feature.get("feature", feature if "_type" not in feature else None)
    if isinstance(value, list):
        return [named(one, inner) for one in value]
    if isinstance(value, Mapping) and isinstance(inner, Mapping):
        # A sequence of mappings is stored as a mapping of sequences.
        return {key: named(one, inner.get(key)) for key, one in value.items()}
    return value


def declared(metadata: Mapping[bytes, bytes]) -> dict[str, Any]:
    """The features that a file declares."""
    try:
        found: object = json.loads(metadata.get(KEY, b"{}"))
        for key in ("info", "features"):
            found = found.get(key) if isinstance(found, dict) else None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_image(feature: object, kind: Any) -> bool:
    if isinstance(feature, Mapping):
        return feature.get("_type") == "Image"
    text = str(kind)
    return (text.startswith("struct<") and "bytes: binary" in text) or text in ("binary", "large_binary")


def _other_label(rest: tuple[str, ...], told: Mapping[str, Any]) -> str:
    """The first column of classes, which is not called like one."""
    return next((name for name in rest if isinstance(told.get(name), Mapping) and "names" in told[name]), "")


def classes_in(node: object) -> Iterator[list[str]]:
    """The names of the classes of features that are called like classes."""
    if isinstance(node, list):
        for item in node:
            yield from classes_in(item)
    if not isinstance(node, Mapping):
        return
    for key, value in node.items():
        inner = value
        while isinstance(inner, Mapping) and inner.get("_type") in ("Sequence", "List", "LargeList"):
            inner = inner.get("feature")
        if key in CLASS_KEYS and isinstance(inner, Mapping) and isinstance(inner.get("names"), list):
            yield [str(name) for name in inner["names"]]
        yield from classes_in(value)
