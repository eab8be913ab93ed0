"""In order, ahead by no more than promised, and an exception where its item was."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.ops.threads import in_pool, in_threads, in_threads_if_waiting


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers()), st.integers(1, 5), st.integers(1, 7))
def test_results_are_those_of_map(items, threads, per_call):
    assert list(in_threads(lambda n: n * 3, items, threads=threads, per_call=per_call)) == [n * 3 for n in items]


def test_a_slow_item_is_waited_for():
    """The first call returns only once the second has run."""
    second = threading.Event()

    def call(item):
        if item == 0:
            assert second.wait(10)
        else:
            second.set()
        return item

    assert list(in_threads(call, range(2), threads=2)) == [0, 1]


@pytest.mark.parametrize("per_call", [1, 3])
def test_memory_stays_flat(per_call):
    """Items are taken as results are asked for, a fixed number ahead."""
    taken = []

    def items():
        for n in range(1000):
            taken.append(n)
            yield n

    results = in_threads(lambda n: n, items(), threads=2, per_call=per_call)
    assert taken == []
    for n in range(100):
        assert next(results) == n
        assert len(taken) <= (n // per_call + 1 + 2 * 2) * per_call
    results.close()
    assert len(taken) < 130


@pytest.mark.parametrize("per_call", [1, 4])
def test_an_exception_comes_where_its_item_was(per_call):
    def call(item):
        if item in (6, 7):
            raise ValueError(f"no {item}")
        return item

    results = in_threads(call, range(1000), threads=3, per_call=per_call)
    assert [next(results) for _ in range(6)] == [0, 1, 2, 3, 4, 5]
    with pytest.raises(ValueError, match=r"^no 6$"):
        next(results)
    assert list(results) == []


def test_a_pool_outlives_what_it_was_used_for():
    with ThreadPoolExecutor(2) as pool:
        results = in_pool(pool, str, range(50), ahead=4)
        assert next(results) == "0"
        results.close()
        assert list(in_pool(pool, str, range(3), ahead=4)) == ["0", "1", "2"]


def test_threads_only_where_it_waits() -> None:
    def computed(_: int) -> int:
        end = time.thread_time() + 0.002
        while time.thread_time() < end:
            pass
        return threading.get_ident()

    def waited(_: int) -> int:
        time.sleep(0.02)
        return threading.get_ident()

    here = threading.get_ident()
    assert set(in_threads_if_waiting(computed, range(50))) == {here}
    threads = list(in_threads_if_waiting(waited, range(50)))
    assert len(threads) == 50 and threads[0] == here and threads[-1] != here
    assert list(in_threads_if_waiting(lambda item: time.sleep(0.02) or item, range(20))) == list(range(20))
