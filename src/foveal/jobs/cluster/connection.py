"""A job on a Ray cluster: one that is there, or one on this machine that begins and ends with the job.

Only this process writes: workers send their parts back. So nothing needs to be shared but images and the model, which
every machine has under the same path.
"""

import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from foveal.errors import ConfigError, MissingExtraError, RunError
from foveal.jobs.cluster.spreading import Share, Spreading
from foveal.jobs.cluster.worker import on_shared_disk
from foveal.jobs.items import Item
from foveal.jobs.lock import take_lock
from foveal.jobs.table import Format
from foveal.jobs.work import Done, Work
from foveal.ops.machine import num_cores

LOCAL, FOLDER = "local", "foveal-ray-"
CONNECT_S = 10.0
STORE_BYTES = 1 << 28
"""Of a cluster on this machine, for the parts on their way."""
QUIET: Mapping[str, str] = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
}
"""Nothing is sent to Ray's makers, and nothing of its own goes to the screen."""
LOOPBACK: Mapping[str, str] = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}
"""A cluster on this machine listens on 127.0.0.1 alone, and only to this command."""


class Cluster:
    """A Ray cluster: one that is there, or one on this machine that begins and ends with the job.

    Args:
        address: Of the cluster; ``local``: RAY_ADDRESS or, without one, a cluster on this machine for this job.
        workers: How many; None: one per GPU or, where there is none, per machine.
        action: What it is for, for the message.

    Raises:
        MissingExtraError: Ray is not installed.
    """

    def __init__(self, address: str, workers: int | None, *, action: str = "spread a job with --ray") -> None:
        self._address = os.environ.get("RAY_ADDRESS") or LOCAL if address == LOCAL else address
        self._workers = workers
        os.environ.update(QUIET)
        if self._address == LOCAL:
            os.environ.update(LOOPBACK, RAY_AUTH_TOKEN=secrets.token_hex(32))
        try:
            self.ray: Any = import_module("ray")
        except ImportError:
            error = MissingExtraError(action, "ray")
            error.hint = "Install it with: pip install 'foveal[ray]'"
            raise error from None

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Connect, and let go at the end.

        Raises:
            RunError: The cluster cannot be reached.
        """
        _say_nothing(self.ray)
        quiet = {"log_to_driver": False, "logging_level": "CRITICAL", "configure_logging": True}
        with ExitStack() as stack:
            try:
                if self._address == LOCAL:
                    own = {"num_cpus": num_cores(), "object_store_memory": STORE_BYTES}
                    folder = stack.enter_context(_own_folder())
                    self.ray.init(address=LOCAL, include_dashboard=False, _temp_dir=folder, **own, **quiet)
                else:
                    _check_open(self._address)
                    self.ray.init(address=self._address, **quiet)
            except (ImportError, OSError, OverflowError, RuntimeError, ValueError) as error:
                self.ray.shutdown()
                first = (str(error).strip().splitlines() or [type(error).__name__])[0]
                raise RunError(
                    f"--ray {self._address}: the cluster cannot be reached ({first[:200]}).",
                    "Check its address with `ray status`, or leave it out for one on this machine.",
                ) from None
            stack.callback(self.ray.shutdown)
            yield

    def share(self, parts: int, *, device: str) -> Share:
        """What each worker gets, of at most so many as there are parts.

        Raises:
            RunError: The cluster has nothing to give.
            ConfigError: It has no GPU, and one is asked for.
        """
        machines = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        cpus = [machine["CPU"] for machine in machines if machine.get("CPU")]
        gpus = 0 if device == "cpu" else int(sum(machine.get("GPU", 0) for machine in machines))
        if not cpus:
            raise RunError("The Ray cluster has no processor cores to give.", "Start its nodes with --num-cpus.")
        if device == "cuda" and not gpus:
            raise ConfigError("--device cuda: the Ray cluster has no GPU.", "Leave it out, or use --device cpu.")
        count = min(self._workers or gpus or len(cpus), parts)
        share = min(min(cpus), sum(cpus) / count)
        return Share(count, float(int(share)) if share >= 1 else share, min(1.0, gpus / count))


class RayCluster(Cluster):
    """Predicts the parts of a job on a Ray cluster.

    Args:
        address: As for ``Cluster``.
        workers: As for ``Cluster``.
        notes: Called with lines for the user.
    """

    def __init__(self, address: str, workers: int | None, notes: Callable[[Sequence[str]], None]) -> None:
        super().__init__(address, workers)
        self._notes = notes

    def __call__(
        self,
        work: Work,
        form: Format,
        numbers: Sequence[int],
        part: Callable[[int], list[Item]],
        *,
        done: Callable[[int], None],
    ) -> Generator[tuple[int, Done]]:
        """The parts of these numbers as they are done.

        Raises:
            RunError: The cluster cannot be reached, its workers are lost again and again, or they do not see an image.
        """
        if not numbers:
            return
        with self.connected():
            share = self.share(len(numbers), device=work.device)
            self._notes([f"{share.workers} on Ray, {share.text}."])
            yield from Spreading(self.ray, on_shared_disk(work), form, share, self._notes).run(numbers, part, done)


@contextmanager
def _own_folder() -> Iterator[str]:
    """A folder for what a cluster on this machine writes; those of commands that were killed are removed."""
    for old in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        with suppress(OSError), (old / "lock").open("a") as file:
            if take_lock(file):
                shutil.rmtree(old, ignore_errors=True)
    with (
        tempfile.TemporaryDirectory(prefix=FOLDER, ignore_cleanup_errors=True) as folder,
        Path(folder, "lock").open("a") as file,
    ):
        take_lock(file)
        yield folder


def _check_open(address: str) -> None:
    """Connect once: Ray itself would try for two minutes.

    Raises:
        OSError: Nobody listens at the address.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), CONNECT_S).close()


def _say_nothing(ray: Any) -> None:
    """Keep Ray's own lines about lost workers off the standard output; no setting does."""
    module = ray._private.worker
    if hasattr(module, "print_to_stdstream"):
        module.print_to_stdstream = lambda *_, **__: None
