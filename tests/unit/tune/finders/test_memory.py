"""What a process takes and may take."""

import resource
import subprocess
import sys

import pytest

from foveal.ops.machine import memory_room, status_bytes
from foveal.tune.finders.memory import HostMemory, Memory

GIB = 2**30
LIMITED = """
import resource
resource.setrlimit(resource.{kind}, (2 << 30, 2 << 30))
from foveal.tune.finders.memory import HostMemory
with HostMemory() as host:
    taken = bytearray(600 << 20)
    import time; time.sleep(0.1)
    del taken
    print(host.room.of, host.limit_bytes, host.most_bytes())
"""


def test_memory_grows_with_the_batch() -> None:
    one = Memory("device", 10 * GIB, 1 * GIB, 3 * GIB)
    assert one.fits and one.at(2) == 5 * GIB and one.at(0.5) == 2 * GIB and one.usable_bytes == 9 * GIB
    assert not Memory("device", 10 * GIB, 1 * GIB, 9 * GIB + 1).fits


@pytest.mark.parametrize(("kind", "name"), [("RLIMIT_DATA", "data"), ("RLIMIT_AS", "address space")])
def test_a_limit_of_the_process_counts(kind: str, name: str) -> None:
    """What was taken for a moment and given back is known as well."""
    done = subprocess.run([sys.executable, "-c", LIMITED.format(kind=kind)], capture_output=True, text=True, check=True)
    of, limit, most = done.stdout.strip().rpartition(" ")[0].rpartition(" ")[0], *done.stdout.split()[-2:]
    assert of == name
    assert int(limit) == pytest.approx(2 * GIB, rel=0.02)
    assert 0.6 * GIB < int(most) < 2 * GIB


def test_without_one_the_most_resident_memory_counts() -> None:
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] == resource.RLIM_INFINITY
    room = memory_room()
    assert room.of in ("machine", "container") and room.free_bytes > 0
    with HostMemory() as host:
        assert host.most_bytes() > 2**20
    assert status_bytes("VmNone") == 0
