"""Who works on a run: a file that one process at a time can make, and that goes stale when its maker stops.

``lease.N`` holds who took it; the highest N counts. It is made by a hard link, which is atomic on shared folders too,
and its time of change is its heartbeat, by the clock of the folder's own file system. Who stopped beating is taken over
by making ``lease.N+1``, which again one process alone can make; the late one sees that and leaves the run alone.
"""

import errno
import json
import os
import secrets
import socket
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

MISSED = 3
"""Beats after which a lease is stale."""
PREFIX = "lease."
NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""What file systems without hard links say."""


@dataclass(frozen=True)
class Holder:
    """What a lease says: its number, who holds it, how far the run is to go, whether it still beats.

    ``idle`` is how often in a row it was taken over from a process that was lost before it saved anything.
    """

    generation: int
    host: str
    pid: int
    target: float
    fresh: bool
    idle: int


@dataclass
class Lease:
    """A lease that this process holds; a context that beats and lets go.

    Attributes:
        folder: Of the run.
        generation: Its number.
        beat_s: Seconds between two beats.
        lost: Set when another process took over.
    """

    folder: Path
    generation: int
    beat_s: float
    lost: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def file(self) -> Path:
        """The file."""
        return self.folder / f"{PREFIX}{self.generation}"

    def beat(self) -> None:
        """Say that this process still works; notice if it was taken over."""
        with suppress(PermissionError):
            try:
                os.utime(self.file)
                if max(generations(self.folder), default=0) > self.generation:
                    self.lost.set()
            except FileNotFoundError:
                self.lost.set()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._beating, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self.file.unlink(missing_ok=True)

    def _beating(self) -> None:
        while not self._over.wait(self.beat_s):
            with suppress(OSError):
                self.beat()


def take(folder: Path, *, beat_s: float, target: float = 0.0) -> Lease | None:
    """Take the lease of a run; None: another process works on it.

    Args:
        folder: The run's, which exists.
        beat_s: Seconds between two beats.
        target: How far the run is to go, for who takes over.
    """
    known = sorted(generations(folder))
    if known and is_fresh(folder, known[-1], beat_s=beat_s):
        return None
    mine, before = (known[-1] if known else 0) + 1, _read(folder / f"{PREFIX}{known[-1]}") if known else None
    saved = written(folder)
    idle = 0 if before is None or before.get("saved") != saved else int(before.get("idle", 0)) + 1
    if not make(folder, mine, target=target, saved=saved, idle=idle):
        return None
    lease = Lease(folder, mine, beat_s)
    if set(generations(folder)) - {*known, mine}:  # one was given back and taken again meanwhile
        lease.file.unlink(missing_ok=True)
        return None
    for old in known:
        (folder / f"{PREFIX}{old}").unlink(missing_ok=True)
    return lease


def make(folder: Path, generation: int, **about: float) -> bool:
    """Make a lease's file, whole; False: there is one."""
    text = json.dumps({**identity(), **about})
    temporary, file = folder / f".{PREFIX}{secrets.token_hex(8)}.tmp", folder / f"{PREFIX}{generation}"
    try:
        temporary.write_text(text)
        os.link(temporary, file)
    except (FileExistsError, FileNotFoundError):
        return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        try:
            with file.open("x") as out:
                out.write(text)
        except FileExistsError:
            return False
    finally:
        temporary.unlink(missing_ok=True)
    return True


def holder(folder: Path, *, beat_s: float) -> Holder | None:
    """Who holds a run's lease; None: nobody."""
    known = sorted(generations(folder))
    if not known:
        return None
    about = _read(folder / f"{PREFIX}{known[-1]}")
    if about is None:
        return None
    fresh = is_fresh(folder, known[-1], beat_s=beat_s)
    whole = {name: int(about.get(name, 0)) for name in ("pid", "idle")}
    return Holder(known[-1], str(about.get("host")), target=float(about.get("target", 0)), fresh=fresh, **whole)


def written(folder: Path) -> int:
    """When a run was last saved, in nanoseconds; 0: not yet."""
    try:
        return (folder / "resume" / "state.pt").stat().st_mtime_ns
    except OSError:
        return 0


def generations(folder: Path) -> list[int]:
    """Numbers of the leases in a folder."""
    try:
        names = [one.name for one in folder.iterdir()]
    except OSError:
        return []
    return [int(name[len(PREFIX) :]) for name in names if name.startswith(PREFIX) and name[len(PREFIX) :].isdecimal()]


def is_fresh(folder: Path, generation: int, *, beat_s: float) -> bool:
    """Whether a lease's holder still works: it beats, and on this machine its process is there."""
    file = folder / f"{PREFIX}{generation}"
    about = _read(file)
    if about is None:
        return False
    mine = identity()
    if about.get("machine") == mine["machine"] and not _is_there(about):
        return False
    try:
        age = now(folder) - file.stat().st_mtime
    except OSError:
        return False
    return age <= MISSED * float(about.get("beat_s", beat_s))


def now(folder: Path) -> float:
    """The time by the clock of a folder's file system, in seconds."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"0")
        file.flush()
        return os.fstat(file.fileno()).st_mtime


def identity() -> dict[str, Any]:
    """This process: where it runs, and since when."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "machine": _machine(), "began": _began(os.getpid())}


def sweep(folder: Path) -> None:
    """Remove what killed processes left while they made a lease."""
    for left in folder.glob(f".{PREFIX}*.tmp"):
        left.unlink(missing_ok=True)


def _read(file: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _machine() -> str:
    """Where process numbers mean the same: this boot of this machine, and this container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


def _began(pid: int) -> str:
    """When a process began, in ticks, as another may have its number later; empty where the system does not say."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _is_there(about: dict[str, Any]) -> bool:
    if os.name != "posix":
        return True
    pid, began = int(about.get("pid", 0)), str(about.get("began", ""))
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    now_began = _began(pid)
    return not began or not now_began or began == now_began
