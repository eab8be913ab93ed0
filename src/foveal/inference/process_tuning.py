"""How the process uses memory and threads; both matter most on small machines.

Pages: keep large buffers in the process instead of handing them back to the kernel after every layer.

glibc maps each buffer above a threshold afresh and returns it when freed, so that every layer of every step touches
new pages: about 600,000 page faults a training step on efficientnet_lite0, and half of the time. Kept, the pages are
warm; the price is about a tenth more resident memory. ``man 3 mallopt`` tells what the parameters mean.
"""

import ctypes
import os
import platform

OMP_WAIT, SPINS = "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"
FEW_SPINS = 5000
"""Looks of a waiting thread of GNU's OpenMP before it sleeps, about a tenth of a millisecond (docs/LOG.md)."""
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
LARGEST = 2**31 - 1


def wait_quietly() -> None:
    """Let OpenMP threads soon sleep while they wait for each other, where the user has not said otherwise.

    By default they spin for long, which is a little faster on a machine that has nothing else to do and two to five
    times slower on one that is shared (docs/LOG.md). It works only before torch is first imported.
    """
    if OMP_WAIT not in os.environ:
        os.environ.setdefault(SPINS, str(FEW_SPINS))
        os.environ[OMP_WAIT] = "PASSIVE"


def keep_pages() -> bool:
    """Ask glibc to keep freed memory; elsewhere do nothing.

    Returns:
        Whether it was done. The environment variable ``FOVEAL_KEEP_PAGES=0`` switches it off.
    """
    if platform.libc_ver()[0] != "glibc" or os.environ.get("FOVEAL_KEEP_PAGES") == "0":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    done = [mallopt(M_MMAP_MAX, 0), mallopt(M_TRIM_THRESHOLD, LARGEST), mallopt(M_TOP_PAD, 64 * 2**20)]
    return all(done)
