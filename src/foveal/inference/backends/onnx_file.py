"""The metadata of an .onnx file, read without any library: what engines that do not show it need.

A file is a sequence of fields, each a key (number and kind) and a value (protobuf's encoding). Those at the top are
walked; ``metadata_props`` is field 14 of ``ModelProto``, each entry a key (1) and a value (2).
"""

from collections.abc import Iterator

METADATA = 14
VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5


def read_metadata(content: bytes | memoryview) -> dict[str, str]:
    """Every entry of ``metadata_props``.

    Raises:
        ValueError: Not a sequence of protobuf's fields, or text that is not UTF-8.
    """
    found: dict[str, str] = {}
    for number, value in _fields(memoryview(content)):
        if number == METADATA:
            entry = {key: bytes(text).decode() for key, text in _fields(value)}
            found[entry.get(1, "")] = entry.get(2, "")
    return found


def _fields(content: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and bytes of each field with a length; others are passed over."""
    place, end = 0, len(content)
    while place < end:
        key, place = _varint(content, place)
        kind, size = key & 7, 0
        if kind == VARINT:
            _, place = _varint(content, place)
            continue
        if kind == LENGTH:
            size, place = _varint(content, place)
        elif kind in (EIGHT_BYTES, FOUR_BYTES):
            size = 8 if kind == EIGHT_BYTES else 4
        else:
            raise ValueError(f"field of unknown kind {kind}")
        if place + size > end:
            raise ValueError("field beyond the end")
        if kind == LENGTH:
            yield key >> 3, content[place : place + size]
        place += size


def _varint(content: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if place >= len(content) or shift > 63:
            raise ValueError("number beyond the end")
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, place
