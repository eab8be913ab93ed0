"""What this process may use: processor cores, memory and shared memory, within the limits of its container.

A container sees the whole machine's cores and memory, but its control groups (cgroups, v1 and v2) allow it a part:
``docker run --cpus 2 --memory 2g``. Groups are nested, and the least of their limits holds. See the kernel's
Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/.
"""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

ROOT = Path("/")


CORES = "FOVEAL_CORES"
"""Environment variable: cores that a process may use at most, where it shares a machine with others."""


def num_cores(root: Path = ROOT) -> int:
    """Cores this process may use, at least 1: by affinity, cpuset, quota and FOVEAL_CORES.

    A part of a core counts as one.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, cores_allowed(root) or cores, _number(os.environ.get(CORES)) or cores))


@cache
def cores_allowed(root: Path = ROOT) -> int | None:
    """Cores that the control groups of this process allow; None: as many as there are."""
    limits = []
    for folder in _groups(root, "cpu"):
        quota, period = _cpu_quota(folder)
        if quota > 0 and period > 0:
            limits.append(math.ceil(quota / period))
    for folder in _groups(root, "cpuset"):
        text = _text(folder / "cpuset.cpus.effective") or _text(folder / "cpuset.effective_cpus")
        if text := text or _text(folder / "cpuset.cpus"):
            limits.append(_listed(text))
    return min((limit for limit in limits if limit > 0), default=None)


@dataclass(frozen=True)
class Room:
    """Memory that this process may still take, and what limits it.

    Attributes:
        free_bytes: What is left.
        of: ``machine``; ``container``: a control group; ``data`` or ``address space``: a limit of the process
            (``ulimit -d``, ``ulimit -v``).
    """

    free_bytes: int
    of: Literal["machine", "container", "data", "address space"]


def free_memory_bytes(root: Path = ROOT) -> int:
    """Memory that this process may still take; see ``memory_room``."""
    return memory_room(root).free_bytes


def memory_room(root: Path = ROOT) -> Room:
    """What the machine has available, or less where a control group or a limit of the process allows less.

    Of a group's usage, files that the kernel can drop from its page cache do not count.
    """
    rooms = [Room(_available(root), "machine")]
    for folder in _groups(root, "memory"):
        limit = _number(_text(folder / "memory.max") or _text(folder / "memory.limit_in_bytes"))
        used = _number(_text(folder / "memory.current") or _text(folder / "memory.usage_in_bytes"))
        if limit is not None:
            rooms.append(Room(max(0, limit - max(0, (used or 0) - _droppable(folder))), "container"))
    return min([*rooms, *_process_limits(root)], key=lambda room: room.free_bytes)


def status_bytes(name: str, root: Path = ROOT) -> int:
    """A size of this process from /proc/self/status, such as VmHWM, its most resident memory; 0 where there is none."""
    for line in (_text(root / "proc/self/status") or "").splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    return 0


def free_shared_bytes(root: Path = ROOT) -> int | None:
    """Room in /dev/shm, where worker processes leave their batches; None where there is no such place."""
    try:
        stats = os.statvfs(root / "dev" / "shm")
    except (OSError, AttributeError):
        return None
    return stats.f_bavail * stats.f_frsize


def _process_limits(root: Path) -> Iterator[Room]:
    """What ``ulimit`` allows, as batch systems set it (``man 2 getrlimit``)."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows has no such limits
        return
    data, space = resource.getrlimit(resource.RLIMIT_DATA)[0], resource.getrlimit(resource.RLIMIT_AS)[0]
    if data != resource.RLIM_INFINITY:
        yield Room(max(0, data - status_bytes("VmData", root)), "data")
    if space != resource.RLIM_INFINITY:
        yield Room(max(0, space - status_bytes("VmSize", root)), "address space")


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's control group and of all groups around it, as far as they are visible."""
    mounts = list(_mounts(root))
    for line in (_text(root / "proc/self/cgroup") or "").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        unified = number == "0" and not controllers
        if not unified and controller not in controllers.split(","):
            continue
        for kind, options, inside, place in mounts:
            if kind != ("cgroup2" if unified else "cgroup") or not (unified or controller in options):
                continue
            # In a container the mount begins at the container's own group, which the path may or may not name.
            own = Path(path)
            below = own.relative_to(inside) if own.is_relative_to(inside) else Path()
            folder = place / below if ".." not in below.parts and (place / below).is_dir() else place
            yield folder
            while folder != place:
                folder = folder.parent
                yield folder


def _mounts(root: Path) -> Iterator[tuple[str, list[str], Path, Path]]:
    """Type, options, root within the hierarchy, and place of each mount of control groups (``man 5 proc``)."""
    for line in (_text(root / "proc/self/mountinfo") or "").splitlines():
        left, _, right = line.partition(" - ")
        fields, kind = left.split(), right.split()
        if len(fields) >= 5 and len(kind) >= 3 and kind[0] in ("cgroup", "cgroup2"):
            yield kind[0], kind[2].split(","), Path(fields[3]), root / fields[4].lstrip("/")


def _cpu_quota(folder: Path) -> tuple[float, float]:
    """Microseconds of processor time in a period, and the period; 0: no limit."""
    if text := _text(folder / "cpu.max"):
        quota, _, period = text.partition(" ")
    else:
        quota, period = _text(folder / "cpu.cfs_quota_us") or "", _text(folder / "cpu.cfs_period_us") or ""
    return float(_number(quota) or 0), float(_number(period) or 100_000)


def _droppable(folder: Path) -> int:
    """Bytes of a group's usage that hold files and have not been used lately."""
    stat = dict(line.split(maxsplit=1) for line in (_text(folder / "memory.stat") or "").splitlines() if " " in line)
    return _number(stat.get("total_inactive_file", stat.get("inactive_file"))) or 0


def _available(root: Path) -> int:
    """The machine's available memory in bytes."""
    for line in (_text(root / "proc/meminfo") or "").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    try:  # where the kernel has no /proc
        import psutil
    except ModuleNotFoundError:  # it comes with foveal[train]
        return 2**30
    return int(psutil.virtual_memory().available)


def _listed(text: str) -> int:
    """How many numbers a list such as ``0-3,8`` has."""
    count = 0
    for part in text.split(","):
        first, dash, last = part.partition("-")
        count += int(last) - int(first) + 1 if dash else 1
    return count


def _number(text: str | None) -> int | None:
    """A whole number; None for ``max``, -1 and anything else."""
    return int(text) if text is not None and text.isdigit() else None


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
