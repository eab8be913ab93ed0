"""Worker processes: how many fit into shared memory, and the error when one is lost.

Workers leave their batches in /dev/shm, of which Docker gives a container 64 MB. Their number changes no batch, so
where the room is small there are fewer of them, or fewer batches ahead.
"""

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.utils.data import Dataset

from foveal.data.loading.order import Draw
from foveal.errors import FovealError, TrainingError
from foveal.ops.machine import free_shared_bytes
from foveal.types.samples import Batch

AHEAD = 4
"""Batches that each worker makes ahead, where there is room."""
TAKEN = 2
"""Batches that are no longer ahead and still in memory: the one in training and the one that is next."""
USABLE = 0.9
"""Fraction of /dev/shm that batches may fill."""
NO_ROOM = ("unable to allocate shared memory", "No space left on device", "unable to write to file", "unable to mmap")
"""torch's words for a full /dev/shm."""


class SharedMemoryError(RuntimeError):
    """A worker found /dev/shm full."""


class InWorker(Dataset[Batch | Exception]):
    """The batches of a data set in shared memory; a failure comes as a value, since torch would lose its hint.

    Args:
        images: Makes the batches.
    """

    def __init__(self, images: Dataset[Batch]) -> None:
        self.images = images

    def __getitems__(self, draws: list[Draw]) -> Batch | Exception:
        """A batch, or why there is none."""
        try:
            batch: Batch = self.images.__getitems__(draws)  # type: ignore[attr-defined]
            for values in batch.targets.values():
                values.share_memory_()  # type: ignore[no-untyped-call]  # later, a failure would be lost in a thread
        except FovealError as error:
            return error
        except (RuntimeError, OSError) as error:
            if not any(words in str(error) for words in NO_ROOM):
                raise
            return SharedMemoryError(str(error))
        return batch


def fit_workers(sample: Batch, batch_size: int, *, workers: int, free_bytes: int | None = None) -> tuple[int, int]:
    """Workers and batches ahead that fit into shared memory.

    Args:
        sample: A batch of one.
        batch_size: B.
        workers: As configured.
        free_bytes: Room in shared memory for this process; None: its share of what is free in /dev/shm.

    Returns:
        Number of workers, perhaps 0, and of batches that each makes ahead.
    """
    if free_bytes is None:
        free = free_shared_bytes()
        free_bytes = None if free is None else free // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if not workers or free_bytes is None:
        return workers, AHEAD
    targets = sum(_size(values) for values in sample.targets.values())
    batch = batch_size * (_size(sample.images) + 2 * targets)  # lists are padded to the longest of a batch
    room = int(free_bytes * USABLE / batch) - TAKEN
    if room >= workers:
        return workers, min(AHEAD, room // workers)
    return max(0, room), 1


def told(*, wanted: int, workers: int) -> str:
    """A note where fewer workers fit than were wanted; else empty."""
    if workers == wanted:
        return ""
    return (
        f"There is little shared memory (/dev/shm): {workers} instead of {wanted} workers; the results are the same."
        " In a container, --shm-size 2g (Docker) gives more."
    )


@contextmanager
def worker_faults(folder: Path, *, workers: int) -> Iterator[None]:
    """Errors about lost workers as one line, with the command that goes on.

    Raises:
        TrainingError: A worker was killed, or shared memory is full.
    """
    again = f"Go on with fewer of them: foveal train --resume {shlex.quote(str(folder))} --workers {workers // 2}"
    try:
        yield
    except SharedMemoryError:
        raise TrainingError(
            "Shared memory (/dev/shm) is full: the worker processes have no room for their batches.",
            f"{again}; or give the container more (--shm-size 2g).",
        ) from None
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        signal = re.search(r"killed by signal: ([A-Z][\w ]*)", str(error))
        how = "exited unexpectedly" if signal is None else f"was stopped by the system ({signal[1].strip()})"
        if "Bus error" in str(error):
            raise TrainingError(
                f"A worker process {how}: shared memory (/dev/shm) is full.",
                f"{again}; or give the container more (--shm-size 2g).",
            ) from None
        raise TrainingError(
            f"A worker process {how}, most likely for want of memory.",
            f"{again}; --data.cache off takes less memory as well.",
        ) from None


def _size(values: torch.Tensor) -> int:
    return values.numel() * values.element_size()
