"""Opening what frames come from, with PyAV; errors of the system and of FFmpeg in words."""

import os
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from foveal.errors import DataError, ImageError, MissingExtraError
from foveal.video.address import without_password
from foveal.video.source import Video

if TYPE_CHECKING:
    from av.container import InputContainer

TIMEOUT_S = 10.0
"""How long a server or a camera may be silent."""
CONTAINERS = "mov,mp4,matroska,webm,avi,mpeg,mpegts,asf,flv,ogg,mpegvideo,h264,hevc,m4v"
"""Formats of files. Playlists are not among them: they would lead to other files, and into the network."""
REMOTE = "http,https,tls,tcp,crypto,rtsp,rtsps,rtp,srtp,rtmp,rtmps,udp,srt,hls"
"""Protocols of addresses; local files are not among them."""


def load_av() -> ModuleType:
    """PyAV.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        return import_module("av")
    except ImportError:
        raise MissingExtraError("read videos", "av", extra="video") from None


def open_video(video: Video) -> "InputContainer":
    """A container with at least one stream of images.

    Raises:
        DataError: A camera that is not there, or that cannot be opened.
        ImageError: A file or an address that is no video, is truncated, or has no images.
        MissingExtraError: PyAV is not installed.
    """
    av = load_av()
    name = video.name
    try:
        container: InputContainer = _open(av, video)
    except av.error.FFmpegError as error:
        raise _failure(video, error) from None
    if not container.streams.video:
        kinds = sorted({stream.type for stream in container.streams})
        container.close()
        what = f"has no images, only {' and '.join(kinds)}" if kinds else "has neither images nor sound"
        raise ImageError(name, what, "Name a video.")
    return container


def _open(av: ModuleType, video: Video) -> "InputContainer":
    if (device := video.camera) is not None:
        if not any("v4l2" in name.split(",") for name in av.formats_available):
            raise DataError(f"{device}: cameras are read on Linux alone.", "Record a video first, and name its file.")
        if not Path(device).exists():
            there = sorted(str(p) for p in Path("/dev").glob("video*"))
            raise DataError(
                f"{device}: no such camera.", f"There are: {', '.join(there)}." if there else "No camera is connected."
            )
        return av.open(device, format="v4l2", timeout=TIMEOUT_S)  # type: ignore[no-any-return]
    if (address := video.address) is not None:
        options = {"protocol_whitelist": REMOTE}
        if address.startswith("rtsp"):
            options["rtsp_transport"] = "tcp"  # over UDP, frames are lost on the way
        return av.open(address, timeout=TIMEOUT_S, options=options)  # type: ignore[no-any-return]
    _check_file(video)
    # `file:` keeps a name such as concat:x.mp4 from being read as another protocol.
    options = {"protocol_whitelist": "file", "format_whitelist": CONTAINERS}
    return av.open(f"file:{video.source}", options=options)  # type: ignore[no-any-return]


def _check_file(video: Video) -> None:
    path = Path(video.source)
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise ImageError(video.name, f"cannot be read ({error.strerror})", "Check the path.") from None
    if empty:
        raise ImageError(video.name, "is empty (0 bytes)")


def _failure(video: Video, error: Exception) -> DataError:
    reason = getattr(error, "strerror", None) or str(error)
    if video.camera is not None:
        return DataError(f"{video.camera}: the camera cannot be opened ({reason}).", "Is another program using it?")
    if video.address is not None:
        address = without_password(video.address)
        return ImageError(address, f"cannot be opened ({reason})", "Check the address, and that its server is up.")
    if _lacks_index(Path(video.source)):
        return ImageError(
            video.name, "is truncated: its index, which comes last, is missing", "Copy or record it again, to its end."
        )
    return ImageError(video.name, f"is not a video that FFmpeg reads ({reason})")


def _lacks_index(path: Path) -> bool:
    """Whether the boxes of an MP4 or QuickTime file end without a ``moov``, or beyond the file."""
    with suppress(OSError), path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        place, seen = 0, set[bytes]()
        while place + 8 <= size:
            file.seek(place)
            head = file.read(16)
            length, kind = int.from_bytes(head[:4], "big"), head[4:8]
            length = int.from_bytes(head[8:16], "big") if length == 1 else length
            seen.add(kind)
            if length < 8:
                break
            place += length
        return b"ftyp" in seen and b"mdat" in seen and b"moov" not in seen
    return False
