"""Why a request is refused: a status, what was wrong, what to do."""

from collections.abc import Mapping

from foveal.errors import FovealError, ImageError
from foveal.imaging.codecs.pillow import TooLargeError

BUSY_S = 1
"""Seconds after which a client that was refused for load may try again."""


class Refused(Exception):  # noqa: N818  not an error of the program
    """A response other than 200.

    Args:
        status: The HTTP status.
        what: What was wrong.
        hint: What to do about it.
        headers: Further headers.
        reason: One word for the metrics.
    """

    def __init__(
        self, status: int, what: str, hint: str = "", *, headers: Mapping[str, str] | None = None, reason: str = ""
    ) -> None:
        super().__init__(what)
        self.status, self.what, self.hint = status, what, hint
        self.headers = dict(headers or {})
        self.reason = reason


def busy(what: str, *, reason: str) -> Refused:
    """503: the client may try again."""
    hint = "Try again later; the header Retry-After says when."
    return Refused(503, what, hint, headers={"Retry-After": str(BUSY_S)}, reason=reason)


def late(timeout_s: float) -> Refused:
    """503: the deadline has passed."""
    return busy(f"The request took longer than its deadline of {timeout_s:g} s.", reason="deadline")


def too_large(what: str, hint: str) -> Refused:
    """413."""
    return Refused(413, what, hint, reason="size")


def invalid(what: str, hint: str = "") -> Refused:
    """422."""
    return Refused(422, what, hint, reason="invalid")


def refusal_of(error: FovealError) -> Refused:
    """What a client is told of an error of Foveal."""
    if isinstance(error, TooLargeError):
        return too_large(error.what, "Shrink the image, or cut it into parts.")
    if isinstance(error, ImageError):
        return invalid(error.what, error.hint if "file" not in error.hint else "Send another image.")
    return invalid(_as_fields(error.what), _as_fields(error.hint))


def _as_fields(text: str) -> str:
    """Options as a query spells them."""
    words = text.split(" ")
    return " ".join(word[2:].replace("-", "_") if word.startswith("--") else word for word in words)
