"""Decoded images, kept in memory or in a memory-mapped file that all worker processes share.

The arena is append-only; when it is full, further images are decoded each time. Worker processes inherit the mapping by
fork, so what one has decoded is available to all.
"""

import mmap
import multiprocessing
import os
import tempfile
from pathlib import Path
from typing import Literal

import numpy as np

from foveal.data.outside import cache_folder
from foveal.errors import RunError
from foveal.ops.machine import free_memory_bytes
from foveal.types.arrays import RGB

EMPTY, COMING = -1, -2
"""Offsets of a missing image, and of one that is being copied."""


class DecodedCache:
    """An append-only arena of images.

    Args:
        num_images: N, indices 0 to N-1.
        budget_bytes: Size of the arena; pages are taken from the system only as they are filled.
        folder: Folder of the file, which is unlinked at once; None: in memory.

    Raises:
        RunError: The folder cannot be written.
    """

    def __init__(self, num_images: int, budget_bytes: int, *, folder: Path | None = None) -> None:
        self.budget_bytes = budget_bytes
        self._arena = mmap.mmap(-1, budget_bytes) if folder is None else _map_file(folder, budget_bytes)
        self._pixels = np.frombuffer(self._arena, np.uint8)
        # One row per image: offset, height, width; the last row holds the number of bytes in use.
        self._index = np.frombuffer(mmap.mmap(-1, (num_images + 1) * 24), np.int64).reshape(-1, 3)
        self._index[:, 0] = EMPTY
        self._index[-1, 0] = 0
        self._lock = multiprocessing.get_context("fork").Lock()

    def get(self, place: int) -> RGB | None:
        """The image at an index, as a read-only view, or None."""
        offset, height, width = (int(v) for v in self._index[place])
        if offset < 0:
            return None
        return self._pixels[offset : offset + height * width * 3].reshape(height, width, 3)

    def put(self, place: int, image: RGB) -> None:
        """Store an image if there is room."""
        with self._lock:
            start = int(self._index[-1, 0])
            if self._index[place, 0] != EMPTY or start + image.size > self.budget_bytes:
                return
            self._index[-1, 0] = start + image.size
            self._index[place, 0] = COMING
        self._pixels[start : start + image.size] = image.reshape(-1)
        self._index[place, 1:] = image.shape[:2]
        self._index[place, 0] = start  # last: from here on the image is visible to other processes

    @property
    def used_bytes(self) -> int:
        """Size of the images stored."""
        return int(self._index[-1, 0])

    def __len__(self) -> int:
        """Number of images stored."""
        return int((self._index[:-1, 0] >= 0).sum())


def make_cache(
    kind: Literal["auto", "memory", "disk", "off"], num_images: int, *, folder: str, workers: int
) -> DecodedCache | None:
    """The configured cache.

    Raises:
        RunError: The cache folder cannot be written.
    """
    if kind == "off" or (workers > 0 and "fork" not in multiprocessing.get_all_start_methods()):
        return None
    if kind == "disk":
        place = cache_folder(folder)
        return DecodedCache(num_images, _free_disk(place) // 2, folder=place)
    free = free_memory_bytes()
    return DecodedCache(num_images, max(free // (4 if kind == "auto" else 2), 1))


def _free_disk(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stats = os.statvfs(folder)
    except OSError as error:
        raise _unwritable(folder, error) from None
    return max(stats.f_bavail * stats.f_frsize, 2)


def _map_file(folder: Path, size: int) -> mmap.mmap:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.truncate(size)
            return mmap.mmap(file.fileno(), size)
    except OSError as error:
        raise _unwritable(folder, error) from None


def _unwritable(folder: Path, error: OSError) -> RunError:
    return RunError(
        f"{folder}: the cache cannot be written ({error.strerror}).",
        "Choose another folder with --data.cache-dir, or --data.cache off.",
    )
