"""``foveal predict --out``: a table of any number of images."""

import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from foveal.cli.screens import print_notes
from foveal.cli.terminal import Bar
from foveal.data.notes import plural
from foveal.engine.logs.log import duration
from foveal.errors import ConfigError
from foveal.inference.outputs import Outputs
from foveal.jobs.cluster.connection import RayCluster
from foveal.jobs.folder import Finished
from foveal.jobs.run import Told, run_table_job
from foveal.jobs.work import Work

LINE_EVERY_S = 30.0
"""Where there is no terminal, a line tells how far the job is."""
WINDOW_S = 60.0
"""The rate is that of the last minute."""
SAMPLE_S = 0.5


@dataclass(frozen=True)
class TableRequest:
    """The options of ``--out``.

    Attributes:
        out: The table; None: none is wanted.
        fresh: Whether to begin anew.
        ray: Address of a Ray cluster, or ``local``; None: no cluster.
        workers: How many workers on it; None: as many as fit.
    """

    out: Path | None = None
    fresh: bool = False
    ray: str | None = None
    workers: int | None = None

    @property
    def wanted(self) -> bool:
        """Whether a table is asked for.

        Raises:
            ConfigError: An option has a use only with another one.
        """
        for option, given in (("--fresh", self.fresh), ("--ray", self.ray), ("--workers", self.workers)):
            if given and self.out is None:
                raise ConfigError(f"{option} is for a table.", "Name it: --out results.parquet")
        if self.workers is not None:
            if self.ray is None:
                raise ConfigError("--workers is for a Ray cluster.", "Add --ray, or leave out --workers.")
            if self.workers < 1:
                raise ConfigError(f"--workers {self.workers} is not possible.", "Use --workers 1 or more.")
        return self.out is not None

    def refuse_with(self, outputs: Outputs, *, json: bool) -> None:
        """Refuse further outputs: they could not be gone on with.

        Raises:
            ConfigError: One is asked for.
        """
        folders = {"--save": outputs.save, "--masks": outputs.masks, "--crops": outputs.crops}
        places = {"--csv": outputs.csv, "--coco": outputs.coco, "--coco-ids": outputs.coco_ids, **folders}
        given = [option for option, place in places.items() if place is not None]
        for option in [*given, *(["--json"] if json else [])]:
            raise ConfigError(f"--out and {option} do not go together.", f"Run a command of its own for {option}.")


def predict_into_table(work: Work, names: Sequence[str], request: TableRequest) -> int:
    """Run the job and print what it has written.

    Returns:
        The exit code: 1 if no image could be read.
    """
    assert request.out is not None, "a table is wanted"
    with JobProgress() as progress:
        told = Told(progress, print_notes)
        spread = None if request.ray is None else RayCluster(request.ray, request.workers, print_notes)
        finished = run_table_job(work, names, request.out, told=told, fresh=request.fresh, spread=spread)
    _screen(finished)
    return 0 if finished.rows else 1


def _screen(finished: Finished) -> None:
    console = Console(soft_wrap=True)
    console.print(Text(f"  table  {finished.table}  ({plural(finished.rows, 'image')})"))
    if finished.bad is not None:
        console.print(Text(f"  bad    {finished.bad}  ({plural(finished.num_bad, 'image')} unreadable)", "yellow"))


class JobProgress:
    """How far a job is, its rate and the time left: a bar on a terminal, elsewhere a line now and then."""

    def __init__(self) -> None:
        self._bar = Bar()
        self._samples: deque[tuple[float, int]] = deque()
        self._stage = ""
        self._told_s = 0.0

    def __enter__(self) -> "JobProgress":
        self._bar.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.__exit__(*error)

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """See ``types.progress``."""
        now = time.monotonic()
        if what != self._stage:
            self._stage, self._told_s = what, now
            self._samples.clear()
        if not self._samples or now - self._samples[-1][0] >= SAMPLE_S or done == total:
            self._samples.append((now, done))
            while now - self._samples[0][0] > WINDOW_S and len(self._samples) > 2:
                self._samples.popleft()
        rate = self.rate
        if self._bar.shown:
            self._bar(what, done, total, beside=f"  {_per_second(rate)}" if rate else "")
        elif now - self._told_s >= LINE_EVERY_S and (total or done):
            self._told_s = now
            of = "" if total is None else f" of {total:,}"
            left = f", {duration((total - done) / rate)} left" if total is not None and rate else ""
            print(f"{what}: {done:,}{of}{f', {_per_second(rate)}' if rate else ''}{left}", file=sys.stderr, flush=True)

    @property
    def rate(self) -> float:
        """Images per second of the last minute; 0: not known yet."""
        (first, before), (last, after) = self._samples[0], self._samples[-1]
        return (after - before) / (last - first) if last > first else 0.0


def _per_second(rate: float) -> str:
    return f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s"
