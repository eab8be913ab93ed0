"""Which names are videos: files, cameras, and addresses where fetching is allowed."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foveal.brief import brief
from foveal.data.formats.left_out import VIDEO_SUFFIXES
from foveal.errors import ConfigError
from foveal.imaging.codecs.pillow import kind_of
from foveal.imaging.suffixes import IMAGE_SUFFIXES
from foveal.imaging.walk import walk
from foveal.inference.files import CAMERA
from foveal.inference.images import ADDRESS
from foveal.video.address import fetch_refused, is_stream, is_video_address, with_slashes, without_password


@dataclass(frozen=True)
class Video:
    """A video to predict on.

    Args:
        source: A file; ``0`` or ``/dev/video0``: a camera; an address such as ``rtsp://...`` or ``https://...``.
        every: Predict on each n-th frame.
        allow_fetch: Whether an address may be opened: Foveal is silent on the network unless it is told otherwise.
    """

    source: str | Path
    every: int = 1
    allow_fetch: bool = False

    __repr__ = brief

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            ConfigError: ``every`` is below 1.
            ImageError: An address, and fetching is not allowed.
        """
        check_every(self.every)
        if self.address is not None and not self.allow_fetch:
            raise fetch_refused(self.address)

    @property
    def name(self) -> str:
        """As it was named, for messages and tables; of an address no password."""
        return str(self.source) if self.address is None else without_password(self.address)

    @property
    def address(self) -> str | None:
        """Where it is fetched from; None: not from the network."""
        name = str(self.source)
        return None if ADDRESS.match(name) is None or Path(name).exists() else with_slashes(name)

    @property
    def camera(self) -> str | None:
        """The device of a camera; None: it is none. A file of that name comes first."""
        name = str(self.source)
        if CAMERA.fullmatch(name) is None or Path(name).is_file() or Path(name).is_dir():
            return None
        return f"/dev/video{int(name)}" if name.isdecimal() else name

    @property
    def live(self) -> bool:
        """Whether it goes on until it is stopped, and each frame should be predicted at once."""
        return self.camera is not None or is_stream(self.address or "")


def check_every(every: int) -> None:
    """Check a step between frames.

    Raises:
        ConfigError: It is below 1.
    """
    if isinstance(every, bool) or not isinstance(every, int) or every < 1:
        raise ConfigError(f"--every {every} is not possible.", "Use --every 1 or more: each n-th frame.")


def is_video(source: object) -> bool:
    """Whether a source of images is a video instead: a ``Video``, or the path of a video file."""
    return isinstance(source, Video) or (isinstance(source, str | Path) and is_video_file(Path(source)))


def is_video_file(path: Path) -> bool:
    """Whether a file is a video by its suffix, and no image by its first bytes."""
    if path.suffix.lower() not in VIDEO_SUFFIXES or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return not kind_of(file.read(16))
    except OSError:
        return True  # opening it says what is wrong


def find_videos(names: Sequence[str], *, every: int = 1, allow_fetch: bool = False) -> list[Video]:
    """The videos that a command names, each once; none, if it names images.

    A folder counts where it has videos and no images.

    Raises:
        ConfigError: Videos and images in one command, or ``every`` is out of its bounds.
        ImageError: The address of a video, and fetching is not allowed.
    """
    check_every(every)
    found: dict[str, Video] = {}
    others: list[str] = []
    for name in names:
        inside = _videos_of(name)
        for one in inside:
            key = one if ADDRESS.match(one) else str(Path(one))  # ./a.mp4 is a.mp4
            found.setdefault(key, Video(one, every=every, allow_fetch=allow_fetch))
        if not inside:
            others.append(name)
    if found and others:
        raise ConfigError(
            f"{next(iter(found.values())).name} is a video and {others[0]} is not.",
            "Predict on videos and on images in commands of their own.",
        )
    return list(found.values())


def _videos_of(name: str) -> list[str]:
    path = Path(name)
    if path.is_dir():
        return _in_folder(path)
    if is_video_file(path):
        return [name]
    if path.exists():
        return [name] if CAMERA.fullmatch(name) and path.is_char_device() else []
    if CAMERA.fullmatch(name):
        return [name]
    if ADDRESS.match(name):
        return [name] if is_video_address(with_slashes(name)) else []
    matching = [found for found in sorted(glob.glob(name, recursive=True)) if Path(found).is_file()]  # noqa: PTH207
    videos = [one for one in matching if is_video_file(Path(one))]
    return videos if videos and len(videos) == len(matching) else []


def _in_folder(folder: Path) -> list[str]:
    """The videos of a folder that has no images."""
    videos = []
    for path in walk(folder, closed=lambda _: None):
        if path.suffix.lower() in IMAGE_SUFFIXES:
            return []
        if is_video_file(path):
            videos.append(str(path))
    return sorted(videos)
