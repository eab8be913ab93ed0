"""The server's process: its socket, its signals, connections that hang, models opened anew."""

import asyncio
import errno
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from uvicorn import Config, Server

from foveal.errors import ConfigError, FovealError
from foveal.serve.app import create_app
from foveal.serve.log import JsonLog
from foveal.serve.measures import Measures
from foveal.serve.models import Models
from foveal.serve.options import ServeOptions

HEADER_S = 20.0
"""Longest that a connection may take to send a request's header, from its first byte or since it was opened."""
RESPONSE_S = 60.0
"""Longest that a client may take, beyond a request's deadline, to read its response."""
KEEP_ALIVE_S = 75
"""A connection without a request is closed after this time; nginx's default."""
BACKLOG, MAX_PORT = 2048, 65535
SWITCH_S = 0.001
"""Time after which a busy thread lets others run, among them the event loop; Python's default is five times as long."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that is bound; port 0 is any free one.

    Raises:
        ConfigError: The address is unknown, taken or not allowed.
    """
    hint = "Choose another with --port; --port 0 takes a free one."
    if not 0 <= port <= MAX_PORT:
        raise ConfigError(f"There is no port {port}.", f"Use --port 0 to {MAX_PORT}; 0 takes a free one.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError):
        raise ConfigError(f"There is no address {host}.", "Use --host 127.0.0.1, or 0.0.0.0 for all.") from None
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        what = {errno.EADDRINUSE: "is taken", errno.EACCES: "is not allowed"}
        reason = what.get(error.errno or 0, f"cannot be used ({error.strerror})")
        raise ConfigError(f"Port {port} of {host} {reason}.", hint) from None
    return listener


def address_of(listener: socket.socket) -> str:
    """Where a browser finds it."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104  shown, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class ModelServer(Server):
    """uvicorn's server, whose connections cannot hang and whose models can be opened anew.

    Args:
        paths: Models by name.
        options: Limits.
        engine: What runs them.
        device: Where they run.
        threads: Threads within each network.
        log: The log.

    Attributes:
        models: The models.

    Raises:
        FovealError: A model or a sample cannot be opened.
    """

    def __init__(
        self,
        paths: Mapping[str, Path],
        options: ServeOptions,
        *,
        log: JsonLog,
        engine: str = "auto",
        device: str = "auto",
        threads: int = 0,
    ) -> None:
        self.log, self._measures = log, Measures()
        self.models = Models(
            paths, options, engine=engine, device=device, threads=threads, observe=self._measures.batch
        )
        try:
            app = create_app(self.models, measures=self._measures, log=log)
        except FovealError:
            self.models.close()
            raise
        super().__init__(
            Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                ws="none",
                lifespan="on",
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=int(options.timeout_s + 5),
            )
        )
        logging.getLogger("uvicorn.error").addHandler(log)
        self._started: Callable[[], None] = lambda: None
        self._seen: dict[Any, tuple[object, float]] = {}
        self._reloading = asyncio.Lock()

    def serve_on(self, listener: socket.socket, started: Callable[[], None] = lambda: None) -> None:
        """Serve until it is told to end; ``started`` is called once it does."""
        self._started = started
        before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        try:
            self.run(sockets=[listener])
        finally:
            sys.setswitchinterval(before)
            logging.getLogger("uvicorn.error").removeHandler(self.log)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does."""
        await super().startup(sockets)
        self._started()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM end it, once what it took is finished; SIGHUP opens the models anew."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        reload_signal = getattr(signal, "SIGHUP", None)
        loop = asyncio.get_running_loop()
        tasks = set[asyncio.Task[None]]()
        if reload_signal is not None:
            loop.add_signal_handler(reload_signal, lambda: tasks.add(loop.create_task(self.reload())))
        try:
            yield
        finally:
            if reload_signal is not None:
                loop.remove_signal_handler(reload_signal)
            for number, handler in before.items():
                signal.signal(number, handler)

    async def reload(self) -> None:
        """Open every model's file again; one that cannot be opened stays as it is, and the log says why."""
        loop = asyncio.get_running_loop()
        async with self._reloading:
            for name in self.models.paths:
                try:
                    live = await loop.run_in_executor(None, self.models.open, name)
                except Exception as error:
                    self.log.write("error", "reload", model=name, done=False, error=str(error))
                    self._measures.reload(name, done=False)
                    continue
                before = self.models.replace(name, live)
                self.log.write("info", "reload", model=name, done=True)
                self._measures.reload(name, done=True)
                await loop.run_in_executor(None, before.batcher.close)

    async def on_tick(self, counter: int) -> bool:
        """As uvicorn does; once per second connections that hang are closed."""
        if counter % 10 == 0:
            self._close_hanging()
        return await super().on_tick(counter)

    def _close_hanging(self) -> None:
        """Close connections without a full header, or whose client does not read.

        uvicorn closes only those that are quiet after a response.
        """
        now = time.monotonic()
        seen: dict[Any, tuple[object, float]] = {}
        for connection in list(self.server_state.connections):
            cycle = getattr(connection, "cycle", None)
            busy = cycle is not None and not cycle.response_complete
            quiet = cycle is not None and getattr(connection, "timeout_keep_alive_task", None) is not None
            state = (cycle, busy, quiet)
            before, since = self._seen.get(connection, (None, now))
            since = since if before == state else now
            seen[connection] = (state, since)
            allowed = self.models.options.timeout_s + RESPONSE_S if busy else HEADER_S
            if not quiet and now - since > allowed and connection.transport is not None:
                connection.transport.abort()
        self._seen = seen
