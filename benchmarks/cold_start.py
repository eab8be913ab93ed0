"""From nothing to the first answer of an exported model: the server, and `foveal predict`.

    python benchmarks/cold_start.py MODEL.onnx IMAGE [--runs 5] [--python PYTHON] [--limit 1.5]

PYTHON is that of an installation with the extra `serve`; best a base install, as the container has it:

    python -m venv base && base/bin/pip install '.[serve]'
    python benchmarks/cold_start.py flowers.onnx photo.jpg --python base/bin/python

A run starts `foveal serve`, sends the image until it is answered, and stops it; the time ends with the answer. The
median counts, since files are in the page cache from the second run on; the first is printed too, and the CPU time,
which tells a busy machine from a slow program. Exit code 1: slower than the limit.
"""

import argparse
import http.client
import json
import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

POLL_S = 0.01


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def ask(port: int, body: bytes) -> dict[str, object] | None:
    """The server's answer for an image; None: it does not answer yet."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/v1/models/model/predict", body, {"Content-Type": "application/octet-stream"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status == http.client.SERVICE_UNAVAILABLE:
            return None
        assert answer.status == http.client.OK, (answer.status, content)
        found: dict[str, object] = json.loads(content)
        return found
    except (ConnectionRefusedError, ConnectionResetError):
        return None
    finally:
        connection.close()


def time_serve(python: str, model: Path, image: bytes) -> float:
    """Seconds from starting `foveal serve` to the first prediction."""
    port = free_port()
    command = [python, "-m", "foveal", "serve", f"model={model}", "--port", str(port), "--quiet"]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment())
    try:
        while ask(port, image) is None:
            if process.poll() is not None:
                assert process.stderr is not None
                sys.exit(process.stderr.read().decode())
            time.sleep(POLL_S)
        return time.perf_counter() - start
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def time_predict(python: str, model: Path, image: Path) -> float:
    """Seconds that `foveal predict` takes for one image."""
    start = time.perf_counter()
    command = [python, "-m", "foveal", "predict", str(model), str(image), "--json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment())
    return time.perf_counter() - start


def cpu_s() -> float:
    """CPU time of all finished processes that this one started."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def environment() -> dict[str, str]:
    """That of this process, with no other source of packages than the interpreter's own."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "FOVEAL_API_KEY")}


def main() -> int:
    """Print a line for each command; 1 if one is slower than the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("image", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--limit", type=float, default=1.5)
    options = parser.parse_args()
    body = options.image.read_bytes()
    slow = False
    calls = {
        "foveal serve, first answer": partial(time_serve, options.python, options.model, body),
        "foveal predict, one image": partial(time_predict, options.python, options.model, options.image),
    }
    for what, call in calls.items():
        before = cpu_s()
        times = [call() for _ in range(options.runs)]
        cpu = (cpu_s() - before) / options.runs
        median = statistics.median(times)
        slow = slow or median > options.limit
        print(
            f"{what:<28} median {median:.2f} s of {options.runs}, fastest {min(times):.2f} s, first {times[0]:.2f} s,"
            f" CPU {cpu:.2f} s;"
            f" limit {options.limit:g} s: {'ok' if median <= options.limit else 'TOO SLOW'}"
        )
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
