"""``foveal parity``: one model on the same files through every path there is. Without torch, all but the network."""

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit
from urllib.request import Request, urlopen

from foveal.deploy.documents import NOTHING, Apart, Document, apart
from foveal.errors import ArtifactError, ConfigError, FovealError
from foveal.inference.backends.choose import Wanted, has_openvino
from foveal.inference.load import find_model, open_backend
from foveal.inference.predictor import Predictor
from foveal.types.progress import Progress, silent

TIMEOUT_S = 60.0
MODEL_ADDRESS = re.compile(r"(?P<server>.+?)/v1/models/(?P<name>[^/]+)(?:/predict)?/?")


@dataclass(frozen=True)
class PathDocuments:
    """One path: its name, what runs it, its predictions, and the precision of its file, where that is known."""

    name: str
    running: str
    documents: Sequence[Document]
    precision: str = ""


@dataclass(frozen=True)
class Column:
    """One path beside the first.

    Attributes:
        name: network, ONNX Runtime, OpenVINO or HTTP.
        running: Engine, device and threads, or the address.
        apart: From the first path; None: this is the first.
        precision: Of the file: fp32, fp16 or int8; empty: a server's.
    """

    name: str
    running: str
    apart: Apart | None
    precision: str = ""


def compare_paths(
    model: str | Path,
    images: Sequence[Path],
    *,
    exported: str | Path | None = None,
    url: str | None = None,
    name: str | None = None,
    key: str = "",
    threads: int = 0,
    progress: Progress = silent,
) -> list[Column]:
    """Predict on the same files by every path, and compare each with the first.

    Args:
        model: A run folder or a .safetensors file; or an .onnx file, which then is compared without its network.
        images: Files.
        exported: The exported file; None: ``model.onnx`` beside the model.
        url: Of a server, ``foveal serve``, or of one of its models; None: none.
        name: The model's name there; None: that of ``url``, or its only one, or the one that is called like the run's
            folder.
        key: The server's API key; empty: none is sent.
        threads: Threads within the network; 0: all cores.
        progress: Called with each path.

    Raises:
        FovealError: A model, an image or the server cannot be read.
    """
    file = find_model(Path(model))
    onnx = file if file.suffix == ".onnx" else Path(exported) if exported else file.with_name("model.onnx")
    if not onnx.is_file():
        raise ArtifactError(f"{onnx}: no such file.", f"Write it with: foveal export {model}")
    wanted = [] if file.suffix == ".onnx" else [("network", file, Wanted("torch", "cpu", threads))]
    wanted.append(("ONNX Runtime", onnx, Wanted("onnxruntime", "cpu", threads)))
    if has_openvino():
        wanted.append(("OpenVINO", onnx, Wanted("openvino", "cpu", threads)))
    paths, threshold = [], 0.0
    for title, source, want in wanted:
        progress(f"predicting: {title}", 0, None)
        with Predictor(open_backend(source, want)) as predictor:
            threshold = float(predictor.card.decode.get("threshold", 0.0))
            documents = [prediction.to_dict() for prediction in predictor.stream(images)]
            running = predictor.running
            paths.append(PathDocuments(title, str(running), documents, running.precision))
    if url is not None:
        progress("asking the server", 0, None)
        server = Server(url, key=key)
        chosen = name or server.name or server.model_named(file.parent.name)
        paths.append(PathDocuments("HTTP", f"{server.url}, model {chosen}", list(server.predict(chosen, images))))
    first = paths[0]
    columns = [Column(first.name, first.running, None, first.precision)]
    for path in paths[1:]:
        total = NOTHING
        for ours, theirs in zip(first.documents, path.documents, strict=True):
            total = total + apart(ours, theirs, threshold=threshold)
        columns.append(Column(path.name, path.running, total, path.precision))
    return columns


class Server:
    """A server that ``foveal serve`` runs.

    Args:
        url: Its address, ``http://host:port``; or that of a model, ``http://host:port/v1/models/NAME``.
        key: Its API key; empty: none is sent.

    Attributes:
        url: Its address.
        name: The model of the address; empty: it names none.

    Raises:
        ConfigError: Not such an address.
    """

    def __init__(self, url: str, *, key: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ConfigError(f"{url!r} is not the address of a server.", "Write it like --url http://127.0.0.1:8000.")
        of_model = MODEL_ADDRESS.fullmatch(url)
        self.url, name = (of_model["server"], of_model["name"]) if of_model else (url.rstrip("/"), "")
        self.name = unquote(name)
        self._key = key

    def model_named(self, name: str) -> str:
        """The server's only model, or the one of this name.

        Raises:
            ConfigError: It has several, and none of this name.
        """
        names = [str(one["name"]) for one in self._get("/v1/models")["models"]]
        if len(names) == 1 or name in names:
            return names[0] if len(names) == 1 else name
        raise ConfigError(f"{self.url} has no model {name!r}; it has {', '.join(names)}.", "Choose one with --name.")

    def predict(self, name: str, images: Sequence[Path]) -> Iterator[Document]:
        """The prediction for each file, one request each."""
        for image in images:
            boundary = uuid.uuid4().hex
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="image"\r\n'
            body = head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + image.read_bytes()
            request = Request(  # noqa: S310  http or https, checked above
                f"{self.url}/v1/models/{quote(name, safe='')}/predict",
                data=body + f"\r\n--{boundary}--\r\n".encode(),
                headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
            )
            found = self._ask(request)
            yield found[0] if isinstance(found, list) else found

    def _get(self, place: str) -> Mapping[str, Any]:
        return dict(self._ask(Request(f"{self.url}{place}")))  # noqa: S310

    def _ask(self, request: Request, *, open_url: Callable[..., Any] = urlopen) -> Any:
        if self._key:
            request.add_unredirected_header("Authorization", f"Bearer {self._key}")
        try:
            with open_url(request, timeout=TIMEOUT_S) as response:
                return json.loads(response.read())
        except HTTPError as error:
            told, hint = told_by(error)
            raise FovealError(f"{request.full_url}: {told}", hint) from None
        except (URLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise FovealError(f"{request.full_url}: no reply ({reason}).", "Is the server running?") from None


def told_by(error: HTTPError) -> tuple[str, str]:
    """Why a server refuses, and what to do, in its own words where it has some."""
    try:
        told = json.loads(error.read())
        what, hint = str(told["error"]), str(told.get("hint", ""))
    except (OSError, ValueError, TypeError, KeyError):
        what, hint = str(error.reason), "Is this the address of foveal serve?"
    if error.code == HTTPStatus.UNAUTHORIZED:
        hint = "Set FOVEAL_API_KEY to its key."
    return f"the server refuses with {error.code} ({what.rstrip('.')}).", hint
