"""How fast a server is, and whether it is right under load: foveal serve, LitServe and plain FastAPI in one run.

    python benchmarks/serve_load.py CLASSIFIER.onnx IMAGES [--others DETECTOR.onnx ...] [--litserve PYTHON]
        [--seconds 8] [--rounds 2] [--clients 32] [--requests 10000]

Loopback only; every loop is bounded in time or in number. `--litserve` names the Python of a virtual environment with
`litserve` and Foveal's base install; without it LitServe is left out. Prints Markdown.

Three servers get the same JPEG files as forms from the same clients, one after the other, round after round; each
decodes and prepares images with Foveal's own functions and runs the same session with the same threads. Beside them:
the bare session on prepared images at the same batch, and decoding plus session without any server.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foveal.inference.load import load
from foveal.inference.predictor import Predictor
from foveal.types.selection import Selection

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # as foveal serve has it, for all: the same session everywhere
BATCH = 16
SUFFIXES = (".jpg", ".jpeg", ".png")
FASTAPI = """
import sys, uvicorn
from fastapi import FastAPI, UploadFile
from foveal.inference.load import load
predictor = load(sys.argv[1]); app = FastAPI()
@app.post("/predict")
def predict(image: UploadFile):
    return {"path": image.filename, **predictor.predict(image.file.read()).to_dict()}
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error", access_log=False)
"""
LITSERVE = """
import sys, numpy as np, litserve
from foveal.inference.load import load
class Api(litserve.LitAPI):
    def setup(self, device): self.predictor = load(sys.argv[1])
    def decode_request(self, request): return self.predictor.prepare(request["image"].file.read())
    def batch(self, inputs): return inputs
    def predict(self, inputs):
        arrays = self.predictor.backend.run(np.stack([one.pixels for one in inputs]))
        return list(self.predictor.output.assemble(arrays, [one.geometry for one in inputs]))
    def unbatch(self, output): return output
    def encode_response(self, output): return output.to_dict()
if __name__ == "__main__":
    api = Api(max_batch_size=16, batch_timeout=0.005)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, timeout=60)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), log_level="error", access_log=False, generate_client_file=False)
"""


@dataclass(frozen=True)
class Request:
    """What is sent, and what should come back: a status and, for 200, a document."""

    path: str
    body: bytes
    kind: str
    status: int = 200
    expected: object = None
    headers: str = ""

    @property
    def wire(self) -> bytes:
        """As it is sent."""
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {self.kind}\r\n{self.headers}"
            f"Content-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body


class Client:
    """One connection, kept alive."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, wire: bytes) -> tuple[int, bytes, dict[str, str]]:
        """Send a request; status, body and headers of the response."""
        if self.open is None:
            self.open = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 24)
        reader, writer = self.open
        writer.write(wire)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            self.close()
        return int(head[0].split()[1]), body, headers

    def close(self) -> None:
        """End the connection."""
        if self.open is not None:
            self.open[1].close()
        self.open = None


async def load_for(
    port: int, requests: Sequence[Request], *, seconds: float, clients: int
) -> tuple[float, list[float], int]:
    """Requests per second and the latency of each, after one second that does not count; and all requests."""
    wires = [request.wire for request in requests]
    begun = time.perf_counter()
    counted = begun + 1
    end = counted + seconds
    latencies: list[float] = []
    every = 0

    async def run(number: int) -> None:
        nonlocal every
        client, place = Client(port), number
        while (sent := time.perf_counter()) < end:
            status, body, _ = await client.ask(wires[place % len(wires)])
            assert status == 200, (status, body[:200])
            every += 1
            if sent >= counted:
                latencies.append(time.perf_counter() - sent)
            place += clients
        client.close()

    await asyncio.gather(*map(run, range(clients)))
    return len(latencies) / (time.perf_counter() - counted), latencies, every


@contextmanager
def started(command: Sequence[str], port: int, path: str = "/healthz") -> Iterator[subprocess.Popen[bytes]]:
    """A server's process, once it responds."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    if command[0] != sys.executable:
        environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[1] / "src")
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
        try:
            for _ in range(300):
                try:
                    asyncio.run(
                        asyncio.wait_for(Client(port).ask(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()), 5)
                    )
                    break
                except (OSError, asyncio.IncompleteReadError, TimeoutError):
                    assert process.poll() is None, (log.seek(0), log.read()[-3000:])
                    time.sleep(0.2)
            yield process
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)


def cpu_seconds(session: int) -> float:
    """CPU time of all processes of a session so far."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def form(*files: tuple[str, bytes]) -> tuple[bytes, str]:
    parts = [
        f'--frontier\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n'
        f"Content-Type: image/jpeg\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, content in files
    ]
    return b"".join([*parts, b"--frontier--\r\n"]), "multipart/form-data; boundary=frontier"


