"""What surrounds every response: a request id, the API key, security headers, a line in the log, a count."""

import hmac
import re
import time
import traceback
import uuid
from collections.abc import Collection, Sequence
from http import HTTPStatus
from itertools import count

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foveal.serve.bodies import Rest
from foveal.serve.log import JsonLog
from foveal.serve.measures import Measures
from foveal.serve.predicting import dumps
from foveal.serve.refusals import Refused

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""Ids of clients that are taken over; others are replaced."""
CLOSED = 499
"""In the log: the client has gone (nginx's number)."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
REFUSAL = "foveal.refusal"
"""Where in the scope a route leaves why it refused, for the metrics."""


class Envelope:
    """ASGI middleware.

    Args:
        app: The routes.
        key: The API key; empty: none is asked for.
        free: Paths that need no key.
        models: Names that may stand in the metrics.
        measures: Counters.
        log: The log.
    """

    def __init__(
        self, app: ASGIApp, *, key: str, free: Collection[str], models: Sequence[str], measures: Measures, log: JsonLog
    ) -> None:
        self._app = app
        self._key, self._free = key.encode(), frozenset(free)
        self._models, self._measures, self._log = frozenset(models), measures, log
        # Random once and then counted: each call for random bytes would hand the event loop's turn to other threads.
        self._first, self._number = uuid.uuid4().hex[:20], count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its response back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # HEAD is GET without the body, which uvicorn leaves out; it looks at a scope of its own.
        method = scope["method"]
        scope = {**scope, "method": "GET"} if method == "HEAD" else scope
        headers = dict(reversed(scope["headers"]))
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        request_id = given if REQUEST_ID.fullmatch(given) else f"{self._first}{next(self._number):012x}"
        scope.setdefault("state", {})["request_id"] = request_id
        begun, status = time.perf_counter(), 0
        rest = Rest(receive, headers, scope["http_version"])

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status >= HTTPStatus.BAD_REQUEST:
                    await rest.drain()
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", request_id.encode()),
                    *SECURITY,
                ]
            await send(message)

        try:
            if self._key and scope["path"] not in self._free and not self._has_key(headers):
                scope[REFUSAL] = "key"
                hint = "Send it as a header: Authorization: Bearer KEY"
                await respond(send_on, Refused(401, "This server needs its API key.", hint), request_id)
            else:
                await self._app(scope, rest.receive, send_on)
        except ClientDisconnect:
            status = CLOSED
        except Exception as error:
            self._log.write("error", "failed", request_id=request_id, error=traceback.format_exception(error)[-3:])
            if not status:
                what = "The server failed; its log says more."
                await respond(send_on, Refused(HTTPStatus.INTERNAL_SERVER_ERROR, what), request_id)
        finally:
            self._note(scope, method, request_id, status, time.perf_counter() - begun)

    def _has_key(self, headers: dict[bytes, bytes]) -> bool:
        kind, _, bearer = headers.get(b"authorization", b"").partition(b" ")
        given = bearer.strip() if kind.lower() == b"bearer" else headers.get(b"x-api-key", b"")
        return hmac.compare_digest(given, self._key)

    def _note(self, scope: Scope, method: str, request_id: str, status: int, seconds: float) -> None:
        name = scope.get("path_params", {}).get("name", "")
        model = name if name in self._models else ""
        route = getattr(scope.get("route"), "path", "other")
        reason = scope.get(REFUSAL, "")
        self._measures.request(model, route, status, seconds, reason)
        self._log.write(
            "info" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "warning",
            "request",
            request_id=request_id,
            client=(scope.get("client") or ("",))[0],
            method=method,
            path=scope["path"][:200],
            status=status,
            ms=round(seconds * 1000, 2),
            **({"model": model} if model else {}),
            **({"refused": reason} if reason else {}),
        )


def body_of(refused: Refused, request_id: str) -> bytes:
    """The JSON of a response that is no prediction."""
    hint = {"hint": refused.hint} if refused.hint else {}
    return dumps({"error": refused.what, **hint, "request_id": request_id})


async def respond(send: Send, refused: Refused, request_id: str) -> None:
    """Send a refusal without any framework."""
    body = body_of(refused, request_id)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if refused.status == HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
