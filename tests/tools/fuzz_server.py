"""Requests that no honest client sends, against a server that runs: damaged images, forms, JSON, tensors, headers.

    python tests/tools/fuzz_server.py http://127.0.0.1:8000 MODEL [COUNT] [SEED]

Each must get a response, and never one of 500 or above but 503. Prints how many got which status.
"""

import base64
import http.client
import io
import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
TYPES = (
    "image/png",
    "image/jpeg",
    "application/octet-stream",
    "",
    "text/plain",
    "image/",
    "application/json;x=",
    "multipart/form-data",
    "multipart/form-data; boundary=",
)
VALUES = (None, True, -1, 0, 2**31, 2**70, 1e308, "", "x" * 300, [], {}, [[]], [None], {"a": {}}, "\ud800", "\0")
ALLOWED = {200, 400, 404, 405, 408, 413, 415, 422, 431, 503}


@dataclass
class Fuzzer:
    """Makes requests from a seed."""

    model: str
    chance: random.Random
    statuses: Counter[int] = field(default_factory=Counter)

    def image(self) -> bytes:
        """An encoded image, whole in one case of eight."""
        side = self.chance.randint(1, 40)
        pixels = np.random.default_rng(self.chance.getrandbits(32)).integers(0, 256, (side, side + 3, 3), np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, self.chance.choice(FORMATS))
        return buffer.getvalue() if self.chance.random() < 0.125 else self.damaged(buffer.getvalue())

    def damaged(self, content: bytes) -> bytes:
        """Bytes flipped, left out, put in, cut off; more often at the beginning, where headers are."""
        data = bytearray(content)
        for _ in range(self.chance.randint(1, 6)):
            at = min(int(self.chance.expovariate(1 / (8 + len(data) / 8))), max(0, len(data) - 1))
            match self.chance.randrange(5):
                case 0 if data:
                    data[at] = self.chance.randrange(256)
                case 1:
                    data[at : at + 4] = self.chance.choice(
                        (b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\0\0\xff\xff")
                    )
                case 2:
                    del data[at : at + self.chance.randint(1, 9)]
                case 3:
                    data[at:at] = self.chance.randbytes(self.chance.randint(1, 9))
                case 4:
                    del data[self.chance.randrange(len(data) + 1) :]
        return bytes(data)

    def raw(self) -> tuple[str, bytes, dict[str, str]]:
        return self.path(), self.image(), {"Content-Type": self.chance.choice(TYPES)}

    def form(self) -> tuple[str, bytes, dict[str, str]]:
        parts = [
            b'--b\r\nContent-Disposition: form-data; name="image"; filename="%s"\r\n\r\n'
            % self.chance.randbytes(3).hex().encode()
            + self.image()
            + b"\r\n"
            for _ in range(self.chance.randint(0, 4))
        ]
        body = b"".join([*parts, b"--b--\r\n"])
        if self.chance.random() < 0.5:
            body = self.damaged(body)
        return self.path(), body, {"Content-Type": "multipart/form-data; boundary=b"}

    def text(self) -> tuple[str, bytes, dict[str, str]]:
        encoded = base64.b64encode(self.image()).decode()
        value: object = self.chance.choice(
            [
                {"image": encoded},
                {"images": [encoded, encoded]},
                {"image": self.any()},
                {"images": self.any()},
                self.any(),
            ]
        )
        body = json.dumps(value).encode()
        return (
            self.path(),
            self.damaged(body) if self.chance.random() < 0.3 else body,
            {"Content-Type": "application/json"},
        )

    def tensor(self) -> tuple[str, bytes, dict[str, str]]:
        tail = self.damaged(b"\x10\0\0\0" + self.image()) if self.chance.random() < 0.5 else self.chance.randbytes(12)
        one: dict[str, object] = {
            "name": self.chance.choice(("image", "pixels", "input", "x")),
            "datatype": self.chance.choice(("BYTES", "UINT8", "FP32")),
            "shape": self.chance.choice(([1], [2, 2, 3], [1, 2, 2, 3], [0], [-1], [2**40], [])),
        }
        if self.chance.random() < 0.5:
            one["parameters"] = {"binary_data_size": self.chance.choice((len(tail), 0, 3, -1, 10**9))}
        else:
            one["data"] = self.chance.choice(([1] * 12, ["aGk="], [[1, 2]], self.any()))
        if self.chance.random() < 0.3:
            one[self.chance.choice([*one])] = self.any()
        request: dict[str, object] = {"inputs": [one] * self.chance.choice((0, 1, 1, 1, 1, 2))}
        if self.chance.random() < 0.3:
            request[self.chance.choice(("id", "outputs", "parameters", "inputs"))] = self.any()
        head = json.dumps(request).encode()
        length = self.chance.choice((len(head), len(head), len(head), 0, len(head) + 5, -3))
        path = f"/v2/models/{self.model}/infer"
        return path, head + tail, {"Inference-Header-Content-Length": str(length)}

    def path(self) -> str:
        query = ""
        if self.chance.random() < 0.3:
            name = self.chance.choice(("threshold", "top", "max_objects", "only", "polygons", "attention", "x", "%00"))
            query = f"?{name}=" + self.chance.choice(
                ("0", "1", "-1", "nan", "inf", "1e999", "", "true", "%ff", "a" * 2000)
            )
        return f"/v1/models/{self.model}/predict{query}"

    def any(self) -> object:
        return self.chance.choice(VALUES)

    def headers(self) -> dict[str, str]:
        if self.chance.random() < 0.8:
            return {}
        name = self.chance.choice(
            ("X-Timeout", "X-Request-ID", "Content-Encoding", "Accept", "Authorization", "Expect")
        )
        return {name: self.chance.choice(("", "0", "nan", "-5", "1e-9", "5", "gzip", "\xff\xfe", "a" * 5000))}

    def ask(self, host: str, port: int) -> None:
        """Send one request; its response must be one that a server may give."""
        make: Callable[[], tuple[str, bytes, dict[str, str]]] = self.chance.choice(
            [self.raw, self.raw, self.form, self.text, self.tensor]
        )
        path, body, headers = make()
        connection = http.client.HTTPConnection(host, port, timeout=30)
        try:
            connection.request("POST", path, body, {**headers, **self.headers()})
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        self.statuses[response.status] += 1
        assert response.status in ALLOWED, (response.status, path, headers, content[:300], body[:300])
        if response.status not in (200, 400, 431):
            assert json.loads(content)["error"], (response.status, content)


def fuzz(address: str, model: str, count: int, seed: int) -> Counter[int]:
    """Send ``count`` requests; how many got which status."""
    parts = urlsplit(address)
    fuzzer = Fuzzer(model, random.Random(seed))
    for _ in range(count):
        fuzzer.ask(parts.hostname or "127.0.0.1", parts.port or 80)
    return fuzzer.statuses


if __name__ == "__main__":
    number = [int(word) for word in sys.argv[3:5]]
    print(dict(fuzz(sys.argv[1], sys.argv[2], *(number + [1000, 0][len(number) :]))))
