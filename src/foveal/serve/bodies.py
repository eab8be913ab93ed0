"""From a request's body to images, within limits. Nothing is written to disk; no path or address is opened."""

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

import orjson
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.types import Message, Receive

from foveal.inference.images import ADDRESS, Named
from foveal.serve.options import MB, ServeOptions
from foveal.serve.refusals import Refused, busy, invalid, too_large

RAW = ("application/octet-stream", "")
"""Types of a body that is one image; so is every type of image."""
DATA_ADDRESS = re.compile(r"data:[^,;]*(?:;[^,;]*)*;base64,")
"""What browsers put before base64."""
HELD_BODIES = 16
"""Full-sized bodies that all requests together may hold in memory."""
NAME_CHARACTERS = 255
"""Of a file's name that are repeated in the response."""
DRAIN_BYTES, DRAIN_S = 64 * MB, 2.0
"""Most bytes of a refused body that are read and thrown away, and longest."""
SEND_ONE = "Send an image, or several as multipart/form-data or JSON."


class Held:
    """Bytes of bodies in memory, of all requests.

    Args:
        limit: Most bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._held = limit, 0

    def take(self, count: int) -> None:
        """More of a body has come.

        Raises:
            Refused: There is no room.
        """
        if self._held + count > self._limit:
            raise busy("The server holds as many bytes of images as it may.", reason="full")
        self._held += count

    def give(self, count: int) -> None:
        """A body is no longer held."""
        self._held -= count


class Rest:
    """What a client still sends of a body that the server refuses.

    It hears of the refusal only once it has sent all: a connection that is closed before is reset, and the response
    with it. uvicorn throws away what comes on a connection that it keeps; this is for those that are to be closed.

    Args:
        receive: ASGI's, of the request.
        headers: Of the request.
        version: Of HTTP.
    """

    def __init__(self, receive: Receive, headers: Mapping[bytes, bytes], version: str) -> None:
        connection = headers.get(b"connection", b"").lower()
        closes = b"close" in connection or (version == "1.0" and b"keep-alive" not in connection)
        waits = b"expect" in headers  # such a client sends nothing before it is told to
        self._receive, self._ended = receive, waits or not closes

    async def receive(self) -> Message:
        """The next message."""
        message = await self._receive()
        self._ended = self._ended or not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Throw it away, within limits."""
        count = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                while not self._ended and count < DRAIN_BYTES:
                    count += len((await self.receive()).get("body", b""))


async def read_body(
    chunks: AsyncIterator[bytes], length: str | None, options: ServeOptions, held: Held, timeout_s: float
) -> bytes:
    """All of a body; the caller gives its bytes back to ``held``.

    Args:
        chunks: The body as it comes.
        length: The header Content-Length, if any.
        options: Limits.
        held: Counts the bytes.
        timeout_s: Longest that it may take to come.

    Raises:
        Refused: 413, 408 or 503.
    """
    limit = options.max_body_bytes
    large = too_large(f"The body is larger than {limit / MB:g} MB.", "Send smaller images, or fewer at a time.")
    if length is not None and length.isascii() and length.isdecimal() and int(length) > limit:
        raise large
    parts, count = list[bytes](), 0
    try:
        async with asyncio.timeout(timeout_s):
            async for chunk in chunks:
                if count + len(chunk) > limit:
                    raise large
                held.take(len(chunk))
                count += len(chunk)
                parts.append(chunk)
    except TimeoutError:
        held.give(count)
        raise Refused(
            408, "The body did not come before the deadline.", "Send it faster, or less at a time.", reason="slow"
        ) from None
    except BaseException:
        held.give(count)
        raise
    return b"".join(parts)


def read_images(body: bytes, content_type: str, options: ServeOptions) -> tuple[list[Named], bool]:
    """The images of a body, and whether the response is a list.

    Raises:
        Refused: 413, 415 or 422.
    """
    kind, values = parse_options_header(content_type)
    name = kind.decode("latin-1").lower()
    if name == "multipart/form-data":
        images = _from_form(body, values.get(b"boundary", b""), options.most_images)
        several = len(images) > 1
    elif name == "application/json":
        images, several = _from_json(body)
    elif name in RAW or name.startswith("image/"):
        images, several = [Named("image", body)], False
    else:
        raise unsupported(content_type)
    if not images:
        raise invalid("The request has no image.", SEND_ONE)
    _check_count(len(images), options.most_images)
    for image in images:
        if not image.content:
            raise invalid(f"{image.name}: is empty (0 bytes).", SEND_ONE)
    return images, several


