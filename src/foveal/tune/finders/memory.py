"""How much memory a process takes of what it may take, on the host and on the device. No torch by itself."""

import threading
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any, Self

from foveal.ops.machine import memory_room, status_bytes

KEPT = 0.1
"""Fraction of a limit that stays free: memory is not used alike in every step, and others need some too."""
SAMPLED_S = 0.02
"""Seconds between two views of a size of which the kernel keeps no maximum."""


@dataclass(frozen=True)
class Memory:
    """One kind of memory during a few training steps.

    Attributes:
        of: What limits it: ``machine``, ``container``, ``data``, ``address space`` or ``device``.
        limit_bytes: What the process may have in all.
        base_bytes: What it had before the first step, and what a run takes later on whatever the batch.
        most_bytes: The most it had in a step or in an evaluation, and the same.
    """

    of: str
    limit_bytes: int
    base_bytes: int
    most_bytes: int

    @property
    def usable_bytes(self) -> int:
        """The limit without the part that stays free."""
        return int(self.limit_bytes * (1 - KEPT))

    @property
    def fits(self) -> bool:
        """Whether it stayed within that."""
        return self.most_bytes <= self.usable_bytes

    def at(self, factor: float) -> int:
        """Bytes for a batch that is so many times as large: what steps take grows with it, nothing else does."""
        return round(self.base_bytes + factor * max(0, self.most_bytes - self.base_bytes))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


class HostMemory:
    """Follows this process: begin before torch is loaded, close after the last step.

    Attributes:
        room: What was free at the beginning, and what limits it.
    """

    def __init__(self) -> None:
        self.room = memory_room()
        self.virtual = {"data": "VmData", "address space": "VmSize"}.get(self.room.of, "")
        """What a limit of the process counts: memory that is set aside, touched or not."""
        self.limit_bytes = self.room.free_bytes + status_bytes(self.virtual or "VmRSS")
        self._most = 0
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        if self.virtual:
            self._watcher.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()

    def most_bytes(self) -> int:
        """The most that this process and its workers had so far."""
        if self.virtual:
            return max(self._most, status_bytes(self.virtual))
        return max(status_bytes("VmHWM"), status_bytes("VmRSS")) + _workers_bytes()

    def _watch(self) -> None:
        while not self._over.wait(SAMPLED_S):
            self._most = max(self._most, status_bytes(self.virtual))


class DeviceMemory:
    """Follows what torch takes of a GPU.

    Args:
        torch: The module.
    """

    def __init__(self, torch: ModuleType) -> None:
        self._cuda = torch.cuda
        free, total = torch.cuda.mem_get_info()
        share = getattr(torch.cuda, "get_per_process_memory_fraction", lambda: 1.0)()
        self.limit_bytes = min(free + torch.cuda.memory_reserved(), int(share * total))

    def most_bytes(self) -> int:
        """The most that was reserved so far, fragments included."""
        return int(self._cuda.max_memory_reserved())


def _workers_bytes() -> int:
    """Memory of worker processes that they share with nobody."""
    import psutil

    total = 0
    for child in psutil.Process().children(recursive=True):
        try:
            total += int(child.memory_full_info().uss)
        except psutil.Error:  # it has ended
            continue
    return total
