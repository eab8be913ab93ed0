"""One image of a job: a file, or a member of a tar shard, which is read in place."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self, cast

from foveal.errors import ImageError
from foveal.imaging.decode import unreadable
from foveal.inference.images import ImageLike


@dataclass(frozen=True)
class Item:
    """An image and what it is known by.

    Attributes:
        path: Of the file as named, or of the member within its shard.
        shard: The tar shard it is in, as named; None: it is a file.
        offset: Where it begins in the shard, in bytes.
        num_bytes: Its size when the job began; None: it could not be looked at.
        changed_ns: When the file, or the shard, was last changed; None: as above.
        bad: Why it cannot be read, if that is known before it is opened.
    """

    path: str
    shard: str | None = None
    offset: int = 0
    num_bytes: int | None = None
    changed_ns: int | None = None
    bad: str = ""

    @property
    def file(self) -> str:
        """The file that is opened for it."""
        return self.path if self.shard is None else self.shard

    @property
    def key(self) -> str:
        """Equal for two mentions of one image; a tar may have two members of one name."""
        file = self.file
        file = str(Path(file)) if "./" in file or "//" in file else file  # only there: a million take seconds
        return file if self.shard is None else f"{file}\0{self.path}\0{self.offset}"

    @property
    def name(self) -> str:
        """For messages."""
        return self.path if self.shard is None else f"{self.shard}: {self.path}"

    def line(self) -> str:
        """One line of JSON; names that are not UTF-8 keep their bytes."""
        return json.dumps([self.path, self.shard, self.offset, self.num_bytes, self.changed_ns, self.bad]) + "\n"

    @classmethod
    def from_line(cls, line: str | bytes) -> Self:
        """The inverse of ``line``."""
        return cls(*json.loads(line))

    def source(self, base: Path = Path()) -> ImageLike:
        """What to decode.

        Args:
            base: Folder that relative names start from.
        """
        if self.shard is None:
            return base / self.path
        return cast(BinaryIO, Slice(base / self.shard, self.offset, self.num_bytes or 0, name=self.name))


class Slice(io.BufferedIOBase):
    """A part of a file as an open file of its own; the file is opened when it is read.

    Args:
        file: The file.
        offset: Where the part begins, in bytes.
        length: Its length in bytes.
        name: For messages.
    """

    def __init__(self, file: Path, offset: int, length: int, *, name: str) -> None:
        self._file, self._offset, self._length = file, offset, length
        self.name = name

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:  # noqa: ARG002
        """All of it.

        Raises:
            ImageError: The file cannot be read, or ends before the part does.
        """
        try:
            with self._file.open("rb") as file:
                file.seek(self._offset)
                content = file.read(self._length)
        except OSError as error:
            raise unreadable(self._file, self.name, error) from None
        if len(content) < self._length:
            raise ImageError(self.name, "is truncated: the shard ends within it")
        return content


def shown_name(text: str) -> str:
    r"""A file's name as valid Unicode; bytes that are not UTF-8 are written as \xNN."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")
