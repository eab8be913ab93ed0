"""What keeping pages costs."""

import subprocess
import sys

THREADS = """
import threading
from foveal.inference.backends.process_tuning import keep_pages
from foveal.ops.machine import status_bytes

keep_pages()
before, together = status_bytes("VmData"), threading.Barrier(9)

def work():
    kept = [bytes(2000) for _ in range(50)]
    together.wait(), together.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
[one.start() for one in threads]
together.wait()
print(status_bytes("VmData") - before)
together.wait()
"""


def test_a_thread_takes_little_more_than_its_stack() -> None:
    """``ulimit -d`` counts what the arena of each thread sets aside, touched or not."""
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 8 * 16 * 2**20
