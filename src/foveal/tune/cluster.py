"""The workers of a study on a Ray cluster. They share nothing but the study's folder and the data set."""

from pathlib import Path
from typing import Any

from foveal.errors import FovealError, RunError
from foveal.jobs.cluster.connection import Cluster
from foveal.tune.study.folder import Study, open_study

MOST_LOST = 20
"""Workers that may be lost on the way."""
MOST_PARTS = 256


def work_on_cluster(study: Study, address: str, workers: int | None) -> None:
    """Work on a study until it is over; a worker that is lost is replaced.

    Raises:
        MissingExtraError: Ray is not installed.
        RunError: The cluster cannot be reached, loses its workers, or does not see the study.
        FovealError: As a worker met it.
    """
    cluster = Cluster(address, workers, action="tune with --ray")
    with cluster.connected():
        share = cluster.share(MOST_PARTS, device=study.plan.config.runtime.device)
        work = cluster.ray.remote(work_on).options(num_cpus=share.cpus, num_gpus=share.gpus, max_retries=0)
        folder = str(study.folder.resolve())
        running: list[Any] = [work.remote(folder, share.cpus) for _ in range(share.count)]
        lost = 0
        while running:
            ready, running = cluster.ray.wait(running, num_returns=1)
            for one in ready:
                if not _is_over(cluster.ray, one):
                    lost += 1
                    if lost > MOST_LOST:
                        raise RunError(f"{lost} workers were lost.", "There may be too little memory: fewer --workers.")
                    running.append(work.remote(folder, share.cpus))


def work_on(folder: str, cpus: float) -> None:
    """What a worker does.

    Raises:
        RunError: It does not see the study.
    """
    import os

    from foveal.ops.machine import CORES
    from foveal.ops.quiet import quiet
    from foveal.tune.worker import Worker

    os.environ[CORES] = str(max(1, int(cpus)))
    if not Path(folder).is_dir():
        raise RunError(f"A worker does not see {folder}.", "Share the study with all machines under the same path.")
    with quiet():
        Worker(open_study(Path(folder))).work()


def _is_over(ray: Any, one: Any) -> bool:
    """Whether a worker has ended; False: it was lost.

    Raises:
        FovealError: What the worker raised.
    """
    try:
        ray.get(one)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, FovealError):
            raise error.cause from None
        raise
    except ray.exceptions.RayError:
        return False
    return True
