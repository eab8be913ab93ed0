"""Frames of a live source: what came while a frame was predicted on is passed over, but for the latest of them."""

from collections.abc import Generator, Iterable
from threading import Condition, Thread
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Latest(Generic[Item]):
    """The latest items of a source that does not wait; else a slow model would fall behind further and further.

    Args:
        source: Read by a thread of its own, as fast as it comes.

    Attributes:
        passed_over: Items that were not given.
    """

    def __init__(self, source: Iterable[Item]) -> None:
        self._source = source
        self._changed = Condition()
        self._waiting: list[Item] = []
        self._ended = self._stopped = False
        self._error: BaseException | None = None
        self.passed_over = 0

    def __iter__(self) -> Generator[Item, None, None]:
        """The items; an error of the source comes after those before it. Closing it waits for the thread to end."""
        thread = Thread(target=self._read, name="foveal-live", daemon=True)
        thread.start()
        try:
            while True:
                with self._changed:
                    while not (self._waiting or self._ended):
                        self._changed.wait()
                    if not self._waiting:
                        break
                    item = self._waiting.pop()
                yield item
        finally:
            self._stopped = True
            thread.join()
        if self._error is not None:
            raise self._error

    def _read(self) -> None:
        try:
            for item in self._source:
                with self._changed:
                    self.passed_over += len(self._waiting)
                    self._waiting = [item]
                    self._changed.notify()
                if self._stopped:
                    break
        except BaseException as error:  # raised in the thread that iterates
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify()
