"""A server in a thread of the test, on models whose networks are a few lines of NumPy."""

import asyncio
import http.client
import io
import json
import queue
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from foveal.artifact.card import Card, CategoriesCard
from foveal.inference.backends.contract import Running as Engine
from foveal.inference.load import load
from foveal.inference.predictor import Predictor
from foveal.serve.log import JsonLog
from foveal.serve.options import ServeOptions
from foveal.serve.server import ModelServer, address_of, listen
from foveal.types.input_spec import InputSpec
from foveal.types.size import Size

SIDE = 32
SIZES = {"classify": Size.square(SIDE), "detect": Size.square(SIDE), "segment": Size(40, SIDE)}
CLASSES = ("ash", "birch", "cedar")
TASKS = {"trees": "classify", "cells": "detect", "street": "segment"}
OWN: Mapping[str, dict[str, Any]] = {
    "classify": {"multi_label": False, "temperature": 1.0, "threshold": 0.5},
    "detect": {"threshold": 0.5, "max_objects": 100},
    "segment": {},
}


def card_of(task: str) -> Card:
    """The card of a made-up model."""
    return Card(
        task=task,
        classes=CategoriesCard(names=CLASSES),
        input=InputSpec(size=SIZES[task], train_size=SIZES[task], fit="squash"),
        model={"backbone": "conv4"},
        own={},
        decode=OWN[task],
        metrics={"accuracy": (0.5, 0.4, 0.6)},
    )


class Network:
    """``Backend`` whose scores follow from the image's mean colour; ``gate`` holds its calls up while it is clear."""

    device_name = "cpu"
    running = Engine("onnxruntime", "1.0", "cpu", 1)

    def __init__(self, task: str, *, shift: float = 0.0) -> None:
        self.card, self.shift = card_of(task), shift
        self.gate = threading.Event()
        self.gate.set()
        self.calls: list[int] = []

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        assert self.gate.wait(30)
        self.calls.append(len(images))
        means = images.mean((1, 2)).astype(np.float64) / 255 + 0.01 + self.shift  # (B, 3)
        shares = (means / means.sum(1, keepdims=True)).astype(np.float32)
        count = len(images)
        match self.card.task:
            case "classify":
                ramp = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
                return {"scores": shares, "attention": np.repeat(ramp[None], count, 0)}
            case "detect":
                boxes = np.array([[2, 2, 14, 14], [16, 16, 30, 30], [1, 20, 9, 31]], np.float32)
                return {
                    "boxes": np.repeat(boxes[None], count, 0),
                    "scores": np.stack([np.array([0.9, 0.6, 0.2], np.float32)] * count),
                    "labels": np.stack([np.arange(3, dtype=np.int64)] * count),
                }
        maps = np.zeros((count, 3, 8, 8), np.float32)
        maps[:, 0, :, :4], maps[:, 1, :, 4:] = 1, 1
        return {"probabilities": maps}


def fake_load(path: Path, *, engine: str = "auto", device: str = "auto", threads: int = 0) -> Predictor:
    """Stands in for ``load``: a file's name is that of a made-up model, its content the shift."""
    if path.stem not in TASKS:
        return load(path, engine=engine, device=device, threads=threads)
    text = path.read_text() if path.is_file() else ""
    return Predictor(Network(TASKS[path.stem], shift=float(text or 0)))


@dataclass
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Running:
    """A server that runs."""

    server: ModelServer
    port: int
    log: io.StringIO
    loop: asyncio.AbstractEventLoop

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def network(self, name: str) -> Network:
        backend = self.server.models.live[name].predictor.backend
        assert isinstance(backend, Network)
        return backend

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Response(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def reload(self) -> None:
        """What SIGHUP does."""
        asyncio.run_coroutine_threadsafe(self.server.reload(), self.loop).result(30)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The log so far."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def get(self, path: str, **headers: str) -> Response:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, body: bytes, kind: str = "image/png", **headers: str) -> Response:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return self.ask("POST", path, body, {"Content-Type": kind, **named})


@contextmanager
def running(folder: Path, options: ServeOptions | None = None, names: Mapping[str, str] = TASKS) -> Iterator[Running]:
    """A server on made-up models, in a thread."""
    paths = {name: folder / f"{name}.onnx" for name in names}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["foveal.serve.models"], "load", fake_load)  # not by name: a test imports it anew
        log = io.StringIO()
        server = ModelServer(paths, options or ServeOptions(), device="cpu", log=JsonLog(log))
        loops = queue.SimpleQueue[asyncio.AbstractEventLoop]()
        with listen("127.0.0.1", 0) as listener:
            port = int(address_of(listener).rpartition(":")[2])
            started = lambda: loops.put(asyncio.get_running_loop())  # noqa: E731
            thread = threading.Thread(target=server.serve_on, args=(listener, started))
            thread.start()
            one = Running(server, port, log, loops.get(timeout=20))
            try:
                yield one
            finally:
                for live in server.models.live.values():
                    if isinstance(live.predictor.backend, Network):
                        live.predictor.backend.gate.set()
                server.should_exit = True
                thread.join(30)
                inside = {name: live.batcher.inside for name, live in server.models.live.items()}
                assert not thread.is_alive(), (inside, server.server_state.connections, server.server_state.tasks)


def png(color: tuple[int, int, int] = (200, 40, 40), size: tuple[int, int] = (64, 48), kind: str = "PNG") -> bytes:
    """An image of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, kind)
    return buffer.getvalue()


def form(*files: tuple[str, bytes], field_name: str = "image") -> tuple[bytes, str]:
    """A multipart body and its type."""
    parts = [
        f'--frontier\r\nContent-Disposition: form-data; name="{field_name}"; filename="{name}"\r\n'
        f"Content-Type: image/png\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, content in files
    ]
    return b"".join([*parts, b"--frontier--\r\n"]), "multipart/form-data; boundary=frontier"
