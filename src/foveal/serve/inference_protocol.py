"""The Open Inference Protocol, version 2, as KServe and Triton speak it.

A model takes one of three inputs: ``image`` (BYTES, encoded images), ``pixels`` (UINT8, images of any size) or
``input`` (UINT8, images prepared already). It gives ``predictions`` (BYTES, predict's JSON per image) and the raw
outputs of its network.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response

from foveal.inference.images import Named
from foveal.inference.predictor import Predictor, Prepared
from foveal.serve.batching import Finish, Load, Raw
from foveal.serve.bodies import check_encoding, read_body
from foveal.serve.models import Live
from foveal.serve.predicting import DEADLINE_HEADER, Deadline, assemble, dumps, loads_of, run
from foveal.serve.refusals import Refused, busy, invalid, too_large
from foveal.serve.service import Service
from foveal.serve.tensors import LENGTH_HEADER, TYPES, Outputs, Tensor, parameters_of, read_request, write_response
from foveal.types.arrays import RGB
from foveal.types.geometry import Geometry
from foveal.version import __version__

VERSION = "1"
"""Of every model: the server knows one at a time."""
PREDICTIONS = "predictions"
PLATFORMS = {"onnxruntime": "onnxruntime_onnx", "openvino": "openvino", "torch": "pytorch_libtorch"}
INFER_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["inputs"],
                "properties": {"inputs": {"type": "array", "minItems": 1, "items": {"type": "object"}}},
            }
        },
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    },
}


def protocol_routes(service: Service, errors: Mapping[int | str, dict[str, Any]]) -> APIRouter:
    """All routes under /v2."""
    router, options = APIRouter(tags=["v2"]), service.models.options
    missing: dict[int | str, dict[str, Any]] = {404: errors[404]}
    ending: dict[int | str, dict[str, Any]] = {503: errors[503]}

    @router.get("/v2")
    async def server() -> Response:
        """The server's name, version and extensions."""
        return _json({"name": "foveal", "version": __version__, "extensions": ["binary_tensor_data"]})

    @router.get("/v2/health/live")
    async def live() -> Response:
        """Whether the server runs."""
        return _json({"live": True})

    @router.get("/v2/health/ready", responses=ending)
    async def ready() -> Response:
        """Whether it takes requests."""
        if service.closing:
            raise busy("The server is ending.", reason="ending")
        return _json({"ready": True})

    @router.get("/v2/models/{name}", responses=missing)
    @router.get("/v2/models/{name}/versions/{version}", responses=missing)
    async def metadata(name: str, version: str = VERSION) -> Response:
        """A model's inputs and outputs."""
        return _json(describe(name, _find(service, name, version)))

    @router.get("/v2/models/{name}/ready", responses=missing)
    @router.get("/v2/models/{name}/versions/{version}/ready", responses=missing)
    async def model_ready(name: str, version: str = VERSION) -> Response:
        """Whether a model takes requests."""
        _find(service, name, version)
        return _json({"name": name, "ready": True})

    @router.post("/v2/models/{name}/infer", responses=dict(errors), openapi_extra={"requestBody": INFER_BODY})
    @router.post(
        "/v2/models/{name}/versions/{version}/infer",
        responses=dict(errors),
        openapi_extra={"requestBody": INFER_BODY},
    )
    async def infer(name: str, request: Request, version: str = VERSION) -> Response:
        """Run a model."""
        deadline = Deadline(options.timeout_s, request.headers.get(DEADLINE_HEADER))
        _find(service, name, version)
        service.check_room(name)
        check_encoding(request.headers.get("content-encoding"))
        body = await read_body(
            request.stream(), request.headers.get("content-length"), options, service.held, deadline.left_s
        )
        try:
            read = partial(read_request, body, request.headers.get(LENGTH_HEADER))
            asked, tensors = await service.parse(body, read)
            model = None
            while model is not _find(service, name, version):  # it may be replaced while the images are parsed
                model = _find(service, name, version)
                loads = await service.parse(body, partial(loads_from, tensors, model.predictor, options.max_pixels))
            if len(loads) > options.most_images:
                raise too_large(f"The request has more than {options.most_images} images.", "Send fewer at a time.")
            outputs = Outputs(asked, [PREDICTIONS, *(one.name for one in model.arrays)])
            lengths: list[int | None] = []
            finish = _finish(model, name, asked, outputs, lengths)
            content = await run(model, loads, finish, _sooner(deadline, asked))
        finally:
            service.held.give(len(body))
        if lengths[0] is None:
            return Response(content, media_type="application/json")
        return Response(content, media_type="application/octet-stream", headers={LENGTH_HEADER: str(lengths[0])})

    return router


