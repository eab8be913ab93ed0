"""A function over many items in threads: results in order, memory independent of the number of items."""

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from foveal.ops.machine import num_cores

Item = TypeVar("Item")
Result = TypeVar("Result")
MAX_THREADS, WAITING = 32, 4
"""As ``ThreadPoolExecutor`` counts: a few more than cores, since threads wait for files."""
WAITED_S, WAITED = 0.1, 4
"""Threads pay from that many seconds of waiting, and that many times the computing: a core that others keep busy is no
disk."""


class LastingPool:
    """Threads that last from call to call; a process forked from this one gets its own with its first call.

    Args:
        threads: How many.
        name: What their names begin with.
    """

    def __init__(self, threads: int, *, name: str) -> None:
        self._threads, self._name = threads, name
        self._open()

    def get(self) -> ThreadPoolExecutor:
        """The threads of this process."""
        if self._pid != os.getpid():  # a fork copies the pool, but none of its threads
            self._open()
        return self._pool

    def close(self) -> None:
        """End the threads; no call can begin afterwards."""
        self.get().shutdown(cancel_futures=True)

    def _open(self) -> None:
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix=self._name)
        self._pid = os.getpid()


def in_threads(
    function: Callable[[Item], Result], items: Iterable[Item], *, threads: int | None = None, per_call: int = 1
) -> Iterator[Result]:
    """``map`` in threads that start with the first result and end with the last.

    Args:
        function: Called from several threads at once; it should release the GIL most of the time.
        items: Taken one by one, in the caller's thread.
        threads: How many; None: a few more than cores.
        per_call: Items that a thread takes at once; more than 1 pays where each takes microseconds.

    Yields:
        The results, in the order of the items. An exception comes at the place of its item.
    """
    threads = threads or min(MAX_THREADS, num_cores() + WAITING)
    with ThreadPoolExecutor(threads, thread_name_prefix="foveal") as pool:
        yield from in_pool(pool, function, items, ahead=2 * threads, per_call=per_call)


def in_threads_if_waiting(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """``map`` in this thread; in threads from where waiting, such as for a disk, takes far longer than computing.

    Short system calls from several threads pass the interpreter's lock to and fro: of files that are in memory that
    takes longer than reading them (docs/LOG.md).

    Args:
        function: May be called from several threads at once.
        items: Taken one by one, in the caller's thread.

    Yields:
        The results, in the order of the items.
    """
    coming, waited, computed = iter(items), 0.0, 0.0
    for item in coming:
        began, own = time.perf_counter(), time.thread_time()
        result = function(item)
        spent = time.thread_time() - own
        computed += spent
        waited += time.perf_counter() - began - spent
        yield result
        if waited > max(WAITED_S, WAITED * computed):
            break
    yield from in_threads(function, coming)


def in_pool(
    pool: ThreadPoolExecutor,
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    ahead: int,
    per_call: int = 1,
) -> Generator[Result, None, None]:
    """As ``in_threads``, in a pool that lasts, with at most ``ahead`` results computed before they are consumed.

    Closing the generator cancels the calls that have not begun.
    """
    coming = iter(items)
    waiting: deque[Future[list[Result | _Raised]]] = deque()

    def begin(calls: int) -> None:
        for _ in range(calls):
            if not (batch := list(islice(coming, per_call))):
                return
            waiting.append(pool.submit(_call, function, batch))

    begin(ahead)
    try:
        while waiting:
            results = waiting.popleft().result()
            begin(1)
            for result in results:
                if isinstance(result, _Raised):
                    raise result.error
                yield result
    finally:
        for future in waiting:
            future.cancel()


class _Raised:
    """The result of an item whose call raised."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _call(function: Callable[[Item], Result], batch: list[Item]) -> list[Result | _Raised]:
    """The results of a batch, up to the first exception."""
    results: list[Result | _Raised] = []
    for item in batch:
        try:
            results.append(function(item))
        except Exception as error:  # raised again where its result is consumed
            return [*results, _Raised(error)]
    return results
