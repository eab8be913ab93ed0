"""``foveal parity``: every path on the same files; a server is one of them."""

import json
import threading
from collections.abc import Callable, Iterator
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.conftest import Outcome

import foveal

Command = Callable[..., Outcome]


@pytest.fixture(scope="module")
def server(quick_export: Path) -> Iterator[tuple[str, list[float]]]:
    """An address, and what is added to every score."""
    model, wrong = foveal.load(quick_export), [0.0]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply({"models": [{"name": "squares", "task": "classify"}]})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            (part,) = BytesParser().parsebytes(head + body).get_payload()
            document = model.predict(part.get_payload(decode=True)).to_dict()
            for one in document["classes"]:
                one["score"] += wrong[0]
            self.reply(document)

        def reply(self, value: object) -> None:
            content = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", wrong
        running.shutdown()
        thread.join()


def test_every_path(
    here: Command, quick_run: Path, quick_export: Path, squares: Path, server: tuple[str, list[float]]
) -> None:
    url, wrong = server
    words = ("parity", quick_run, squares / "class0", "--onnx", quick_export, "--url", url)
    done = here(*words)
    assert done.code == 0, done.out + done.err
    rows = [line.split("  ")[1].strip() for line in done.out.splitlines() if line.startswith("  ")]
    assert rows[1:3] == ["network", "ONNX Runtime"] and "HTTP" in rows
    assert done.out.count("12 of 12") == len(rows) - 3 and "the same on 12 images" in done.out
    wrong[0] = 0.01
    try:
        done = here(*words, "--json")
    finally:
        wrong[0] = 0.0
    document = json.loads(done.out)
    assert done.code == 1 and not document["passed"]
    assert document["paths"][-1]["apart"]["score"] == pytest.approx(0.01, abs=1e-3)


def test_a_server_that_is_not_there(here: Command, quick_export: Path, squares: Path) -> None:
    image = squares / "class0" / "000.png"
    done = here("parity", quick_export, image, "--url", "http://127.0.0.1:9")
    assert done.code == 2 and "no answer" in done.err
    done = here("parity", quick_export, image, "--url", "file:///etc/passwd")
    assert done.code == 2 and "is not the address of a server" in done.err