def describe(name: str, live: Live) -> dict[str, object]:
    """A model's metadata."""
    rows, columns = live.predictor.spec.size.shape
    inputs = [
        {"name": "image", "datatype": "BYTES", "shape": [-1]},
        {"name": "pixels", "datatype": "UINT8", "shape": [-1, -1, -1, 3]},
        {"name": "input", "datatype": "UINT8", "shape": [-1, rows, columns, 3]},
    ]
    outputs = [{"name": one.name, "datatype": TYPES[one.dtype], "shape": [-1, *one.shape]} for one in live.arrays]
    return {
        "name": name,
        "versions": [VERSION],
        "platform": PLATFORMS.get(live.running.engine, live.running.engine),
        "inputs": inputs,
        "outputs": [{"name": PREDICTIONS, "datatype": "BYTES", "shape": [-1]}, *outputs],
    }


def loads_from(tensors: Sequence[Tensor], predictor: Predictor, max_pixels: int) -> list[Load]:
    """What loads each image of a request.

    Raises:
        Refused: 413 or 422.
    """
    if len(tensors) != 1:
        raise invalid(f"The request has {len(tensors)} inputs.", "Give one: image, pixels or input.")
    tensor, (rows, columns) = tensors[0], predictor.spec.size.shape
    if tensor.name == "image":
        images = [Named(f"image {place}", content) for place, content in enumerate(tensor.images(), start=1)]
        for image in images:
            if not image.content:
                raise invalid(f"{image.name}: is empty (0 bytes).")
        loads = loads_of(predictor, images, max_pixels)
    elif tensor.name in ("pixels", "input"):
        pixels = tensor.pixels()
        if pixels.ndim == 3:
            pixels = pixels[None]
        if pixels.ndim != 4 or pixels.shape[3] != 3 or 0 in pixels.shape[1:]:
            raise invalid(f"The input {tensor.name!r} has the shape {list(tensor.shape)}, not [N, height, width, 3].")
        if pixels.shape[1] * pixels.shape[2] > max_pixels:
            raise too_large(f"An image has more than {max_pixels} pixels.", "Shrink it.")
        if tensor.name == "input" and pixels.shape[1:3] != (rows, columns):
            raise invalid(f"The input 'input' has the shape {list(tensor.shape)}, not [N, {rows}, {columns}, 3].")
        load = predictor.prepare if tensor.name == "pixels" else as_prepared
        loads = [partial(load, image) for image in pixels]
    else:
        raise invalid(f"There is no input {tensor.name[:80]!r}.", "Inputs: image, pixels or input.")
    if not loads:
        raise invalid("The request has no image.")
    return loads


def as_prepared(pixels: RGB) -> Prepared:
    """An image that was prepared elsewhere: its predictions are in pixels of the input."""
    size = (pixels.shape[1], pixels.shape[0])
    return Prepared(pixels, Geometry(size, size, (1.0, 1.0)))


def _finish(model: Live, name: str, asked: Mapping[str, Any], outputs: Outputs, lengths: list[int | None]) -> Finish:
    request_id = asked.get("id")
    head: dict[str, object] = {"model_name": name, "model_version": VERSION}
    if isinstance(request_id, str):
        head["id"] = request_id

    def finish(raws: Sequence[Raw]) -> bytes:
        values: dict[str, Any] = {
            one.name: np.concatenate([raw.arrays[one.name] for raw in raws])
            for one in model.arrays
            if one.name in outputs.binary
        }
        if PREDICTIONS in outputs.binary:
            values[PREDICTIONS] = [dumps(one.to_dict()) for one in assemble(model.predictor.output, raws)]
        body, length = write_response(head, values, outputs)
        lengths.append(length)
        return body

    return finish


def _sooner(deadline: Deadline, asked: Mapping[str, Any]) -> Deadline:
    """Triton's parameter ``timeout``, in microseconds, where it is sooner."""
    timeout = parameters_of(asked).get("timeout")
    if type(timeout) is int and timeout > 0:
        return Deadline(deadline.left_s, str(timeout / 1e6))
    return deadline


def _find(service: Service, name: str, version: str) -> Live:
    if version != VERSION:
        raise Refused(404, f"The model has no version {version[:40]!r}.", f"Its version is {VERSION}.")
    return service.find(name)


def _json(value: object) -> Response:
    return Response(dumps(value), media_type="application/json")
