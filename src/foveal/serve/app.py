"""The routes of a server: predictions, models, health, metrics, and the page."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib.resources import files
from typing import Annotated, Any, Self

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from foveal.errors import FovealError
from foveal.imaging.codecs.pillow import kind_of
from foveal.serve.bodies import HELD_BODIES, Held, check_encoding, read_body, read_images
from foveal.serve.envelope import REFUSAL, Envelope, body_of
from foveal.serve.inference_protocol import protocol_routes
from foveal.serve.log import JsonLog
from foveal.serve.measures import TYPE, Measures
from foveal.serve.models import Models
from foveal.serve.predicting import DEADLINE_HEADER, Deadline, dumps, finish_json, loads_of, run
from foveal.serve.refusals import Refused, busy, invalid, refusal_of
from foveal.serve.service import Service
from foveal.types.selection import Selection
from foveal.version import __version__

PAGE = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/draw.js": ("draw.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
FREE = (*PAGE, "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready")
"""Paths that need no API key: they tell nothing of the models."""
JSON = "application/json"
IMAGE_SCHEMA = {"type": "string", "format": "binary"}
BODY = {
    "required": True,
    "content": {
        "image/*": {"schema": IMAGE_SCHEMA},
        "application/octet-stream": {"schema": IMAGE_SCHEMA},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["image"],
                "properties": {"image": {"type": "array", "minItems": 1, "items": IMAGE_SCHEMA}},
            }
        },
        JSON: {
            "schema": {
                "oneOf": [
                    {
                        "type": "object",
                        "required": ["image"],
                        "additionalProperties": False,
                        "properties": {"image": {"type": "string", "contentEncoding": "base64"}},
                    },
                    {
                        "type": "object",
                        "required": ["images"],
                        "additionalProperties": False,
                        "properties": {
                            "images": {
                                "type": "array",
                                "minItems": 1,
                                "items": {"type": "string", "contentEncoding": "base64"},
                            }
                        },
                    },
                ]
            }
        },
    },
}


class ErrorBody(BaseModel):
    """Every response that is no prediction."""

    error: str
    hint: str = ""
    request_id: str


ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "Not HTTP as it should be."},
    401: {"model": ErrorBody, "description": "The API key is missing or wrong."},
    404: {"model": ErrorBody, "description": "No such model."},
    408: {"model": ErrorBody, "description": "The body did not come in time."},
    413: {"model": ErrorBody, "description": "The body, an image or their number is too large."},
    415: {"model": ErrorBody, "description": "The body is of a type that is not read."},
    422: {"model": ErrorBody, "description": "An image cannot be read, or an option does not concern the model."},
    503: {"model": ErrorBody, "description": "The queue is full or the deadline has passed; see Retry-After."},
}


class PredictQuery(BaseModel):
    """The options of ``foveal predict``."""

    model_config = ConfigDict(extra="forbid")

    threshold: Annotated[float | None, Field(ge=0, le=1, description="Score from which an object or class counts.")] = (
        None
    )
    max_objects: Annotated[int | None, Field(ge=1, le=100_000, description="Most objects per image.")] = None
    only: Annotated[list[str], Field(max_length=1000, description="Only objects of these classes.")] = []
    top: Annotated[int | None, Field(ge=1, le=100_000, description="List this many classes.")] = None
    polygons: Annotated[bool, Field(description="Masks as polygons instead of RLE.")] = False
    attention: Annotated[bool, Field(description="The network's attention map too, where it has one.")] = False

    @classmethod
    def of(cls, request: Request) -> Self:
        """The options of a request; FastAPI's own way takes five times as long.

        Raises:
            Refused: 422.
        """
        given: dict[str, str | list[str]] = {**request.query_params}
        if "only" in given:
            given["only"] = request.query_params.getlist("only")
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
        field, options = str(first["loc"][0])[:80], f"Options: {', '.join(cls.model_fields)}."
        if first["type"] == "extra_forbidden":
            raise invalid(f"Unknown option: {field}.", options)
        shown = orjson.dumps(first["input"], default=str).decode()[:80]
        raise invalid(f"{field}: {shown} is not allowed ({first['msg']}).", options)

    @classmethod
    def described(cls) -> list[dict[str, Any]]:
        """For OpenAPI."""
        properties = cls.model_json_schema()["properties"]
        return [{"name": name, "in": "query", "required": False, "schema": one} for name, one in properties.items()]

    @property
    def selection(self) -> Selection:
        """Which predictions are wanted."""
        return Selection(self.threshold, self.max_objects, self.only, self.top)


def create_app(models: Models, *, measures: Measures, log: JsonLog) -> FastAPI:
    """The ASGI application.

    Args:
        models: Opened; closed when the application ends.
        measures: Counters.
        log: The log.

    Raises:
        ConfigError: A sample is no image.
    """
    options = models.options

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.closing = True
        models.close()

    app = FastAPI(
        title="Foveal",
        version=__version__,
        summary="Predictions of trained models.",
        lifespan=lifespan,
        docs_url=None,  # these pages load from elsewhere
        redoc_url=None,
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    _name_models(app, list(models.paths))
    service = Service(models, Held(HELD_BODIES * options.max_body_bytes))
    app.include_router(_predictions(service))
    app.include_router(_state(service, measures))
    app.include_router(protocol_routes(service, ERRORS))
    app.include_router(_page(service))
    app.add_exception_handler(Refused, _on_refused)
    app.add_exception_handler(FovealError, _on_foveal_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_middleware(Envelope, key=options.api_key, free=FREE, models=list(models.paths), measures=measures, log=log)
    if options.cors:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(options.cors),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key", "X-Request-ID", DEADLINE_HEADER],
            expose_headers=["X-Request-ID", "Retry-After"],
        )
    return app


def _name_models(app: FastAPI, names: Sequence[str]) -> None:
    """Let OpenAPI list the models."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        document = describe()
        operations = (operation for path in document["paths"].values() for operation in path.values())
        for parameter in (one for operation in operations for one in operation.get("parameters", ())):
            if parameter["in"] == "path" and parameter["name"] == "name":
                parameter["schema"]["enum"] = list(names)
        return document

    app.openapi = described  # type: ignore[method-assign]


