"""Images of many requests in one call of the network."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor

import numpy as np
import pytest
from tests.serving import SIDE, Network

from foveal.errors import ImageError
from foveal.inference.predictor import Predictor, Prepared
from foveal.serve.batching import Batcher, Full, Raw
from foveal.types.geometry import Geometry


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(3) as pool:
        yield pool


def image(value: int) -> Prepared:
    size = (SIDE, SIDE)
    return Prepared(np.full((SIDE, SIDE, 3), (value, 255 - value, 60), np.uint8), Geometry(size, size, (1.0, 1.0)))


def first_scores(raws: Sequence[Raw]) -> bytes:
    return b" ".join(f"{raw.arrays['scores'][0, 0]:.4f}".encode() for raw in raws)


def batcher(threads: ThreadPoolExecutor, **values: object) -> tuple[Batcher, Network]:
    network = Network("classify")
    options = {"max_batch": 4, "max_wait_s": 5.0, "queue": 20, **values}
    return Batcher(Predictor(network), threads=threads, **options), network  # type: ignore[arg-type]


def alone(value: int) -> bytes:
    scores = Network("classify").run(image(value).pixels[None])["scores"]
    return f"{scores[0, 0]:.4f}".encode()


def test_every_request_gets_its_own_predictions(threads: ThreadPoolExecutor) -> None:
    one, network = batcher(threads, queue=200)
    jobs = {
        value: one.submit([lambda v=v: image(v) for v in (value, value + 100)], first_scores) for value in range(40)
    }
    for value, job in jobs.items():
        assert job.result(10) == alone(value) + b" " + alone(value + 100)
    one.close()
    assert sum(network.calls) == 80 and max(network.calls) <= 4
    assert one.inside == 0


def test_one_client_alone_never_waits(threads: ThreadPoolExecutor) -> None:
    one, _ = batcher(threads, max_wait_s=20.0)
    begun = time.monotonic()
    for value in range(5):
        assert one.submit([lambda v=value: image(v)], first_scores).result(10) == alone(value)
    assert time.monotonic() - begun < 10
    one.close()


def test_images_wait_for_those_being_decoded_and_not_for_ever(threads: ThreadPoolExecutor) -> None:
    one, network = batcher(threads, max_wait_s=20.0)
    decoding, hold = threading.Event(), threading.Event()

    def slow() -> Prepared:
        decoding.set()
        assert hold.wait(10)
        return image(1)

    late = one.submit([slow], first_scores)
    assert decoding.wait(10)
    early = one.submit([lambda: image(2)], first_scores)
    time.sleep(0.05)
    assert not early.done(), "it waits for the other"
    hold.set()
    assert late.result(10) == alone(1) and early.result(10) == alone(2)
    one.close()
    assert network.calls == [2]
    one, network = batcher(threads, max_wait_s=0.01)
    hold.clear()
    late = one.submit([slow], first_scores)
    assert one.submit([lambda: image(2)], first_scores).result(5) == alone(2), "but no longer than the limit"
    hold.set()
    late.result(10)
    one.close()


def test_a_full_queue_takes_all_or_nothing(threads: ThreadPoolExecutor) -> None:
    one, network = batcher(threads, queue=3)
    network.gate.clear()
    first = one.submit([lambda: image(1)] * 2, first_scores)
    with pytest.raises(Full):
        one.submit([lambda: image(2)] * 2, first_scores)
    second = one.submit([lambda: image(3)], first_scores)
    assert one.inside == 3
    network.gate.set()
    first.result(10), second.result(10)
    one.close()
    with pytest.raises(Full):
        one.submit([lambda: image(1)], first_scores)


def test_who_hears_of_the_end_finds_room(threads: ThreadPoolExecutor) -> None:
    one, _ = batcher(threads, queue=1)
    for value in range(100):
        assert one.submit([lambda v=value: image(v)], first_scores).result(10) == alone(value)
    one.close()


def test_what_is_given_up_is_not_run(threads: ThreadPoolExecutor) -> None:
    one, network = batcher(threads, max_batch=1)
    network.gate.clear()
    running = one.submit([lambda: image(1)], first_scores)
    while not one._waiting and one._coming:
        time.sleep(0.001)
    time.sleep(0.05)
    waiting = one.submit([lambda: image(2)] * 3, first_scores)
    assert waiting.cancel()
    network.gate.set()
    assert running.result(10) == alone(1)
    one.close()
    assert network.calls == [1]
    with pytest.raises(CancelledError):
        waiting.result()


def test_the_first_bad_image_is_the_error_and_others_go_on(threads: ThreadPoolExecutor) -> None:
    one, _ = batcher(threads)

    def bad(name: str) -> Prepared:
        raise ImageError(name, "is truncated")

    job = one.submit([lambda: image(1), lambda: bad("b"), lambda: bad("c")], first_scores)
    good = one.submit([lambda: image(2)], first_scores)
    with pytest.raises(ImageError, match="b: is truncated"):
        job.result(10)
    assert good.result(10) == alone(2)
    one.close()


def test_a_network_that_fails_fails_its_batch_only(threads: ThreadPoolExecutor) -> None:
    one, network = batcher(threads)
    run, network.run = network.run, lambda images: 1 / 0  # type: ignore[method-assign,assignment,return-value]
    with pytest.raises(ZeroDivisionError):
        one.submit([lambda: image(1)], first_scores).result(10)
    network.run = run  # type: ignore[method-assign]
    assert one.submit([lambda: image(1)], first_scores).result(10) == alone(1)
    one.close()


def test_closing_finishes_what_was_taken(threads: ThreadPoolExecutor) -> None:
    one, network = batcher(threads, max_batch=1)
    network.gate.clear()
    jobs = [one.submit([lambda v=v: image(v)], first_scores) for v in range(6)]
    closing = threading.Thread(target=one.close)
    closing.start()
    time.sleep(0.05)
    assert closing.is_alive()
    network.gate.set()
    closing.join(10)
    assert [job.result(5) for job in jobs] == [alone(v) for v in range(6)]
