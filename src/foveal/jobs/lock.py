"""Files that one process at a time holds; a process that is killed holds none."""

from typing import IO


def take_lock(file: IO[str]) -> bool:
    """Hold an open file until it is closed; False: another process does. Where there are no such locks, always True."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