def free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def timed(call: Callable[[], object], seconds: float) -> float:
    """Calls per second."""
    call()
    begun, calls = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        call()
        calls += 1
    return calls / (time.perf_counter() - begun)


def foveal_command(models: Sequence[str], port: int) -> list[str]:
    return [sys.executable, "-m", "foveal", "serve", *models, "--port", str(port), "--quiet", "--max-batch", str(BATCH)]


def compare_speed(args: argparse.Namespace, images: Sequence[tuple[str, bytes]]) -> None:
    """The table of servers."""
    predictor = load(args.model)
    prepared = np.stack([predictor.prepare(content).pixels for _, content in images[:BATCH]])
    forms = [Request("/predict", *form(image)) for image in images]
    ours = [Request("/v1/models/m/predict", *form(image)) for image in images]
    head = {
        "inputs": [
            {
                "name": "input",
                "datatype": "UINT8",
                "shape": list(prepared.shape),
                "parameters": {"binary_data_size": prepared.nbytes},
            }
        ],
        "outputs": [{"name": name} for name in ("scores",)],
    }
    text = json.dumps(head).encode()
    tensor = Request(
        "/v2/models/m/infer",
        text + prepared.tobytes(),
        "application/octet-stream",
        headers=f"Inference-Header-Content-Length: {len(text)}\r\n",
    )
    rates: dict[str, list[float]] = {}
    latencies: dict[str, list[float]] = {}
    costs: dict[str, list[float]] = {}
    contents = [content for _, content in images[:64]]

    def measure(
        name: str, command: list[str], port: int, requests: Sequence[Request], *, clients: int, each: int, path: str
    ) -> None:
        with started(command, port, path) as process:
            asyncio.run(load_for(port, requests, seconds=0.5, clients=clients))
            before = cpu_seconds(process.pid)
            rate, times, every = asyncio.run(load_for(port, requests, seconds=args.seconds, clients=clients))
            used = cpu_seconds(process.pid) - before
        rates.setdefault(name, []).append(rate * each)
        costs.setdefault(name, []).append(used / every / each * 1000)
        latencies.setdefault(name, []).extend(times)

    for _ in range(args.rounds):
        for name, call, each in (
            ("bare session, prepared images", lambda: predictor.backend.run(prepared), BATCH),
            ("decoding and session, no server", lambda: predictor.predict(contents, batch_size=BATCH), len(contents)),
        ):
            before = time.process_time(), time.perf_counter()
            rate = each * timed(call, args.seconds / 2)
            rates.setdefault(name, []).append(rate)
            used, wall = time.process_time() - before[0], time.perf_counter() - before[1]
            costs.setdefault(name, []).append(used / wall / rate * 1000)
        port = free_port()
        measure(
            "foveal serve, /v2, prepared images",
            foveal_command([f"m={args.model}"], port),
            port,
            [tensor],
            clients=3,
            each=BATCH,
            path="/healthz",
        )
        port = free_port()
        measure(
            "foveal serve, files",
            foveal_command([f"m={args.model}"], port),
            port,
            ours,
            clients=args.clients,
            each=1,
            path="/healthz",
        )
        port = free_port()
        measure(
            "FastAPI with a session, files",
            [sys.executable, "-c", FASTAPI, args.model, str(port)],
            port,
            forms,
            clients=args.clients,
            each=1,
            path="/docs",
        )
        if args.litserve:
            port = free_port()
            with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
                script.write(LITSERVE)
                script.flush()
                measure(
                    "LitServe, files",
                    [args.litserve, script.name, args.model, str(port)],
                    port,
                    forms,
                    clients=args.clients,
                    each=1,
                    path="/health",
                )
    print(f"\n{args.clients} clients, batches of at most {BATCH}, {args.rounds} rounds of {args.seconds:g} s\n")
    print("| | images/s | CPU ms per image | p50 ms | p99 ms |\n|---|---:|---:|---:|---:|")
    for name, values in rates.items():
        times = np.array(latencies.get(name, [np.nan])) * 1000
        middle, late = np.percentile(times, [50, 99])
        cost = statistics.median(costs[name])
        print(f"| {name} | {statistics.median(values):.0f} | {cost:.1f} | {middle:.1f} | {late:.1f} |")
    cheapest = statistics.median(costs["bare session, prepared images"])
    ours_cost = statistics.median(costs["foveal serve, /v2, prepared images"])
    bare = statistics.median(rates["bare session, prepared images"])
    tensor_rate = statistics.median(rates["foveal serve, /v2, prepared images"])
    print(f"\n/v2 is {tensor_rate / bare:.2f} of the bare session, {cheapest / ours_cost:.2f} by CPU time.")


