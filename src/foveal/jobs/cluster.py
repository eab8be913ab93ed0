"""A job's parts on a Ray cluster: workers with one model each, and a part whose worker is lost is given to another.

Only this process writes: workers send their parts back. So nothing needs to be shared but images and the model, which
every machine has under the same path.
"""

import os
import secrets
import shutil
import socket
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from foveal.errors import ConfigError, FovealError, MissingExtraError, RunError
from foveal.jobs.items import Item
from foveal.jobs.table import Format
from foveal.jobs.work import Done, Work
from foveal.jobs.worker import Worker, on_shared_disk
from foveal.ops.machine import num_cores

LOCAL = "local"
AT_ONCE = 2
"""Parts that a worker has at a time: one is decoded while the other ends."""
MOST_LOST = 3
"""Workers that may be lost over one part, or in a row before they begin."""
CONNECT_S = 10.0
WAIT_S = 60.0
"""After so long without a worker the user is told."""
STORE_BYTES = 1 << 28
"""Of a cluster on this machine, for the parts on their way."""
QUIET: Mapping[str, str] = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
}
"""Nothing is sent to Ray's makers, and nothing of its own goes to the screen."""
LOOPBACK: Mapping[str, str] = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}
"""A cluster on this machine listens on 127.0.0.1 alone, and only to this command."""


class RayCluster:
    """Predicts the parts of a job on a Ray cluster.

    Args:
        address: Of the cluster; ``local``: RAY_ADDRESS or, without one, a cluster on this machine for this job.
        workers: How many; None: one per GPU or, where there is none, per machine.
        notes: Called with lines for the user.

    Raises:
        MissingExtraError: Ray is not installed.
    """

    def __init__(self, address: str, workers: int | None, notes: Callable[[Sequence[str]], None]) -> None:
        self._address = os.environ.get("RAY_ADDRESS") or LOCAL if address == LOCAL else address
        self._workers, self._notes = workers, notes
        os.environ.update({name: text for name, text in QUIET.items() if name not in os.environ})
        if self._address == LOCAL:
            os.environ.update(LOOPBACK, RAY_AUTH_TOKEN=secrets.token_hex(32))
        try:
            self._ray: Any = import_module("ray")
        except ImportError:
            error = MissingExtraError("spread a job with --ray", "ray")
            error.hint = "Install it with: pip install 'foveal[ray]'"
            raise error from None

    def __call__(
        self,
        work: Work,
        form: Format,
        numbers: Sequence[int],
        part: Callable[[int], list[Item]],
        *,
        done: Callable[[int], None],
    ) -> Generator[tuple[int, Done]]:
        """The parts of these numbers as they are done.

        Raises:
            RunError: The cluster cannot be reached, its workers are lost again and again, or they do not see an image.
        """
        if not numbers:
            return
        with self._connected():
            share = self._share(len(numbers), device=work.device)
            self._notes([f"{share.workers} on Ray, {share.text}."])
            yield from Spreading(self._ray, on_shared_disk(work), form, share, self._notes).run(numbers, part, done)

    @contextmanager
    def _connected(self) -> Iterator[None]:
        quiet = {"log_to_driver": False, "logging_level": "CRITICAL", "configure_logging": True}
        folder = tempfile.mkdtemp(prefix="foveal-") if self._address == LOCAL else None
        _say_nothing(self._ray)
        try:
            if folder is None:
                _check_open(self._address)
                self._ray.init(address=self._address, **quiet)
            else:
                own = {"num_cpus": num_cores(), "object_store_memory": STORE_BYTES, "_temp_dir": folder}
                self._ray.init(address=LOCAL, include_dashboard=False, **own, **quiet)
        except (ImportError, OSError, OverflowError, RuntimeError, ValueError) as error:
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise RunError(
                f"--ray {self._address}: the cluster cannot be reached ({first[:200]}).",
                "Check its address with `ray status`, or leave it out for one on this machine.",
            ) from None
        try:
            yield
        finally:
            self._ray.shutdown()
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)

    def _share(self, parts: int, *, device: str) -> "Share":
        machines = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        cpus = [machine["CPU"] for machine in machines if machine.get("CPU")]
        gpus = 0 if device == "cpu" else int(sum(machine.get("GPU", 0) for machine in machines))
        if not cpus:
            raise RunError("The Ray cluster has no processor cores to give.", "Start its nodes with --num-cpus.")
        if device == "cuda" and not gpus:
            raise ConfigError("--device cuda: the Ray cluster has no GPU.", "Leave it out, or use --device cpu.")
        count = min(self._workers or gpus or len(cpus), parts)
        share = min(min(cpus), sum(cpus) / count)
        return Share(count, float(int(share)) if share >= 1 else share, min(1.0, gpus / count))


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
        if done.missing:
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
        if (most := max(again, key=self._lost.__getitem__)) and self._lost[most] >= MOST_LOST:
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


def _check_open(address: str) -> None:
    """Connect once: Ray itself would try for two minutes.

    Raises:
        OSError: Nobody listens at the address.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), CONNECT_S).close()


def _say_nothing(ray: Any) -> None:
    """Keep Ray's own lines about lost workers off the standard output; no setting does."""
    module = ray._private.worker
    if hasattr(module, "print_to_stdstream"):
        module.print_to_stdstream = lambda *_, **__: None