def check_encoding(encoding: str | None) -> None:
    """Refuse compressed bodies: images are compressed already.

    Raises:
        Refused: 415.
    """
    if encoding and encoding.lower() != "identity":
        raise Refused(
            415, f"Bodies with Content-Encoding {encoding[:40]} are not read.", "Send it as it is.", reason="type"
        )


def unsupported(content_type: str) -> Refused:
    """415."""
    return Refused(
        415,
        f"Bodies of type {content_type[:80]!r} are not read.",
        "Send image/jpeg, image/png ... or application/octet-stream, multipart/form-data, or application/json.",
        reason="type",
    )


def decode_base64(text: str, name: str) -> bytes:
    """The bytes of an image in JSON.

    Raises:
        Refused: 422: not base64, or an address.
    """
    prefix = DATA_ADDRESS.match(text[:200])
    encoded = text[prefix.end() :] if prefix else text
    if ADDRESS.match(encoded[:80]):
        raise invalid(
            f"{name}: is an address, and the server fetches nothing.", "Send the image itself, encoded as base64."
        )
    if "\n" in encoded:  # as `base64` and MIME break it into lines
        encoded = encoded.replace("\n", "").replace("\r", "")
    try:
        return base64.b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise invalid(f"{name}: is not base64.", "Encode the bytes of the file: base64 -w0 photo.jpg") from None


def read_json(body: bytes | memoryview) -> dict[str, object]:
    """A JSON object.

    Raises:
        Refused: 422.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise invalid(f"The body is not JSON ({error.msg}).", 'Send {"image": "..."} with base64.') from None
    if not isinstance(value, dict):
        raise invalid("The body is JSON, but no object.", 'Send {"image": "..."} with base64.')
    return value


def _from_json(body: bytes) -> tuple[list[Named], bool]:
    value = read_json(body)
    match value:
        case {"image": str(text)} if len(value) == 1:
            return [Named("image", decode_base64(text, "image"))], False
        case {"images": list(texts)} if len(value) == 1 and all(isinstance(text, str) for text in texts):
            names = [f"image {place}" for place in range(1, len(texts) + 1)]
            return [Named(name, decode_base64(text, name)) for name, text in zip(names, texts, strict=True)], True
    raise invalid(
        'The body needs one field: "image" with base64, or "images" with a list of them.',
        "Give options in the query: ?threshold=0.5",
    )


class _Form:
    """What ``MultipartParser`` calls as it goes through a form."""

    def __init__(self, most: int) -> None:
        self.images: list[Named] = []
        self.ended = False
        self._most = most
        self._field, self._value = bytearray(), bytearray()
        self._disposition = b""
        self._parts: list[bytes] = []

    def begin(self) -> None:
        self._disposition = b""
        self._parts = []

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        if bytes(self._field).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._field.clear()
        self._value.clear()

    def data(self, data: bytes, start: int, end: int) -> None:
        self._parts.append(data[start:end])

    def part_end(self) -> None:
        _, values = parse_options_header(self._disposition)
        if b"filename" not in values:
            field = values.get(b"name", b"").decode("utf-8", "replace")[:40]
            raise invalid(f"The form's field {field!r} is no file.", "Give options in the query: ?threshold=0.5")
        self.images.append(Named(_file_name(values[b"filename"], len(self.images) + 1), b"".join(self._parts)))
        _check_count(len(self.images), self._most)

    def end(self) -> None:
        self.ended = True


def _from_form(body: bytes, boundary: bytes, most: int) -> list[Named]:
    form = _Form(most)
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": form.begin,
                "on_part_data": form.data,
                "on_part_end": form.part_end,
                "on_header_field": form.header_field,
                "on_header_value": form.header_value,
                "on_header_end": form.header_end,
                "on_end": form.end,
            },
        )
        parser.write(body)
        parser.finalize()
    except (MultipartParseError, ValueError):
        raise invalid("The body is not multipart/form-data.", "Send it with: curl -F image=@photo.jpg") from None
    if not form.ended:
        raise invalid("The multipart body ends early.", "Send all of it.")
    return form.images


def _file_name(given: bytes, number: int) -> str:
    """A client's name for its file, a label and nothing else."""
    name = given.decode("utf-8", "replace")[:NAME_CHARACTERS]
    return "".join(c for c in name if c.isprintable()) or f"image {number}"


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise too_large(f"The request has more than {most} images.", "Send fewer at a time.")
