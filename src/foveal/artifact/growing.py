"""A file whose content is worth keeping before it is complete, such as the predictions for a thousand images.

Until it ends it grows as ``NAME.partial`` beside the file it will be. Each piece is with the system once it is added,
so not even ``kill -9`` costs it. When the block ends, by an error or Ctrl-C too, the file takes its place.
"""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from foveal.artifact.atomic import take_place, write_all
from foveal.artifact.place import IN_PLACE, Place, fitting, output_error
from foveal.errors import RunError

PARTIAL = ".partial"


class GrowingFile:
    """A file that is a whole document after each piece.

    Args:
        path: The file.
        head: Beginning of the document.
        tail: End of the document; written after each piece, and again further on after the next. A pipe gets it once.

    Raises:
        RunError: The folder is read-only or full, or the path is that of a folder, a disk or a socket.
    """

    def __init__(self, path: Path, *, head: str = "", tail: str = "") -> None:
        self.path = path
        self._head = head
        self._tail = tail.encode()
        self._end = 0
        self._grown = False

    def __enter__(self) -> Self:
        self._place = Place.of(self.path)
        self._partial: Path | None = None
        if self._place.direct:
            self._file = self._place.open_direct()
        else:
            self._place.check_file()
            self._open()
        return self

    def add(self, piece: str) -> None:
        """Append a piece as UTF-8; from the first on, even an empty one, the file is kept whatever happens.

        Raises:
            RunError: The disk is full.
        """
        first, self._grown = not self._grown, True
        self._append(self._head + piece if first else piece)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and not self._grown:
            self.add("")
        kept = self._grown
        try:
            with self._file as file:
                if self._place.direct:
                    write_all(file, self._tail if kept else b"")
                else:
                    os.fsync(file.fileno())
            if kept and self._partial is not None:
                take_place(self._partial, self._place)
                self._partial = None
        except OSError as failure:
            if kind is None:
                raise output_error(self.path, failure) from None
        finally:
            if not kept and self._partial is not None:
                self._partial.unlink(missing_ok=True)

    def _open(self) -> None:
        target = self._place.target
        for number in range(1, 1000):
            partial = target.with_name(fitting(target.name, PARTIAL if number == 1 else f".{number}{PARTIAL}"))
            try:
                self._file = partial.open("xb", 0)
            except FileExistsError:  # left by a command that was killed, or of one that is running
                continue
            except OSError as error:
                if self._place.status is None or error.errno not in IN_PLACE:
                    raise output_error(self.path, error) from None
                self._file = target.open("r+b", 0)  # its old content goes with the first piece
            else:
                self._partial = partial
            return
        raise RunError(f"{self.path}: too many partial files are beside it.", f"Remove those that end in {PARTIAL}.")

    def _append(self, piece: str) -> None:
        content = piece.encode(errors="surrogateescape")
        try:
            if self._place.direct:
                write_all(self._file, content)
            else:
                self._file.seek(self._end)
                write_all(self._file, content + self._tail)
                if not self._end:
                    self._file.truncate()
                self._end += len(content)
        except OSError as error:
            raise output_error(self.path, error) from None


def left_behind(path: Path) -> list[Path]:
    """Partial files of a command that was killed, or of one that is still running."""
    target = Path(os.path.realpath(path))
    first = target.with_name(fitting(target.name, PARTIAL))
    return [first] if first.exists() else []
