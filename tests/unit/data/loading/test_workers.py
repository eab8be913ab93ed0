"""How many workers fit into shared memory, and what is said when one is lost."""

from pathlib import Path
from typing import Any

import pytest
import torch

from foveal.data.loading.workers import AHEAD, InWorker, SharedMemoryError, fit_workers, told, worker_faults
from foveal.errors import ImageError, TrainingError
from foveal.types.samples import Batch

SAMPLE = Batch(torch.zeros(1, 3, 100, 100, dtype=torch.uint8), {"label": torch.zeros(1, 1250)}, [0])
BATCH = 10 * (30_000 + 2 * 5_000)
"""Bytes of ten of them, with padding."""


@pytest.mark.parametrize(
    ("batches", "workers", "fit"),
    [(1000, 4, (4, AHEAD)), (18, 4, (4, 4)), (10, 4, (4, 2)), (6, 4, (4, 1)), (5, 4, (3, 1)), (2, 4, (0, 1))],
)
def test_fewer_batches_ahead_then_fewer_workers_then_none(batches: int, workers: int, fit: tuple[int, int]) -> None:
    assert fit_workers(SAMPLE, 10, workers=workers, free_bytes=int(BATCH * batches / 0.9) + 1) == fit


def test_docker_gives_64_megabytes() -> None:
    image = Batch(torch.zeros(1, 3, 224, 224, dtype=torch.uint8), {"label": torch.zeros(1)}, [0])
    workers, ahead = fit_workers(image, 32, workers=7, free_bytes=64 * 2**20)
    assert (workers, ahead) == (7, 1)
    assert (workers * ahead + 2) * 32 * 224 * 224 * 3 < 64 * 2**20


def test_without_workers_there_is_nothing_to_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fit_workers(SAMPLE, 10, workers=0, free_bytes=0) == (0, AHEAD)
    monkeypatch.setattr("foveal.data.loading.workers.free_shared_bytes", lambda: None)
    assert fit_workers(SAMPLE, 10, workers=3) == (3, AHEAD)
    monkeypatch.setattr("foveal.data.loading.workers.free_shared_bytes", lambda: int(BATCH * 12 / 0.9))
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert fit_workers(SAMPLE, 10, workers=3) == (3, 1), "two processes share the room"


def test_it_is_told() -> None:
    assert told(wanted=4, workers=4) == ""
    assert told(wanted=4, workers=1).startswith("There is little shared memory (/dev/shm): 1 instead of 4 workers;")


class Failing:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getitems__(self, _: Any) -> Batch:
        raise self.error


def test_failures_keep_their_hint_on_the_way_from_a_worker() -> None:
    error = ImageError("a.jpg", "is truncated", "Replace it.")
    assert InWorker(Failing(error)).__getitems__([]) is error
    full = RuntimeError("unable to allocate shared memory(shm) for file </torch_1>: No space left on device (28)")
    assert isinstance(InWorker(Failing(full)).__getitems__([]), SharedMemoryError)
    with pytest.raises(ValueError):
        InWorker(Failing(ValueError("a bug"))).__getitems__([])


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (
            RuntimeError("DataLoader worker (pid 18318) is killed by signal: Killed. "),
            "A worker process was stopped by the system (Killed), most likely for want of memory.",
        ),
        (
            RuntimeError("DataLoader worker (pid(s) 7) exited unexpectedly"),
            "A worker process exited unexpectedly, most likely for want of memory.",
        ),
        (
            RuntimeError("DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that ..."),
            "A worker process was stopped by the system (Bus error): shared memory (/dev/shm) is full.",
        ),
        (
            SharedMemoryError("No space left"),
            "Shared memory (/dev/shm) is full: the worker processes have no room for their batches.",
        ),
    ],
)
def test_a_lost_worker_is_one_line_and_the_way_to_go_on(error: Exception, what: str) -> None:
    with pytest.raises(TrainingError) as caught, worker_faults(Path("my run"), workers=4):
        raise error
    assert caught.value.what == what
    assert caught.value.hint.startswith("Go on with fewer of them: foveal train --resume 'my run' --workers 2; ")


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match=r"^a bug$"), worker_faults(Path("run"), workers=4):
        raise RuntimeError("a bug")
