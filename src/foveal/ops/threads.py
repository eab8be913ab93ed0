"""A function over many items in threads: results in order, memory independent of the number of items."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
THREADS = min(32, (os.cpu_count() or 1) + 4)
"""As ``ThreadPoolExecutor`` counts: a few more than cores, since threads wait for files."""


def in_threads(
    function: Callable[[Item], Result], items: Iterable[Item], *, threads: int = THREADS, per_call: int = 1
) -> Iterator[Result]:
    """``map`` in threads that start with the first result and end with the last.

    Args:
        function: Called from several threads at once; it should release the GIL most of the time.
        items: Taken one by one, in the caller's thread.
        threads: How many.
        per_call: Items that a thread takes at once; more than 1 pays where each takes microseconds.

    Yields:
        The results, in the order of the items. An exception comes at the place of its item.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="foveal") as pool:
        yield from in_pool(pool, function, items, ahead=2 * threads, per_call=per_call)


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
