"""What a study plans: study.toml. Everything else in its folder follows from it and from what the trials found."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from foveal.artifact.atomic import write_atomic
from foveal.config.files import damaged, read_plan_file
from foveal.config.schema import RunConfig, merge, parse_config
from foveal.errors import RunError
from foveal.tasks.table import STREAMS, get_stream
from foveal.tune.space.dimension import Space, Value
from foveal.types.goal import Goal

PLAN = "study.toml"
VERSION = 1
BEAT_S = 5.0
"""Seconds between two beats of a lease; one that missed three is taken over."""
SEEDS = 3
TRIALS = 20
MOST_TRIALS = 1000
SEED = 0x7E57
"""Apart from the seeds of runs."""


@dataclass(frozen=True)
class StudyPlan:
    """What a study plans.

    Attributes:
        config: The default's settings, as given.
        task: Of the data set.
        space: What is searched.
        goal: By which trials are compared.
        rungs: Fractions of its own length at which a trial is compared with others; the last is 1.
        epochs: Of the default.
        trials: How many, the default included; with a time budget the most.
        seeds: Runs per setting that confirm the winner.
        time_s: Time budget of all of it; None: none.
        workers: How many work at once, as far as is known.
        beat_s: Seconds between two beats of a lease.
        fingerprint: Of the data set.
        images: In the data set; of a stream its steps.
        versions: Of what computes the results.
    """

    config: RunConfig
    task: str
    space: Space
    goal: Goal
    rungs: tuple[float, ...]
    epochs: int
    trials: int
    seeds: int
    fingerprint: str
    images: int
    versions: Mapping[str, str]
    time_s: float | None = None
    workers: int = 1
    beat_s: float = BEAT_S

    @property
    def on_stream(self) -> bool:
        """Whether the data is a text or a series, not images."""
        return self.task in STREAMS

    @property
    def unit(self) -> str:
        """What ``images`` counts, in the plural."""
        return get_stream(self.task).unit if self.on_stream else "images"

    def configured(self, settings: Mapping[str, Value]) -> RunConfig:
        """The configuration of a run with some settings of its own.

        Raises:
            ConfigError: They do not go together.
        """
        base = self.config.model_dump(exclude_unset=True, exclude_none=True)
        return parse_config(merge(base, nested(settings)), where="a trial")

    def write(self, folder: Path) -> None:
        """Write study.toml.

        Raises:
            RunError: It cannot be written.
        """
        import tomli_w

        values: dict[str, object] = {
            "foveal_study": VERSION,
            "task": self.task,
            "trials": self.trials,
            "seeds": self.seeds,
            "epochs": self.epochs,
            "rungs": list(self.rungs),
            "workers": self.workers,
            "beat_s": self.beat_s,
            **({} if self.time_s is None else {"time_s": self.time_s}),
            "goal": {
                "metric": self.goal.metric,
                "maximize": self.goal.maximize,
                **({} if self.goal.tie_break is None else {"tie_break": self.goal.tie_break}),
            },
            "data": {"fingerprint": self.fingerprint, "images": self.images},
            "versions": dict(self.versions),
            "config": self.config.model_dump(exclude_unset=True, exclude_none=True),
            "space": self.space.to_list(),
        }
        write_atomic(folder / PLAN, tomli_w.dumps(values))

    def changed(self, *, trials: int | None, time_s: float | None, workers: int | None) -> "StudyPlan":
        """The same with what may change when it goes on."""
        return replace(
            self,
            trials=self.trials if trials is None else trials,
            time_s=self.time_s if time_s is None else time_s,
            workers=self.workers if workers is None else workers,
        )


def read_plan(folder: Path) -> StudyPlan:
    """Read study.toml.

    Raises:
        RunError: The folder is not a study, or the file is damaged.
        ConfigError: A setting in it is unknown or out of its bounds.
    """
    file = folder / PLAN
    values = read_plan_file(file)
    if values is None:
        raise RunError(f"{folder}: not a study (no {PLAN}).", "Name a folder that `foveal tune` made.")
    if values.get("foveal_study") != VERSION:
        found = values.get("foveal_study")
        raise RunError(f"{file}: its version is {found}; this Foveal reads {VERSION}.", "Begin again with --out.")
    try:
        goal, data = values["goal"], values["data"]
        return StudyPlan(
            config=parse_config(values["config"], where=str(file)),
            task=str(values["task"]),
            space=Space.of(values["space"], str(file)),
            goal=Goal(goal["metric"], goal["maximize"], goal.get("tie_break")),
            rungs=tuple(map(float, values["rungs"])),
            epochs=int(values["epochs"]),
            trials=int(values["trials"]),
            seeds=int(values["seeds"]),
            fingerprint=str(data["fingerprint"]),
            images=int(data["images"]),
            versions=dict(values["versions"]),
            time_s=values.get("time_s"),
            workers=int(values["workers"]),
            beat_s=float(values["beat_s"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(file, error) from None


def nested(settings: Mapping[str, Value]) -> dict[str, object]:
    """Dotted keys as sections."""
    found: dict[str, object] = {}
    for key, value in settings.items():
        *sections, name = key.split(".")
        inner: dict[str, object] = {name: value}
        for section in reversed(sections):
            inner = {section: inner}
        found = merge(found, inner)
    return found
