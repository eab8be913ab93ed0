"""From a request's body to images."""

import asyncio
import base64
from collections.abc import AsyncIterator

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serving import form, png

from foveal.serve.bodies import Held, read_body, read_images
from foveal.serve.options import ServeOptions
from foveal.serve.refusals import Refused

OPTIONS = ServeOptions(max_images=3, max_body_bytes=10_000)
ENCODED = base64.b64encode(png()).decode()


def names_and_sizes(body: bytes, kind: str) -> tuple[list[tuple[str, int]], bool]:
    images, several = read_images(body, kind, OPTIONS)
    return [(image.name, len(image.content)) for image in images], several


def test_all_forms_give_the_same_bytes() -> None:
    content, size = png(), len(png())
    assert names_and_sizes(content, "image/png") == ([("image", size)], False)
    assert names_and_sizes(content, "") == ([("image", size)], False)
    assert names_and_sizes(*form(("a b.png", content))) == ([("a b.png", size)], False)
    assert names_and_sizes(*form(("a", content), ("b", content))) == ([("a", size), ("b", size)], True)
    one = orjson.dumps({"image": ENCODED})
    assert names_and_sizes(one, "application/json; charset=utf-8") == ([("image", size)], False)
    several = orjson.dumps({"images": ["data:image/png;base64," + ENCODED]})
    assert names_and_sizes(several, "application/json") == ([("image 1", size)], True)
    in_lines = orjson.dumps({"image": base64.encodebytes(content).decode().replace("\n", "\r\n")})
    assert names_and_sizes(in_lines, "application/json") == ([("image", size)], False)


@given(contents=st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=3))
def test_a_form_gives_back_any_bytes(contents: list[bytes]) -> None:
    contents = [content for content in contents if b"--frontier" not in content] or [b"x"]
    images, _ = read_images(*form(*((f"f{i}", content) for i, content in enumerate(contents))), OPTIONS)
    assert [image.content for image in images] == contents


def test_a_name_is_a_label_without_control_characters() -> None:
    images, _ = read_images(*form(("../../etc/pass\x07wd", b"x")), OPTIONS)
    assert images[0].name == "../../etc/passwd"


@pytest.mark.parametrize(
    ("body", "kind", "status", "what"),
    [
        (b"x", "text/plain", 415, "Bodies of type 'text/plain' are not read."),
        (
            b"a=b",
            "application/x-www-form-urlencoded",
            415,
            "Bodies of type 'application/x-www-form-urlencoded' are not read.",
        ),
        (b"", "image/png", 422, "image: is empty (0 bytes)."),
        (b"{", "application/json", 422, "The body is not JSON (unexpected end of data)."),
        (b"[]", "application/json", 422, "The body is JSON, but no object."),
        (
            b'{"image": "x", "threshold": 1}',
            "application/json",
            422,
            'The body needs one field: "image" with base64, or "images" with a list of them.',
        ),
        (b'{"image": "%%%"}', "application/json", 422, "image: is not base64."),
        (
            b'{"image": "http://a.b/c.jpg"}',
            "application/json",
            422,
            "image: is an address, and the server fetches nothing.",
        ),
        (b'{"image": "/etc/pass.wd"}', "application/json", 422, "image: is not base64."),
        (b'{"images": []}', "application/json", 422, "The request has no image."),
        (orjson.dumps({"images": [ENCODED] * 4}), "application/json", 413, "The request has more than 3 images."),
        (*form(*[("a", b"x")] * 4), 413, "The request has more than 3 images."),
        (*form(("a", b"")), 422, "a: is empty (0 bytes)."),
        (b"--frontier\r\n", "multipart/form-data; boundary=frontier", 422, "The multipart body ends early."),
        (form(("a", b"xyz"))[0][:-8], "multipart/form-data; boundary=frontier", 422, "The multipart body ends early."),
        (b"x", "multipart/form-data", 422, "The body is not multipart/form-data."),
        (b"x", "multipart/form-data; boundary=b", 422, "The body is not multipart/form-data."),
        (
            b'--b\r\nContent-Disposition: form-data; name="top"\r\n\r\n3\r\n--b--',
            "multipart/form-data; boundary=b",
            422,
            "The form's field 'top' is no file.",
        ),
    ],
)
def test_what_is_refused(body: bytes, kind: str, status: int, what: str) -> None:
    with pytest.raises(Refused) as refused:
        read_images(body, kind, OPTIONS)
    assert (refused.value.status, refused.value.what) == (status, what)


async def slowly(*parts: bytes, pause_s: float = 0.0) -> AsyncIterator[bytes]:
    for part in parts:
        await asyncio.sleep(pause_s)
        yield part


def read(*parts: bytes, held: Held, length: str | None = None, pause_s: float = 0.0, timeout_s: float = 5) -> bytes:
    return asyncio.run(read_body(slowly(*parts, pause_s=pause_s), length, OPTIONS, held, timeout_s))


def test_bodies_have_a_limit_each_and_together() -> None:
    held = Held(15_000)
    assert read(b"a" * 6000, b"b" * 3000, held=held) == b"a" * 6000 + b"b" * 3000
    for parts, length, status in (
        ([b"x"], "10001", 413),  # told by the header alone
        ([b"a" * 6000, b"a" * 6000], None, 413),
        ([b"a" * 7000], None, 503),  # with the 9,000 bytes of before
    ):
        with pytest.raises(Refused) as refused:
            read(*parts, held=held, length=length)
        assert refused.value.status == status
    held.give(9000)
    assert len(read(b"a" * 9000, held=held)) == 9000, "what was refused is not held"


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    held = Held(15_000)
    with pytest.raises(Refused) as refused:
        read(b"a", b"b", held=held, pause_s=0.2, timeout_s=0.3)
    assert (refused.value.status, refused.value.what) == (408, "The body did not come before the deadline.")
    held.take(15_000)
