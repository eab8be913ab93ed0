"""How the process uses threads and memory; which matters most on small machines.

By default glibc maps each buffer above a threshold anew and returns it to the kernel when it is freed, so every layer
of every step touches new pages: about 600,000 page faults per training step on efficientnet_lite0, and half of the
time. Keeping the pages avoids that; the price is about a tenth more resident memory. ``man 3 mallopt`` explains the
parameters.
"""

import ctypes
import os
import platform

OMP_WAIT, SPINS = "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"
FEW_SPINS = 5000
"""Spins of a waiting thread of GNU's OpenMP before it sleeps, about a tenth of a millisecond (docs/LOG.md)."""
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
LARGEST = 2**31 - 1


def wait_quietly() -> None:
    """Let waiting OpenMP threads sleep soon, unless the user has set a policy.

    By default they spin for long, which is a little faster on an idle machine and two to five times slower on a shared
    one (docs/LOG.md). This has an effect on torch only before it is first imported, and on ONNX Runtime's sessions from
    then on.
    """
    if OMP_WAIT not in os.environ:
        os.environ.setdefault(SPINS, str(FEW_SPINS))
        os.environ[OMP_WAIT] = "PASSIVE"


def waits_quietly() -> bool:
    """Whether waiting threads are to sleep, by OpenMP's variable, which ONNX Runtime does not read itself."""
    return os.environ.get(OMP_WAIT, "").upper() == "PASSIVE"


def keep_pages() -> bool:
    """Ask glibc to keep freed memory; elsewhere do nothing.

    Returns:
        Whether it succeeded. The environment variable ``FOVEAL_KEEP_PAGES=0`` switches it off.
    """
    if platform.libc_ver()[0] != "glibc" or os.environ.get("FOVEAL_KEEP_PAGES") == "0":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    # Each arena of a thread takes the padding as soon as it begins, and limits such as ulimit -d count it.
    done = [mallopt(M_MMAP_MAX, 0), mallopt(M_TRIM_THRESHOLD, LARGEST), mallopt(M_TOP_PAD, 2**20)]
    return all(done)
