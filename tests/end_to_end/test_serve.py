"""``foveal serve`` as a process: started, killed, started again, told to end; and what it says of mistakes."""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

import pytest
from tests.conftest import SCREEN, run_foveal

FREE = "--port=0"


@contextmanager
def serving(*arguments: str | Path, log: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server's process and its port."""
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "foveal", "serve", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **SCREEN},
        )
        assert process.stdout is not None
        lines = SimpleQueue[str]()
        reading = threading.Thread(target=lambda: [lines.put(line) for line in process.stdout])
        reading.start()
        try:
            first = lines.get(timeout=60)
            yield process, int(re.search(r"http://127.0.0.1:(\d+)", first)[1])
        finally:
            process.kill()
            process.wait(20)
            reading.join(20)
            process.stdout.close()


def ask(port: int, image: bytes, name: str) -> dict[str, object] | int:
    """A prediction; else the status, 0 for a connection that broke."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", f"/v1/models/{name}/predict", image, {"Content-Type": "image/jpeg"})
        response = connection.getresponse()
        body = response.read()
        return json.loads(body) if response.status == 200 else response.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


@pytest.mark.slow
def test_killed_under_load_started_again_replaced_and_ended(quick_export: Path, squares: Path, tmp_path: Path) -> None:
    files = sorted(file for file in squares.rglob("*") if file.suffix in (".png", ".jpg"))[:6]
    model = tmp_path / "quick.onnx"
    shutil.copy(quick_export, model)
    predicted = json.loads(run_foveal("predict", model, *files, "--json").stdout)
    want = [{**document, "path": "image"} for document in predicted]
    stop, lock = threading.Event(), threading.Lock()
    found: list[tuple[int, dict[str, object] | int]] = []
    port = 0

    def load() -> None:
        place = 0
        while not stop.is_set():
            if port:
                response = ask(port, files[place % len(files)].read_bytes(), "quick")
                with lock:
                    found.append((place % len(files), response))
            place += 1
            time.sleep(0.002)

    clients = [threading.Thread(target=load) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        with serving(model, FREE, log=tmp_path / "first") as (process, port):
            while len(found) < 40:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        with lock:
            found_before = len(found)
        with serving(model, f"--port={port}", log=tmp_path / "second") as (process, port):
            while sum(isinstance(response, dict) for _, response in found[found_before:]) < 40:
                time.sleep(0.01)
            Path(shutil.copy(quick_export, tmp_path / "new.onnx")).replace(model)
            begin = len(found)
            process.send_signal(signal.SIGHUP)
            while '"event":"reload"' not in (tmp_path / "second").read_text():
                time.sleep(0.01)
            assert all(isinstance(response, dict) for _, response in found[begin:]), "a reload loses no request"
            stop.set()
            for client in clients:
                client.join(30)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
    finally:
        stop.set()
        for client in clients:
            client.join(30)
    for place, response in found:
        assert response in (0, 503) or close(response, want[place])
    lines = [json.loads(line) for line in (tmp_path / "second").read_text().splitlines()]
    assert {line["status"] for line in lines if line["event"] == "request"} <= {200, 499}


def close(ours: object, theirs: object) -> bool:
    """Equal but for the last digits of numbers: images of a batch are computed together."""
    if isinstance(ours, float) and isinstance(theirs, int | float):
        return abs(ours - theirs) < 1e-5
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(close(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(close, ours, theirs))
    return ours == theirs


@pytest.mark.slow
def test_the_screen_says_where_what_and_how_to_stop(quick_export: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "foveal", "serve", f"squares={quick_export}", "--port=0", "--host=0.0.0.0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **SCREEN},
    )
    assert process.stdout is not None
    text = [process.stdout.readline()]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    text = [*text, *out.splitlines()]
    assert process.returncode == 0 and err == ""
    assert re.match(r"  http://127\.0\.0\.1:\d+  the page; the API is described at /openapi.json", text[0])
    assert re.match(
        r"  squares +classify +\d classes +32 x 32 px +(ONNX Runtime|OpenVINO) [\d.]+, cpu, \d+ thread", text[1]
    )
    assert text[2].startswith("  Ctrl-C stops it, once the requests it took are finished")
    assert text[3] == (
        "  note: Anyone who reaches this machine can use it: set a key with --api-key or FOVEAL_API_KEY."
    )


@pytest.mark.parametrize(
    ("arguments", "what", "hint"),
    [
        (["none.onnx", FREE], "none.onnx: no such model.", "Name a run folder, a .safetensors or an .onnx file."),
        (
            ["a.txt", FREE],
            "a.txt: Foveal does not open .txt files.",
            "Name a run folder, a .safetensors or an .onnx file.",
        ),
        (["a.txt", "b/a.txt", FREE], "Two models are called a: a.txt and b/a.txt.", "Name one of them: a-2=b/a.txt"),
        (["a.txt", "--port", "70000"], "There is no port 70000.", "Use --port 0 to 65535; 0 takes a free one."),
        (["a.txt", "--queue", "0", FREE], "--queue 0 is not possible.", "Use --queue 1 to 100,000."),
    ],
)
def test_mistakes_are_told_in_two_lines(here, tmp_path, monkeypatch, arguments, what, hint) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").touch()
    done = here("serve", *arguments)
    assert done.code == 2
    lines = done.err.splitlines()
    assert lines[0].startswith(f"error: {what}") and len(lines) == 2
    assert lines[1] == f"  hint: {hint}"


def test_a_missing_extra_is_named(here, monkeypatch) -> None:
    for name in [name for name in sys.modules if name.startswith("foveal.serve")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = here("serve", "a.onnx")
    assert done.code == 2 and done.err.splitlines() == [
        "error: To serve models, Foveal needs the package 'uvicorn', which is not installed.",
        "  hint: Install it with: pip install 'foveal[serve]'",
    ]
