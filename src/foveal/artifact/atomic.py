"""Nothing half-written: temporary file, fsync, rename."""

import errno
import os
from pathlib import Path
from tempfile import TemporaryFile

from foveal.errors import RunError


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write a file so that at every moment either the old or the new content is there, whole.

    Raises:
        RunError: The folder is read-only or full; what was there before is untouched.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise output_error(path, error) from None


def make_folder(path: Path) -> None:
    """Create a folder and its parents.

    Raises:
        RunError: It cannot be created, or a file stands in its place.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(path, error) from None


def make_room(path: Path) -> None:
    """Create a folder and find out whether files can be written into it, before the work that they are the end of.

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
    """The user's version of a failure to write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunError(f"{path}: no space left to write it.", "Free some space or choose another place.")
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return RunError(f"{path}: cannot be written (read-only).", "Choose a place that you may write to.")
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return RunError(f"{path}: a file stands where a folder is needed.", "Choose another place.")
    return RunError(f"{path}: cannot be written ({error.strerror}).", "Choose another place.")


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
