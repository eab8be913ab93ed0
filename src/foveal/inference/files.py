"""Finding the images that a command names: files, folders, patterns, pipes and the standard input."""

import glob
import os
import re
import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from foveal.artifact.place import descriptor_of
from foveal.data.formats.left_out import LeftOut
from foveal.errors import DataError, ImageError
from foveal.imaging.suffixes import IMAGE_SUFFIXES
from foveal.imaging.walk import walk
from foveal.inference.images import ADDRESS, Named, check_no_address

FOR_TABLES = (".tar", ".parquet")
"""Suffixes of files that hold or name many images: see ``foveal.jobs``."""
CAMERA = re.compile(r"\d{1,2}|/dev/video\d+")


class AddressPath(type(Path())):  # type: ignore[misc]
    """An address among paths, which is printed with both of its slashes."""

    def __str__(self) -> str:
        """For example ``https://example.com/a.jpg``."""
        return str(super().__str__()).replace(":/", "://", 1)


@dataclass
class Found:
    """Images, each once, in order.

    Attributes:
        paths: As named.
        names: For each, its path below the folder that was named, with forward slashes; its own name where none was.
        piped: What came through pipes, which can be read only once.
        left: What folders have besides images.
    """

    paths: list[Path] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    piped: dict[Path, Named] = field(default_factory=dict)
    left: LeftOut = field(default_factory=LeftOut)

    def source(self, path: Path) -> Path | Named:
        """What to decode."""
        return self.piped.get(path, path)

    def add(self, path: Path, name: str) -> None:
        """Add an image."""
        self.paths.append(path)
        self.names.append(name)


def find_images(
    names: Sequence[str], *, skip_closed: bool = False, fetch: Callable[[str], Named] | None = None
) -> Found:
    """Images from files, folders (searched through), patterns, pipes and /dev/stdin.

    Args:
        names: As the command line has them.
        skip_closed: Whether folders that cannot be read are left out and noted.
        fetch: What fetches the image at an address; None: addresses are refused.

    Raises:
        DataError: A name matches no image, or is an address, a camera or a device; or a folder cannot be read.
        ImageError: A pipe cannot be read.
    """
    found = Found()
    seen: set[Path] = set()
    for name in names:
        if fetch is not None and ADDRESS.match(name):
            address: Path = AddressPath(name)
            if address not in seen:
                seen.add(address)
                found.piped[address] = fetch(name)
                found.add(address, address.name)
            continue
        for path, short in _inside(name, found, skip_closed=skip_closed):
            if path not in seen:
                seen.add(path)
                found.add(path, short)
    return found


def _inside(name: str, found: Found, *, skip_closed: bool) -> list[tuple[Path, str]]:
    check_no_address(name)
    path = Path(name)
    if descriptor_of(path) == 0:
        found.piped[path] = found.piped.get(path) or _standard_input(name)
        return [(path, "stdin")]
    if path.is_dir():
        return _in_folder(path, name, found.left, skip_closed=skip_closed)
    if path.exists():
        if path.suffix.lower() in FOR_TABLES:
            raise DataError(
                f"{name}: {path.suffix} files are read for a table.", "Add --out results.parquet, or .jsonl."
            )
        if not stat.S_ISREG(path.stat().st_mode) and path not in found.piped:
            found.piped[path] = _from_pipe(path)
        return [(path, path.name)]
    if name.startswith("@"):
        raise DataError(f"{name}: lists of paths are read for a table.", "Add --out results.parquet, or .jsonl.")
    inside = sorted(Path(p) for p in glob.glob(name, recursive=True) if Path(p).is_file())  # noqa: PTH207
    if not inside and CAMERA.fullmatch(name):
        raise DataError(
            f"{name}: a camera, and images are wanted here.",
            "Save images first: ffmpeg -f v4l2 -i /dev/video0 -frames:v 1 frame.jpg",
        )
    if not inside:
        raise DataError(f"{name}: no such file or folder.", "Check the path; quote patterns such as '*.jpg'.")
    return [(p, p.name) for p in inside]


def _in_folder(folder: Path, name: str, left: LeftOut, *, skip_closed: bool) -> list[tuple[Path, str]]:
    own = LeftOut()
    images: list[Path] = []
    for path in walk(
        folder, hidden=own.add_hidden, again=own.add_linked, closed=own.add_closed if skip_closed else None
    ):
        if path.suffix.lower() in IMAGE_SUFFIXES:
            images.append(path)
        else:
            own.add_file(path)
    if not images:
        looked_for = ", ".join(sorted(IMAGE_SUFFIXES))
        raise DataError(" ".join([f"{name}: no images in this folder.", *own.notes()]), f"Looked for {looked_for}.")
    left.extend(own)
    return [(p, PurePosixPath(p.relative_to(folder)).as_posix()) for p in sorted(images)]


def _standard_input(name: str) -> Named:
    if sys.stdin is None or sys.stdin.isatty():
        raise DataError(
            f"{name}: the standard input is {'closed' if sys.stdin is None else 'a terminal'}, not an image.",
            "Send one image: foveal predict MODEL - < photo.jpg",
        )
    return _filled(Named(name, sys.stdin.buffer.read()))


def _filled(sent: Named) -> Named:
    if not sent.content:
        raise ImageError(sent.name, "is empty (0 bytes)", "Send one image through it.")
    return sent


def _from_pipe(path: Path) -> Named:
    """The content of a pipe; of other special files only what ends."""
    mode = path.stat().st_mode
    endless = stat.S_ISCHR(mode) and path.resolve() != Path(os.devnull)
    if endless or stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        if CAMERA.fullmatch(str(path)):
            raise DataError(
                f"{path}: is a camera, and images are wanted here.",
                f"Save images first: ffmpeg -f v4l2 -i {path} -frames:v 1 frame.jpg",
            )
        raise DataError(f"{path}: is a device, not an image.", "Name an image file, or send one through a pipe.")
    try:
        return _filled(Named(str(path), path.read_bytes()))
    except OSError as error:
        raise ImageError(path, f"cannot be read ({error.strerror})", "Send one image through it.") from None
