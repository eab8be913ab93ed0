"""A COCO file read in parts, so that gigabytes of JSON take no more memory than what is kept of them.

The text is cut where an object of a list ends and the next begins. Whether a cut is right shows when the part is
parsed: brackets that are balanced and texts that are closed mean that it ends on the level where it began. Where no cut
is right, or the JSON is unusual (NaN, nested lists of objects), items are parsed one by one by the standard library,
and where that fails the whole file is, which also gives the place of a fault.
"""

import codecs
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

import orjson

from foveal.errors import DataError

PART_BYTES = 1 << 20
CUTS = 4
"""Cuts that are tried per part."""
BETWEEN = re.compile(rb"\}\s*,\s*(?=\{)")
SPACE = re.compile(rb"[ \t\r\n]*")
MARK = re.compile(r"[ \t\r\n]*([,\]])[ \t\r\n]*")
DECODER = json.JSONDecoder()


class Taker(Protocol):
    """Takes the items of the streamed list."""

    def take(self, items: list[Any]) -> None:
        """Take the next items."""
        ...


Sink = TypeVar("Sink", bound=Taker)


class _Unusual(Exception):  # noqa: N818  (no fault: the standard library decides)
    """The file cannot be read in parts."""


def read_document(path: Path, key: str, start: Callable[[], Sink]) -> tuple[Any, Sink]:
    """Read a JSON file.

    Args:
        path: The file.
        key: Name of the list of the outermost object whose items are not kept but taken.
        start: Makes what takes them; called again where reading begins anew.

    Returns:
        The document, with an empty list in place of the items, and what took them.

    Raises:
        DataError: The file cannot be read, or is not JSON in UTF-8; the message has the place.
    """
    try:
        with path.open("rb") as file:
            try:
                sink = start()
                return _Stream(file).document(key, sink.take), sink
            except (_Unusual, ValueError, RecursionError):
                file.seek(0)
                document = _whole(path, file.read())
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).", "Check the file and its permissions.") from None
    sink = start()
    if isinstance(document, dict) and isinstance(document.get(key), list):
        sink.take(document[key])
        document[key] = []
    return document, sink


def _whole(path: Path, data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, byte = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise DataError(
            f"{path}, line {line}: byte {byte} (0x{data[error.start]:02x}) is not UTF-8 text.",
            "Save it as UTF-8, or replace the file.",
        ) from None
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg}).",
            "Correct or replace the file.",
        ) from None
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error).partition(";")[0]
        raise DataError(f"{path}: not JSON that can be read ({reason}).", "Correct or replace the file.") from None


class _Stream:
    """The text of a file from ``at`` on."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.text = file.read(PART_BYTES).removeprefix(codecs.BOM_UTF8)
        self.at = 0

    def document(self, key: str, take: Callable[[list[Any]], None]) -> dict[str, Any]:
        """The outermost object."""
        found: dict[str, Any] = {}
        self._expect(b"{")
        if self._next() == b"}":
            self.at += 1
        else:
            self._members(found, key, take)
        if self._next(at_end=True):
            raise _Unusual
        return found

    def _members(self, found: dict[str, Any], key: str, take: Callable[[list[Any]], None]) -> None:
        while True:
            name = self._value() if self._next() == b'"' else None
            if not isinstance(name, str):
                raise _Unusual
            self._expect(b":")
            if self._next() == b"[":
                items: list[Any] = []
                found[name] = items
                self._items(take if name == key else items.extend)
            else:
                found[name] = self._value()
            if self._next() == b"}":
                self.at += 1
                return
            self._expect(b",")

    def _items(self, take: Callable[[list[Any]], None]) -> None:
        self.at += 1
        if self._next() == b"]":
            self.at += 1
            return
        while True:
            if len(self.text) - self.at < PART_BYTES:
                self._more()
            if not self._cut(take) and self._one_by_one(take):
                return

    def _cut(self, take: Callable[[list[Any]], None]) -> bool:
        """Take what lies before a cut; whether one was right."""
        for cut in list(BETWEEN.finditer(self.text, self.at, self.at + PART_BYTES))[: -CUTS - 1 : -1]:
            try:
                items = orjson.loads(b"[" + self.text[self.at : cut.start() + 1] + b"]")
            except ValueError:
                continue
            self.at = cut.end()
            take(items)
            return True
        return False

    def _one_by_one(self, take: Callable[[list[Any]], None]) -> bool:
        """Take the items that are here in full; whether the list ends with them."""
        text, _ = codecs.utf_8_decode(self.text[self.at :], "strict", False)
        items, done, ended = [], 0, False
        while not ended:
            try:
                item, end = DECODER.raw_decode(text, done)
            except ValueError:
                break
            mark = MARK.match(text, end)
            if mark is None or (mark[1] == "," and mark.end() == len(text)):
                break
            items.append(item)
            done, ended = mark.end(), mark[1] == "]"
        self.at += len(text[:done].encode())
        if items:
            take(items)
        elif not self._more():
            raise _Unusual
        return ended

    def _value(self) -> Any:
        while True:
            text, _ = codecs.utf_8_decode(self.text[self.at :], "strict", False)
            try:
                value, end = DECODER.raw_decode(text)
            except ValueError:
                end = len(text)
            if end < len(text):  # at the end of the text a number may go on
                self.at += len(text[:end].encode())
                return value
            if not self._more():
                raise _Unusual

    def _next(self, *, at_end: bool = False) -> bytes:
        """The next character that is not white space; none at the end, if that is allowed."""
        while True:
            match = SPACE.match(self.text, self.at)
            assert match is not None, "it matches nothing, too"
            self.at = match.end()
            if self.at < len(self.text):
                return self.text[self.at : self.at + 1]
            if not self._more():
                if at_end:
                    return b""
                raise _Unusual

    def _expect(self, mark: bytes) -> None:
        if self._next() != mark:
            raise _Unusual
        self.at += 1

    def _more(self) -> bool:
        """Read on, twice as far where much is waiting; whether there was anything."""
        rest = self.text[self.at :]
        block = self.file.read(max(PART_BYTES, len(rest)))
        self.text, self.at = rest + block, 0
        return bool(block)
