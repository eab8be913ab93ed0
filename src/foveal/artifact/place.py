"""Where the bytes of a named file go: through links, into devices and pipes, with the mode that the file has."""

import contextlib
import errno
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from foveal.errors import RunError

NAME_BYTES = 255
"""Longest name of a file, in bytes, on every common file system."""
IN_PLACE = frozenset({errno.EACCES, errno.EROFS, errno.EPERM, errno.EBUSY, errno.EXDEV})
"""Errors of a folder, or of a mounted file, that do not keep an existing file from being written itself."""
_STANDARD = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_NUMBERED = re.compile(rf"/dev/fd/(\d+)|/proc/(?:self|thread-self|{os.getpid()})/fd/(\d+)")
MAX_LINKS = 40
"""As many as Linux follows."""


@dataclass(frozen=True)
class Place:
    """What a path stands for.

    Attributes:
        path: As named, for messages.
        target: The file that its links lead to.
        status: Of the target; None where there is no file yet.
        descriptor: The open file of this process that it names, such as /dev/stdout; None: none.
    """

    path: Path
    target: Path
    status: os.stat_result | None
    descriptor: int | None = None

    @classmethod
    def of(cls, path: Path, *, any_kind: bool = False) -> Self:
        """Look at a path; a link that leads nowhere yet is a new file.

        Args:
            path: A file, or one to be.
            any_kind: Whether it may be a folder.

        Raises:
            RunError: It is a folder, a disk or a socket, or it cannot be looked at.
        """
        try:
            status = path.stat()
        except FileNotFoundError:
            status = None
        except OSError as error:
            raise output_error(path, error) from None
        place = cls(path, Path(os.path.realpath(path)), status, descriptor_of(path))
        kind = (
            None
            if any_kind or status is None or place.descriptor is not None
            else _REFUSED.get(stat.S_IFMT(status.st_mode))
        )
        if kind is not None:
            raise RunError(f"{path}: is {kind}, not a file.", "Name a file.")
        return place

    @property
    def direct(self) -> bool:
        """Whether bytes go straight into it: a device, a pipe, or an open file of this process."""
        kinds = (stat.S_IFREG, stat.S_IFDIR)
        return self.descriptor is not None or (
            self.status is not None and stat.S_IFMT(self.status.st_mode) not in kinds
        )

    def check_file(self) -> None:
        """Check that an existing file may be written.

        Raises:
            RunError: It is read-only.
        """
        if self.status is not None and not os.access(self.target, os.W_OK):
            raise output_error(self.path, PermissionError(errno.EACCES, "Permission denied"))

    def open_direct(self) -> BinaryIO:
        """A device, a pipe or an open file, to write to.

        Raises:
            RunError: Nobody reads the pipe, or it cannot be opened.
        """
        try:
            if self.descriptor is not None:
                return os.fdopen(os.dup(self.descriptor), "wb", 0)
            # A pipe that nobody reads would be waited for without end.
            handle = os.open(self.path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
            os.set_blocking(handle, True)
            return os.fdopen(handle, "wb", 0)
        except OSError as error:
            if error.errno == errno.ENXIO:
                raise RunError(f"{self.path}: nobody reads this pipe.", "Start its reader first.") from None
            raise output_error(self.path, error) from None

    def copy_mode(self, file: Path) -> None:
        """Give a file that will take the target's place its mode and, where that is allowed, its owner."""
        if self.status is None:
            return
        if hasattr(os, "chown"):
            with contextlib.suppress(PermissionError):  # only root may give files away
                os.chown(file, self.status.st_uid, self.status.st_gid)
        file.chmod(stat.S_IMODE(self.status.st_mode))


_REFUSED = {stat.S_IFDIR: "a folder", stat.S_IFBLK: "a disk", stat.S_IFSOCK: "a socket"}


def descriptor_of(path: Path) -> int | None:
    """The number of this process's open file that a path names, such as 1 for /dev/stdout; None: another file."""
    text = os.path.abspath(path)  # noqa: PTH100  links are followed one by one
    for _ in range(MAX_LINKS):
        if text in _STANDARD:
            return _STANDARD[text]
        if (number := _NUMBERED.fullmatch(text)) is not None:
            return int(number[1] or number[2])
        folder, name = os.path.split(text)
        text = os.path.join(os.path.realpath(folder), name)  # noqa: PTH118
        try:
            text = os.path.normpath(os.path.join(os.path.dirname(text), os.readlink(text)))  # noqa: PTH115, PTH118, PTH120
        except OSError:
            return None
    return None


def fitting(name: str, ending: str, *, limit: int = NAME_BYTES) -> str:
    """A name with an ending that a file system takes: a long name is cut, never within a character."""
    room = limit - len(os.fsencode(ending))
    encoded = os.fsencode(name)
    if len(encoded) <= room:
        return name + ending
    return encoded[:room].decode(errors="ignore") + ending


def output_error(path: Path, error: OSError) -> RunError:
    """A failed write as an error for the user."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunError(f"{path}: no space left on the disk.", "Free some space or choose another location.")
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return RunError(f"{path}: cannot be written (read-only).", "Choose a location that you can write to.")
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return RunError(f"{path}: a file exists where a folder is needed.", "Choose another location.")
    if error.errno == errno.ENAMETOOLONG:
        return RunError(f"{path}: the name is too long.", f"Names of files have at most {NAME_BYTES} bytes.")
    if error.errno == errno.EPIPE:
        return RunError(f"{path}: the program that reads it has ended.", "Such as head, which takes what it needs.")
    return RunError(f"{path}: cannot be written ({error.strerror}).", "Choose another location.")
