"""A slow consumer of a live source gets the latest item, and errors come through."""

import threading
from collections.abc import Iterator

import pytest

from foveal.video.latest import Latest


def test_what_came_meanwhile_is_passed_over_but_for_the_latest() -> None:
    go, arrived = threading.Event(), threading.Event()

    def source() -> Iterator[int]:
        yield 0
        go.wait(10)
        yield from range(1, 6)
        arrived.set()

    live = Latest(source())
    found = []
    for item in live:
        found.append(item)
        if item == 0:
            go.set()
            assert arrived.wait(10)
    assert found == [0, 5] and live.passed_over == 4


def test_a_fast_consumer_gets_all_and_then_the_error() -> None:
    taken = threading.Semaphore(1)

    def source() -> Iterator[int]:
        for i in range(20):
            assert taken.acquire(timeout=10)
            yield i
        assert taken.acquire(timeout=10)
        raise OSError("unplugged")

    live, found = Latest(source()), list[int]()

    def take_all() -> None:
        for item in live:
            found.append(item)
            taken.release()

    with pytest.raises(OSError, match="unplugged"):
        take_all()
    assert found == list(range(20)) and live.passed_over == 0


def test_closing_ends_the_thread() -> None:
    def source() -> Iterator[int]:
        number = 0
        while True:
            yield (number := number + 1)

    items = iter(Latest(source()))
    next(items)
    items.close()
    assert "foveal-live" not in [thread.name for thread in threading.enumerate()]
