"""Images of many requests in one call of the network: decoded by many threads, run by few, assembled by many.

An image waits for others only while some are being decoded, and never longer than ``max_wait_s``: a client alone is
never kept waiting. The queue is bounded; what does not fit is refused at once.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Condition, Thread

import numpy as np

from foveal.brief import brief
from foveal.inference.predictor import Predictor, Prepared
from foveal.types.arrays import Array
from foveal.types.geometry import Geometry

Load = Callable[[], Prepared]
"""Decodes and prepares one image."""


@dataclass(frozen=True)
class Raw:
    """What the network gives for one image.

    Attributes:
        arrays: The activated outputs, each (1, ...).
        geometry: From the image's pixels to the input's.
    """

    arrays: dict[str, Array]
    geometry: Geometry

    __repr__ = brief


Finish = Callable[[Sequence[Raw]], bytes]
"""Makes the response's body of the raw outputs of a request's images."""


class Full(Exception):  # noqa: N818  not an error of the program
    """The queue has no room for a request."""


@dataclass(eq=False)
class Work:
    """The images of one request, on their way."""

    finish: Finish
    left: int
    raws: list[Raw | None]
    errors: dict[int, Exception] = field(default_factory=dict)
    done: "Future[bytes]" = field(default_factory=Future)

    @property
    def given_up(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.done.cancelled()


@dataclass(frozen=True)
class Waiting:
    """A prepared image in the queue, and since when it is there."""

    work: Work
    place: int
    prepared: Prepared
    since_s: float


class Batcher:
    """One model's queue and the threads that run its network.

    Args:
        predictor: The model; it is closed with the batcher.
        max_batch: Most images in one call.
        max_wait_s: Longest that an image waits for others, in seconds.
        queue: Most images inside.
        threads: Decodes and assembles.
        runners: Threads that run the network, each with a batch of its own.
        observe: Called with the number of images and the seconds of each call of the network.

    Attributes:
        inside: Images that were taken and are not done.
    """

    def __init__(
        self,
        predictor: Predictor,
        *,
        max_batch: int,
        max_wait_s: float,
        queue: int,
        threads: ThreadPoolExecutor,
        runners: int = 1,
        observe: Callable[[int, float], object] = lambda *_: None,
    ) -> None:
        self.predictor = predictor
        self.inside = 0
        self._max_batch, self._max_wait_s, self._queue = max_batch, max_wait_s, queue
        self._threads, self._observe = threads, observe
        self._waiting: deque[Waiting] = deque()
        self._coming = 0
        self._closing = False
        self._changed = Condition()
        self._runners = [Thread(target=self._run, name="foveal-network", daemon=True) for _ in range(runners)]
        for runner in self._runners:
            runner.start()

    def submit(self, loads: Sequence[Load], finish: Finish) -> "Future[bytes]":
        """Take a request's images, all or none.

        Args:
            loads: Decode its images; called by other threads.
            finish: Makes the body of the response.

        Returns:
            What ``finish`` returned; its exception, or that of the first image that could not be loaded. Cancel it to
            give the request up.

        Raises:
            Full: There is no room.
        """
        count = len(loads)
        with self._changed:
            if self._closing or self.inside + count > self._queue:
                raise Full
            self.inside += count
            self._coming += count
        work = Work(finish, count, [None] * count)
        for place, load in enumerate(loads):
            self._threads.submit(self._load, work, place, load)
        return work.done

    def close(self) -> None:
        """Finish what was taken, then end the threads and the model; blocks."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.inside == 0)
        for runner in self._runners:
            runner.join()
        self.predictor.close()

    def _load(self, work: Work, place: int, load: Load) -> None:
        prepared = None
        if not work.given_up:
            try:
                prepared = load()
            except Exception as error:
                work.errors[place] = error.with_traceback(None)  # its frames hold the image
        with self._changed:
            self._coming -= 1
            if prepared is not None:
                self._waiting.append(Waiting(work, place, prepared, time.monotonic()))
            if len(self._waiting) in (1, self._max_batch) or not self._coming:
                self._changed.notify_all()  # a batch begins, is full, or has nothing left to wait for
        if prepared is None:
            self._leave(work)

    def _run(self) -> None:
        while batch := self._take():
            alive = [one for one in batch if not (one.work.given_up or one.work.errors)]
            if alive:
                self._run_batch(alive)
            for one in batch:
                self._leave(one.work)

    def _run_batch(self, batch: Sequence[Waiting]) -> None:
        begun = time.perf_counter()
        try:
            arrays = self.predictor.backend.run(np.stack([one.prepared.pixels for one in batch]))
        except Exception as error:
            for one in batch:
                one.work.errors[one.place] = error
            return
        self._observe(len(batch), time.perf_counter() - begun)
        for row, one in enumerate(batch):
            own = {name: values[row : row + 1] for name, values in arrays.items()}
            one.work.raws[one.place] = Raw(own, one.prepared.geometry)

    def _take(self) -> list[Waiting]:
        """The next batch; empty once the batcher is closed and everything is done."""
        with self._changed:
            while True:  # what was there may have been taken by another runner meanwhile
                if self._waiting:
                    left_s = self._waiting[0].since_s + self._max_wait_s - time.monotonic()
                    if len(self._waiting) >= self._max_batch or not self._coming or left_s <= 0:
                        return [self._waiting.popleft() for _ in range(min(len(self._waiting), self._max_batch))]
                    self._changed.wait(left_s)
                elif self._closing and not self._coming:
                    return []
                else:
                    self._changed.wait()

    def _leave(self, work: Work) -> None:
        """One of its images is through, or never will be."""
        with self._changed:
            work.left -= 1
            last = work.left == 0
        if last:
            self._threads.submit(self._end, work)

    def _end(self, work: Work) -> None:
        body, error = b"", None
        wanted = work.done.set_running_or_notify_cancel()
        if wanted:
            try:
                if work.errors:
                    raise work.errors[min(work.errors)]
                body = work.finish([raw for raw in work.raws if raw is not None])
            except Exception as problem:
                error = problem
        with self._changed:  # before anyone is told: whoever hears of it may send the next request at once
            self.inside -= len(work.raws)
            if self._closing:
                self._changed.notify_all()
        if wanted and error is not None:
            work.done.set_exception(error)
        elif wanted:
            work.done.set_result(body)
