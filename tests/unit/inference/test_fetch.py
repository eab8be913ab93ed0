"""Images fetched from their address, where that is allowed: from a server on this machine."""

import io
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image
from tests.clips import frames, write_clip
from tests.conftest import Outcome

from foveal.errors import ImageError
from foveal.inference import fetch as fetch_module
from foveal.inference.fetch import fetch_image
from foveal.inference.files import find_images


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (5, 4), (200, 30, 30)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    clip = write_clip(tmp_path_factory.mktemp("web") / "a.mp4", frames(6)).read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/again.png":
                self.send_response(302)
                self.send_header("Location", "/a.png")
                self.end_headers()
                return
            if path in ("/loop.png", "/away.png"):
                self.send_response(302)
                self.send_header("Location", "/loop.png" if path == "/loop.png" else "file:///etc/passwd")
                self.end_headers()
                return
            kind, body = {
                "/a.png": ("image/png", png()),
                "/a.mp4": ("video/mp4", clip),
                "/film": ("video/mp4", clip),
                "/empty.png": ("image/png", b""),
                "/large.png": ("image/png", bytes(3000)),
                "/slow.png": ("image/png", png()),
            }.get(path, ("", b""))
            if not kind:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if path == "/slow.png":
                time.sleep(1.0)
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_an_image_is_fetched_under_its_address(server: str) -> None:
    found = find_images([f"{server}/a.png?x=1", f"{server}/again.png"], fetch=fetch_image)
    assert [str(path) for path in found.paths] == [f"{server}/a.png?x=1", f"{server}/again.png"]
    assert all(found.piped[path].content == png() for path in found.paths)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent.png", "cannot be fetched (404 Not Found)"),
        ("film", "is a video, and its address has no suffix"),
        ("empty.png", "is empty (0 bytes)"),
        ("large.png", "is larger than"),
        ("slow.png", "cannot be fetched (timed out)"),
        ("loop.png", "cannot be fetched (302"),
        ("away.png", "cannot be fetched ("),
    ],
)
def test_what_cannot_be_fetched_is_told(server: str, name: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_module, "MAX_BYTES", 2000)
    monkeypatch.setattr(fetch_module, "TIMEOUT_S", 0.3)
    with pytest.raises(ImageError) as error:
        fetch_image(f"{server}/{name}")
    assert error.value.what.startswith(f"{server}/{name}: {reason}"), error.value.what


def test_other_protocols_and_nobody_there(server: str) -> None:
    with pytest.raises(ImageError, match="is not an address of the web"):
        fetch_image("ftp://127.0.0.1/a.png")
    with pytest.raises(ImageError, match=r"cannot be fetched \(.*refused"):
        fetch_image("http://127.0.0.1:1/a.png")


def test_the_command_fetches_only_where_it_may(
    here: Callable[..., Outcome], quick_export: Path, server: str, tmp_path: Path
) -> None:
    for name in ("a.png", "a.mp4"):
        done = here("predict", quick_export, f"{server}/{name}")
        assert done.code == 2 and "fetches nothing from the network uninvited" in done.err
        assert "--allow-fetch" in done.err
    done = here("predict", quick_export, f"{server}/a.png", "--allow-fetch", "--save", tmp_path)
    assert done.code == 0 and done.out.startswith(f"{server}/a.png\tclass"), done.err
    assert (tmp_path / "a.jpg").exists()
    done = here("predict", quick_export, f"{server}/a.mp4", "--allow-fetch")
    assert done.code == 0 and len(done.out.splitlines()) == 6, done.err
