"""Addresses of videos: which they are, how they are printed, and the error where they may not be opened."""

import re
import shlex
from urllib.parse import urlsplit

from foveal.data.formats.left_out import VIDEO_SUFFIXES
from foveal.errors import ImageError

STREAMS = ("rtsp", "rtsps", "rtmp", "rtmps", "rtp", "udp", "srt")
"""Protocols that carry videos alone."""
PLAYLISTS = (".m3u8", ".mpd", ".ts")
"""Endings of addresses that are videos besides those of files."""


def is_video_address(address: str) -> bool:
    """Whether an address leads to a video, by its protocol or its ending."""
    parts = urlsplit(address)
    return is_stream(address) or parts.path.lower().endswith((*VIDEO_SUFFIXES, *PLAYLISTS))


def is_stream(address: str) -> bool:
    """Whether a protocol carries videos alone."""
    return urlsplit(address).scheme.lower() in STREAMS


def with_slashes(address: str) -> str:
    """An address whose slashes ``Path`` took for one."""
    return address if "://" in address else address.replace(":/", "://", 1)


def without_password(address: str) -> str:
    """An address as it may be printed: rtsp://user:***@camera/1."""
    return re.sub(r"(://[^/@:]*):[^/@]*@", r"\1:***@", address)


def fetch_refused(address: str) -> ImageError:
    """The error where the network would be needed."""
    address = without_password(address)
    stream = is_stream(address)
    return ImageError(
        address,
        f"is {'a video stream' if stream else 'an address'}, and Foveal fetches nothing from the network uninvited",
        "Add --allow-fetch (in Python: foveal.Video(..., allow_fetch=True))"
        + ("." if stream else f", or download it first: curl -O {shlex.quote(address)}"),
    )
