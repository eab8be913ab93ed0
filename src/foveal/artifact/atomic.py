"""Atomic writes, never a half-written file: temporary file, fsync, rename."""

import errno
import itertools
import json
import os
import re
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

from foveal.errors import RunError

_NUMBERS = itertools.count()
"""So that a process that writes one file twice at a time writes two temporary files."""


class AtomicFile:
    """A file that is written piece by piece and takes its place, whole, when its ``with`` block ends without an error.

    After an error, or Ctrl-C, what was there before is untouched and nothing else is left.

    Args:
        path: The file.

    Raises:
        RunError: The folder is read-only or full.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.{next(_NUMBERS)}.tmp")

    def __enter__(self) -> Self:
        try:
            self._file = self._temporary.open("wb")
        except OSError as error:
            raise output_error(self.path, error) from None
        return self

    def write(self, content: bytes | str) -> None:
        """Append bytes, or text as UTF-8; names of files that are not UTF-8 keep their bytes.

        Raises:
            RunError: The disk is full.
        """
        try:
            self._file.write(content.encode(errors="surrogateescape") if isinstance(content, str) else content)
        except OSError as error:
            raise output_error(self.path, error) from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._file as file:
                if kind is None:
                    file.flush()
                    os.fsync(file.fileno())
            if kind is None:
                self._temporary.replace(self.path)
                _sync_folder(self.path.parent)
        except OSError as failure:
            if kind is None:
                raise output_error(self.path, failure) from None
        finally:
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


def output_error(path: Path, error: OSError) -> RunError:
    """A failed write as an error for the user."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunError(f"{path}: no space left on the disk.", "Free some space or choose another location.")
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return RunError(f"{path}: cannot be written (read-only).", "Choose a location that you can write to.")
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return RunError(f"{path}: a file exists where a folder is needed.", "Choose another location.")
    return RunError(f"{path}: cannot be written ({error.strerror}).", "Choose another location.")


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
