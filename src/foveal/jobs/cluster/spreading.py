"""The parts of a job among the workers of a cluster; those of a worker that is lost are given to another."""

from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foveal.errors import FovealError, RunError
from foveal.jobs.cluster.worker import Worker
from foveal.jobs.items import Item
from foveal.jobs.table import Format
from foveal.jobs.work import Done, Work

AT_ONCE = 2
"""Parts that a worker has at a time: one is decoded while the other ends."""
MOST_LOST = 3
"""Workers that may be lost over one part, or in a row before they begin."""
WAIT_S = 60.0
"""After so long without a worker the user is told."""


@dataclass(frozen=True)
class Share:
    """What each worker gets.

    Attributes:
        count: How many workers there are.
        cpus: Cores of each; a part of one, where there are more workers than cores.
        gpus: GPUs of each, 0 to 1.
    """

    count: int
    cpus: float
    gpus: float

    @property
    def workers(self) -> str:
        """How many, in words."""
        return f"{self.count} worker{'s' if self.count > 1 else ''}"

    @property
    def text(self) -> str:
        """What each has, in words."""
        return f"{self.cpus:g} CPU{f' and {self.gpus:g} GPU' if self.gpus else ''} each"


class Spreading:
    """The parts of a job among the workers of a cluster.

    Args:
        ray: The package.
        work: The model, and how it predicts.
        form: Of the table.
        share: What each worker gets.
        notes: Called with lines for the user.
    """

    def __init__(
        self, ray: Any, work: Work, form: Format, share: Share, notes: Callable[[Sequence[str]], None]
    ) -> None:
        self._ray, self._work, self._form, self._share, self._notes = ray, work, form, share, notes
        self._busy: Counter[Any] = Counter()
        self._beginning: dict[Any, Any] = {}
        self._running: dict[Any, tuple[Any, int]] = {}
        self._waiting: deque[int] = deque()
        self._lost: Counter[int] = Counter()
        self._lost_before = 0

    def run(
        self, numbers: Sequence[int], part: Callable[[int], list[Item]], done: Callable[[int], None]
    ) -> Generator[tuple[int, Done]]:
        """The parts of these numbers as they are done.

        Raises:
            RunError: Workers are lost again and again, or do not see an image.
            FovealError: As a worker meets it.
        """
        self._waiting.extend(numbers)
        for _ in range(self._share.count):
            self._start()
        while self._waiting or self._running:
            self._give(part)
            ready, _ = self._ray.wait([*self._beginning, *self._running], timeout=WAIT_S)
            if not ready and not self._busy:
                self._notes([f"No worker has begun within {WAIT_S:g} s: the cluster may be full."])
            for reference in ready:
                if (worker := self._beginning.pop(reference, None)) is not None:
                    self._begun(reference, worker)
                elif (finished := self._take(reference)) is not None:
                    done(finished[1].num_images)
                    yield finished
        self._notes(sorted({note for notes in self._last_notes() for note in notes}))

    def _start(self) -> None:
        actor = self._ray.remote(Worker).options(
            num_cpus=self._share.cpus, num_gpus=self._share.gpus, max_concurrency=AT_ONCE
        )
        worker = actor.remote(self._work, type(self._form), max(1, int(self._share.cpus)))
        self._beginning[worker.begin.remote()] = worker

    def _give(self, part: Callable[[int], list[Item]]) -> None:
        """Fill the workers that have begun, the least busy first."""
        while self._waiting and self._busy:
            worker, running = min(self._busy.items(), key=lambda pair: pair[1])
            if running >= AT_ONCE:
                return
            number = self._waiting.popleft()
            self._busy[worker] += 1
            self._running[worker.predict.remote(part(number))] = worker, number

    def _begun(self, reference: Any, worker: Any) -> None:
        if self._get(reference) is None:
            self._lost_before += 1
            if self._lost_before >= MOST_LOST:
                raise RunError(
                    f"{MOST_LOST} workers in a row were lost before they began.",
                    "Is the same Foveal installed on every machine, and is there enough memory?",
                )
            self._start()
        else:
            self._lost_before = 0
            self._busy[worker] = 0

    def _take(self, reference: Any) -> tuple[int, Done] | None:
        worker, number = self._running.pop(reference, (None, -1))
        if worker is None:
            return None  # given to another worker already
        done = self._get(reference)
        if done is None:
            self._lose(worker, number)
            return None
        self._busy[worker] -= 1
        if done.missing and Path(done.missing).exists():  # else it has been deleted meanwhile
            raise RunError(
                f"A worker does not see {done.missing}.", "Share the images with all machines under the same path."
            )
        return number, done

    def _lose(self, worker: Any, number: int) -> None:
        """Give the parts of a lost worker to others."""
        others = [(reference, n) for reference, (w, n) in self._running.items() if w == worker]
        for reference, _ in others:
            del self._running[reference]
        again = sorted([number, *(n for _, n in others)])
        self._lost.update(again)
        most = max(again, key=self._lost.__getitem__)
        if self._lost[most] >= MOST_LOST:
            raise RunError(
                f"{MOST_LOST} workers were lost while they predicted one part, number {most:,}.",
                "They may lack memory: use a smaller --batch-size, or fewer --workers.",
            )
        self._waiting.extendleft(reversed(again))
        self._busy.pop(worker, None)
        self._notes(["A worker was lost; its images are predicted again."])
        self._start()

    def _get(self, reference: Any) -> Any:
        """What a worker has returned; None: it was lost.

        Raises:
            FovealError: What the worker raised.
        """
        exceptions = self._ray.exceptions
        try:
            return self._ray.get(reference)
        except exceptions.RayTaskError as error:
            if isinstance(error.cause, FovealError):
                raise error.cause from None
            raise
        except exceptions.RayError:
            return None

    def _last_notes(self) -> list[list[str]]:
        return [notes for worker in self._busy if (notes := self._get(worker.notes.remote())) is not None]
