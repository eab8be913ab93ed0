"""The workers of a study: this process, several on this machine, or those of a Ray cluster."""

import multiprocessing
import os
import signal
import sys
import time
from multiprocessing.process import BaseProcess

from foveal.errors import ConfigError, FovealError, RunError
from foveal.ops.machine import CORES, num_cores
from foveal.ops.quiet import quiet
from foveal.process import INTERRUPTED
from foveal.tune.study.folder import Study

MOST = 256
MOST_LOST = 20
"""Workers that may be lost on the way."""
POLL_S = 0.2
FAILED = 2
GPUS = "CUDA_VISIBLE_DEVICES"


class Workers:
    """Starts workers and waits for them.

    Args:
        count: How many; None: one, or of a cluster one per GPU or machine.
        ray: Address of a Ray cluster, or ``local``; None: this machine.

    Raises:
        ConfigError: The number is out of bounds.
    """

    def __init__(self, count: int | None, *, ray: str | None = None) -> None:
        if count is not None and not 1 <= count <= MOST:
            raise ConfigError(f"--workers {count} is not between 1 and {MOST}.", "One per GPU, or per few cores.")
        self.count, self.ray = count, ray

    def work(self, study: Study, before_s: float) -> None:
        """Work on a study until it is over.

        Raises:
            FovealError: As a worker met it.
        """
        if self.ray is not None:
            from foveal.tune.cluster import work_on_cluster

            work_on_cluster(study, self.ray, self.count)
        elif (self.count or 1) == 1:
            from foveal.tune.worker import Worker

            Worker(study, before_s=before_s).work()
        else:
            self._here(study, before_s)

    def _here(self, study: Study, before_s: float) -> None:
        """Several processes; one that is lost is replaced."""
        count = self.count or 1
        context, lost = multiprocessing.get_context("spawn"), 0
        ends, shares = context.Queue(), [environment_of(k, count) for k in range(count)]
        running: dict[BaseProcess, int] = {}
        starts = list(range(count))
        try:
            while starts or running:
                for place in starts:
                    process = context.Process(target=_work, args=(study, before_s, shares[place], ends))
                    process.start()
                    running[process] = place
                starts = []
                time.sleep(POLL_S)
                for one in [one for one in running if not one.is_alive()]:
                    place = running.pop(one)
                    if one.exitcode == 0:
                        continue
                    if one.exitcode == FAILED:
                        raise ends.get(timeout=5)
                    lost += 1
                    if lost > MOST_LOST:
                        raise RunError(f"{lost} workers were lost.", "There may be too little memory: fewer --workers.")
                    starts.append(place)
        finally:
            for one in running:
                one.terminate()
            for one in running:
                one.join()


def environment_of(place: int, count: int) -> dict[str, str]:
    """A worker's share of this machine: processor cores, and one of several GPUs."""
    import torch

    share = {CORES: str(max(1, num_cores() // count))}
    gpus = [one for one in os.environ.get(GPUS, "").split(",") if one]
    gpus = gpus or [str(k) for k in range(torch.cuda.device_count())]
    return share if len(gpus) < 2 else {**share, GPUS: gpus[place % len(gpus)]}


def _work(study: Study, before_s: float, share: dict[str, str], ends: "multiprocessing.Queue[FovealError]") -> None:
    """What a process does."""
    os.environ.update(share)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command that began them ends them
    signal.signal(signal.SIGTERM, _interrupt)
    with quiet():
        from foveal.tune.worker import Worker

        try:
            Worker(study, before_s=before_s).work()
        except FovealError as error:
            ends.put(error)
            ends.close()
            ends.join_thread()
            sys.exit(FAILED)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
