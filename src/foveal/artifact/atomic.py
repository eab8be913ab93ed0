"""Atomic writes, never a half-written file: temporary file, fsync, rename.

What a link leads to gets the content and the link stays; a file keeps its mode; devices and pipes are written to.
"""

import itertools
import json
import os
import re
import shutil
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import BinaryIO, Self

from foveal.artifact.place import IN_PLACE, Place, fitting, output_error

_NUMBERS = itertools.count()
"""So that a process that writes one file twice at a time writes two temporary files."""


class AtomicFile:
    """A file that is written piece by piece and takes its place, whole, when its ``with`` block ends without an error.

    After an error, or Ctrl-C, what was there before is untouched and nothing else is left. A device or a pipe gets
    each piece at once.

    Args:
        path: The file.

    Raises:
        RunError: The folder is read-only or full, or the path is that of a folder, a disk or a socket.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        self._place = Place.of(self.path)
        self._temporary: Path | None = None
        if self._place.direct:
            self._file = self._place.open_direct()
            return self
        self._place.check_file()
        target = self._place.target
        temporary = target.with_name(fitting(f".{target.name}", f".{os.getpid()}.{next(_NUMBERS)}.tmp"))
        try:
            self._file = temporary.open("xb")
            self._temporary = temporary
        except OSError as error:
            if self._place.status is None or error.errno not in IN_PLACE:
                raise output_error(self.path, error) from None
            self._file = TemporaryFile()
        return self

    def write(self, content: bytes | str) -> None:
        """Append bytes, or text as UTF-8; names of files that are not UTF-8 keep their bytes.

        Raises:
            RunError: The disk is full.
        """
        try:
            write_all(self._file, content)
        except OSError as error:
            raise output_error(self.path, error) from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._file as file:
                if kind is None and not self._place.direct:
                    file.flush()
                    os.fsync(file.fileno())
                    if self._temporary is None:
                        copy_into(file, self._place.target)
            if kind is None and self._temporary is not None:
                take_place(self._temporary, self._place)
        except OSError as failure:
            if kind is None:
                raise output_error(self.path, failure) from None
        finally:
            if self._temporary is not None:
                self._temporary.unlink(missing_ok=True)


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write a file so that at every moment either the old or the new content is there, whole.

    Raises:
        RunError: The folder is read-only or full; what was there before is untouched.
    """
    with AtomicFile(path) as file:
        file.write(content)


def json_text(values: object) -> str:
    r"""Indented JSON, valid UTF-8 whatever it holds: what is not in a file's name is written as \udcXX."""
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def make_folder(path: Path) -> None:
    """Create a folder and its parents.

    Raises:
        RunError: It cannot be created, or a file exists at its path.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(path, error) from None


def make_room(path: Path) -> None:
    """Create a folder and check that files can be written to it, before the work whose results go there.

    Raises:
        RunError: They cannot.
    """
    make_folder(path)
    try:
        with TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise output_error(path, error) from None


def make_room_for(file: Path) -> None:
    """Check that a file can be written, before the work whose results it takes; its folder is created.

    Raises:
        RunError: It cannot.
    """
    place = Place.of(file)
    if place.direct:
        place.open_direct().close()
    elif place.status is None:
        make_room(place.target.parent)
    else:
        place.check_file()


def write_all(file: BinaryIO, content: bytes | str) -> None:
    """Write bytes, or text as UTF-8, to a file with or without a buffer; nothing is left over."""
    rest = memoryview(content.encode(errors="surrogateescape") if isinstance(content, str) else content)
    while rest:
        rest = rest[file.write(rest) :]


def take_place(finished: Path, place: Place) -> None:
    """Put a finished file in the place of another, with its mode; into it, where it cannot be replaced."""
    place.copy_mode(finished)
    try:
        finished.replace(place.target)
    except OSError as error:
        if place.status is None or error.errno not in IN_PLACE:
            raise
        with finished.open("rb") as file:
            copy_into(file, place.target)
        finished.unlink()
    sync_folder(place.target.parent)


def copy_into(file: BinaryIO, target: Path) -> None:
    """Replace the content of an existing file, which may be mounted or lie in a folder that is read-only."""
    file.seek(0)
    with target.open("wb") as out:
        shutil.copyfileobj(file, out)
        out.flush()
        os.fsync(out.fileno())


def sync_folder(folder: Path) -> None:
    """Make a rename last through a power failure."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