def _predictions(service: Service) -> APIRouter:
    router, options = APIRouter(), service.models.options

    @router.post(
        "/v1/models/{name}/predict",
        responses=ERRORS,
        openapi_extra={"requestBody": BODY, "parameters": PredictQuery.described()},
        tags=["v1"],
    )
    async def predict(name: str, request: Request) -> Response:
        """Predict on one image or several."""
        query = PredictQuery.of(request)
        deadline = Deadline(options.timeout_s, request.headers.get(DEADLINE_HEADER))
        service.find(name).predictor.output.select(query.selection)  # a mistake is told before the body is read
        service.check_room(name)
        check_encoding(request.headers.get("content-encoding"))
        body = await read_body(
            request.stream(), request.headers.get("content-length"), options, service.held, deadline.left_s
        )
        try:
            images, several = await service.parse(
                body, partial(read_images, body, request.headers.get("content-type", ""), options)
            )
            live = service.find(name)
            finish = finish_json(
                live.predictor.output.select(query.selection),
                [image.name for image in images],
                several=several,
                polygons=query.polygons,
                attention=query.attention,
            )
            return _json(await run(live, loads_of(live.predictor, images, options.max_pixels), finish, deadline))
        finally:
            service.held.give(len(body))

    @router.get("/v1/models", tags=["v1"])
    async def list_models() -> Response:
        """The models and their tasks."""
        listed = [{"name": name, "task": live.predictor.card.task} for name, live in service.models.live.items()]
        return _json(dumps({"models": listed}))

    @router.get("/v1/models/{name}", responses={404: ERRORS[404]}, tags=["v1"])
    async def card(name: str) -> Response:
        """A model's card: classes, input, options, metrics."""
        return _json(service.find(name).predictor.card.model_dump_json().encode())

    return router


def _state(service: Service, measures: Measures) -> APIRouter:
    router = APIRouter(tags=["state"])

    @router.get("/healthz")
    async def healthz() -> Response:
        """Whether the server runs."""
        return _json(b'{"status":"ok"}')

    @router.get("/readyz", responses={503: ERRORS[503]})
    async def readyz() -> Response:
        """Whether it takes requests."""
        if service.closing:
            raise busy("The server is ending.", reason="ending")
        return _json(b'{"status":"ready"}')

    @router.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(measures.text(service.models), media_type=TYPE)

    return router


def _page(service: Service) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    folder = files("foveal.serve") / "page"
    for path, (file, kind) in PAGE.items():
        response = partial(Response, (folder / file).read_bytes(), media_type=kind)
        response.keywords["headers"] = {"Cache-Control": "no-cache"}
        router.add_api_route(path, _always(response))
    samples = service.read_samples()

    @router.get("/page/settings")
    async def settings() -> Response:
        """What the page has to know of the server."""
        limits = service.models.options
        names = [sample.name for sample in samples]
        return _json(dumps({"samples": names, "max_body_bytes": limits.max_body_bytes, "version": __version__}))

    @router.get("/page/samples/{number}")
    async def sample(number: int) -> Response:
        """An image that the server's owner offers."""
        if not 0 <= number < len(samples):
            raise Refused(404, "No such sample.")
        kind = kind_of(samples[number].content[:16]).lower().replace(" ", "-")
        return Response(samples[number].content, media_type=f"image/{kind}")

    return router


def _always(response: Any) -> Any:
    async def route() -> Response:
        return response()  # type: ignore[no-any-return]

    return route


def _json(body: bytes) -> Response:
    return Response(body, media_type=JSON, headers={"Cache-Control": "no-store"})


async def _on_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    request.scope[REFUSAL] = error.reason
    body = body_of(error, request.state.request_id)
    return Response(body, error.status, {**error.headers, "Cache-Control": "no-store"}, JSON)


async def _on_foveal_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, FovealError)
    return await _on_refused(request, refusal_of(error))


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return await _on_refused(request, invalid(f"{str(first['loc'][-1])[:80]}: {first['msg']}."))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    what = {404: "There is nothing at this path.", 405: "This path does not take this method."}
    hint = "See /openapi.json." if error.status_code in what else ""
    refused = Refused(error.status_code, what.get(error.status_code, str(error.detail)), hint, headers=error.headers)
    return await _on_refused(request, refused)
