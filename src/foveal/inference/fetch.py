"""Fetching an image from its address, only where the user allows it, and within limits."""

import time
from http.client import HTTPException
from pathlib import PurePosixPath
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from foveal.errors import ImageError
from foveal.inference.images import Named
from foveal.version import __version__

MAX_BYTES = 100_000_000
"""Largest file that is fetched; a photograph has 10 MB."""
TIMEOUT_S, DEADLINE_S = 10.0, 120.0
"""How long a server may be silent, and how long all of it may take."""
MAX_REDIRECTS = 5
CHUNK = 1 << 18


class _Redirects(HTTPRedirectHandler):
    """Follows a few redirects; urllib itself refuses those that lead out of http, https and ftp."""

    max_redirections = MAX_REDIRECTS

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        """Refuse what is neither http nor https."""
        if urlsplit(newurl).scheme.lower() not in ("http", "https"):
            fp.close()
            raise URLError(f"redirected to {newurl}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch_image(address: str) -> Named:
    """The bytes at an http or https address.

    Raises:
        ImageError: Another protocol; the server does not reply, refuses, or sends too much, nothing, or a video.
    """
    if urlsplit(address).scheme.lower() not in ("http", "https"):
        raise ImageError(address, "is not an address of the web", "Use one that begins with https:// or http://.")
    request = Request(address, headers={"User-Agent": f"foveal/{__version__}", "Accept": "image/*"})  # noqa: S310
    try:
        return _read(build_opener(_Redirects()), request, address)
    except HTTPError as error:
        reason = f"cannot be fetched ({error.code} {error.reason})"
        error.close()
        raise ImageError(address, reason, "Check the address.") from None
    except (URLError, HTTPException, OSError, ValueError) as error:
        reason = str(getattr(error, "reason", "") or error)
        raise ImageError(address, f"cannot be fetched ({reason})", "Check the address and the connection.") from None


def _read(opener: OpenerDirector, request: Request, address: str) -> Named:
    end = time.monotonic() + DEADLINE_S
    with opener.open(request, timeout=TIMEOUT_S) as reply:
        kind = reply.headers.get_content_type()
        if kind.startswith("video/"):
            suffix = PurePosixPath(urlsplit(address).path).suffix or "no suffix"
            raise ImageError(address, f"is a video, and its address has {suffix}", "Download it, and name the file.")
        parts, size = list[bytes](), 0
        while part := reply.read1(CHUNK):
            parts.append(part)
            size += len(part)
            if size > MAX_BYTES:
                raise ImageError(address, f"is larger than {MAX_BYTES // 1_000_000} MB", "Download it first.")
            if time.monotonic() > end:
                raise ImageError(address, f"takes longer than {DEADLINE_S:.0f} s", "Download it first.")
    if not size:
        raise ImageError(address, "is empty (0 bytes)", "Check the address.")
    return Named(address, b"".join(parts))