def mixed_requests(predictors: dict[str, Predictor], images: Sequence[tuple[str, bytes]]) -> list[Request]:
    """Requests of all forms with what each should give, by direct prediction."""
    import base64

    requests: list[Request] = []
    for name, predictor in predictors.items():
        for threshold in (None, 0.05) if "max_objects" in predictor.card.decode else (None,):
            chosen = predictor.select(Selection(threshold))
            path = f"/v1/models/{name}/predict" + (f"?threshold={threshold}" if threshold else "")
            documents = [chosen.predict(content).to_dict() for _, content in images]
            named = [{"path": file, **document} for (file, _), document in zip(images, documents, strict=True)]
            for (file, content), document in zip(images, documents, strict=True):
                requests.append(Request(path, content, "image/jpeg", 200, {"path": "image", **document}))
                requests.append(Request(path, *form((file, content)), 200, {"path": file, **document}))
                body = json.dumps({"image": base64.b64encode(content).decode()}).encode()
                requests.append(Request(path, body, "application/json", 200, {"path": "image", **document}))
            for start in range(0, len(images) - 3, 3):
                few = slice(start, start + 3)
                requests.append(Request(path, *form(*images[few]), 200, named[few]))
        requests += [
            Request(f"/v1/models/{name}/predict", images[0][1][:200], "image/jpeg", 422),
            Request(f"/v1/models/{name}/predict", b"x", "text/plain", 415),
            Request(f"/v1/models/{name}/predict?threshold=7", images[0][1], "image/jpeg", 422),
        ]
    requests.append(Request("/v1/models/none/predict", b"x", "image/jpeg", 404))
    return requests


def distance(ours: object, theirs: object) -> float:
    """The largest difference of two numbers of equal documents; infinite where anything else differs."""
    match ours, theirs:
        case ((int() | float()), (int() | float())):
            return abs(ours - theirs)
        case dict(), dict() if ours.keys() == theirs.keys():
            return max((distance(ours[key], theirs[key]) for key in ours), default=0.0)
        case list(), list() if len(ours) == len(theirs):
            return max((distance(a, b) for a, b in zip(ours, theirs, strict=True)), default=0.0)
    return 0.0 if ours == theirs else float("inf")


def resident_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS")) / 1024


async def check_all(port: int, requests: Sequence[Request], count: int, clients: int, pid: int) -> None:
    """Send ``count`` requests in random order and compare each."""
    chance = random.Random(0)
    order = iter([chance.randrange(len(requests)) for _ in range(count)])
    statuses: Counter[int] = Counter()
    wrong: list[str] = []
    furthest, done, memory = 0.0, 0, list[float]()
    begun = time.perf_counter()

    async def run() -> None:
        nonlocal furthest, done
        client = Client(port)
        for place in order:
            request = requests[place]
            status, body, _ = await client.ask(request.wire)
            statuses[status] += 1
            gap = 0.0
            if status == 200 == request.status:
                gap = distance(request.expected, json.loads(body))
                furthest = max(furthest, gap if gap < 1 else 0)
            if status != request.status or gap > 0.01:
                wrong.append(f"{request.path} {request.kind} {status} {gap} {body[:120]!r}")
            done += 1
            if done % max(1, count // 20) == 0:
                memory.append(resident_mb(pid))
                print(f"{done:,} of {count:,}, {len(wrong)} wrong, {memory[-1]:.0f} MB", file=sys.stderr)
        client.close()

    await asyncio.gather(*(run() for _ in range(clients)))
    seconds = time.perf_counter() - begun
    print(
        f"\n{count:,} mixed requests in {seconds:.0f} s: {dict(statuses)}; {len(wrong)} wrong; largest difference"
        f" {furthest:.1e} (scores in [0, 1], boxes in pixels)"
    )
    print(
        f"memory: {memory[1]:.0f} MB after a tenth, {max(memory[1:]):.0f} at most, {memory[-1]:.0f} at the end"
        f" ({memory[-1] / memory[1] - 1:+.1%})"
    )
    print("\n".join(wrong[:5]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("images", type=Path)
    parser.add_argument("--others", nargs="*", default=[])
    parser.add_argument("--litserve", default="")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--requests", type=int, default=10_000)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # servers end with it
    files = sorted(file for file in args.images.rglob("*") if file.suffix.lower() in SUFFIXES)[:200]
    images = [(file.name, file.read_bytes()) for file in files]
    if args.rounds:
        compare_speed(args, images)
    if args.requests:
        paths = {f"m{place}": path for place, path in enumerate([args.model, *args.others])}
        predictors = {name: load(path) for name, path in paths.items()}
        requests = mixed_requests(predictors, images[:24])
        port = free_port()
        with started(foveal_command([f"{name}={path}" for name, path in paths.items()], port), port) as process:
            asyncio.run(check_all(port, requests, args.requests, args.clients, process.pid))


if __name__ == "__main__":
    main()
