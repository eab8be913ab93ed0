"""``foveal parity``: every path on the same files; a server is one of them."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import onnx
import pytest
from onnx import numpy_helper
from tests.conftest import Outcome
from tests.serving import running

import foveal
from foveal.deploy.fp16 import mark
from foveal.serve.options import ServeOptions

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


def test_a_rounded_file_is_told(
    here: Command, quick_run: Path, quick_export: Path, squares: Path, tmp_path: Path
) -> None:
    proto = onnx.load(quick_export)
    weights = max(proto.graph.initializer, key=lambda one: len(one.raw_data))
    values = numpy_helper.to_array(weights)
    weights.CopyFrom(numpy_helper.from_array((values * 8).round() / 8, weights.name))
    rounded = tmp_path / "rounded.onnx"
    rounded.write_bytes(mark(proto, "fp16"))
    done = here("parity", quick_run, squares / "class0", "--onnx", rounded)
    assert done.code == 1 and "A file in fp16 is rounded and so differs by more" in done.out


def test_a_server_that_is_not_there(here: Command, quick_export: Path, squares: Path) -> None:
    image = squares / "class0" / "000.png"
    done = here("parity", quick_export, image, "--url", "http://127.0.0.1:9")
    assert done.code == 2 and "no reply" in done.err
    done = here("parity", quick_export, image, "--url", "file:///etc/passwd")
    assert done.code == 2 and "is not the address of a server" in done.err


def test_the_server_itself_with_its_key_and_the_address_of_a_model(
    here: Command, quick_export: Path, squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(quick_export, tmp_path / "small.onnx")
    image = squares / "class0" / "000.png"
    with running(tmp_path, ServeOptions(api_key="open-sesame"), {"small": ""}) as one:
        done = here("parity", quick_export, image, "--url", one.address)
        assert done.code == 2 and "refuses with 401 (This server needs its API key)" in done.err
        assert "Set FOVEAL_API_KEY to its key." in done.err
        monkeypatch.setenv("FOVEAL_API_KEY", "open-sesame")
        for path in ("", "/", "/v1/models/small", "/v1/models/small/predict"):
            done = here("parity", quick_export, image, "--url", one.address + path)
            assert done.code == 0 and "the same on 1 image;" in done.out, done.out + done.err
        done = here("parity", quick_export, image, "--url", f"{one.address}/v1/models/other")
        assert done.code == 2 and "refuses with 404 (No model is called 'other')" in done.err
        assert "Models: small." in done.err
