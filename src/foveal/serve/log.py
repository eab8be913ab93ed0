"""The server's log: one JSON object per line on standard error."""

import logging
import sys
import time
from threading import Lock
from typing import TextIO

from foveal.serve.predicting import dumps


class JsonLog(logging.Handler):
    """Writes lines; also those that uvicorn logs as warnings.

    Args:
        stream: Where to; None: standard error.
        quiet: Whether requests that went well are left out.
    """

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        super().__init__(logging.WARNING)
        self._stream, self._quiet = stream, quiet
        self._writing = Lock()

    def write(self, level: str, event: str, **fields: object) -> None:
        """One line; a stream that nobody reads any more is no reason to stop."""
        if self._quiet and level == "info":
            return
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
        line = dumps({"time": stamp, "level": level, "event": event, **fields}).decode() + "\n"
        stream = self._stream or sys.stderr
        try:
            with self._writing:
                stream.write(line)
                stream.flush()
        except (OSError, ValueError):
            return

    def emit(self, record: logging.LogRecord) -> None:
        """A line of another library."""
        self.write(record.levelname.lower(), "log", logger=record.name, message=record.getMessage())
