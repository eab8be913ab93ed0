"""What an advice tries: runs on parts of the images, and runs with one change; it stands in advice.toml. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foveal.artifact.atomic import make_folder, write_atomic
from foveal.config.files import damaged, read_plan_file
from foveal.config.schema import RunConfig, merge, parse_config
from foveal.errors import RunError
from foveal.tune.advice.changes import Change

PLAN = "advice.toml"
PARTS: Mapping[str, float] = {"eighth": 1 / 8, "quarter": 1 / 4, "half": 1 / 2, "all": 1.0}
"""Parts of the training images, by the names of their runs' folders."""
MOST_SEEDS = 20


@dataclass(frozen=True)
class Spec:
    """One run.

    Attributes:
        name: Of its folder.
        part: One of PARTS.
        change: What it changes; None: nothing.
        seed: Its seed, which also draws the part.
    """

    name: str
    part: str
    change: Change | None
    seed: int

    @property
    def kind(self) -> str:
        """What it shares with the runs of other seeds."""
        return self.part if self.change is None else self.change.name


@dataclass(frozen=True)
class AdvicePlan:
    """What a folder of advice plans.

    Attributes:
        config: Of all runs, as given.
        seeds: Runs per part and per change.
        time_s: Time limit of all of it; None: none.
    """

    config: RunConfig
    seeds: int
    time_s: float | None = None

    def specs(self, changes: Sequence[Change]) -> list[Spec]:
        """The parts of all seeds, then the changes, so that what time cuts off is the least needed."""
        seeds = [self.config.seed + k for k in range(self.seeds)]
        parts = [Spec(f"{part}-seed-{seed}", part, None, seed) for seed in seeds for part in PARTS]
        changed = [Spec(f"{one.name}-seed-{seed}", "all", one, seed) for seed in seeds for one in changes]
        return [*parts, *changed]

    def member(self, spec: Spec) -> RunConfig:
        """The settings of a run: all share one split."""
        given = self.config.model_dump(exclude_unset=True, exclude_none=True)
        split = self.config.seed if self.config.data.split_seed is None else self.config.data.split_seed
        own: dict[str, object] = {
            "seed": spec.seed,
            "data": {"split_seed": split, "train_fraction": PARTS[spec.part] * self.config.data.train_fraction},
        }
        return parse_config(merge(given, own, {} if spec.change is None else spec.change.settings), where="advice")


def check_free(folder: Path) -> None:
    """Check that there is nothing in a folder.

    Raises:
        RunError: There is.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder} already exists.", "Resume it (--resume), or choose another folder with --out.")


def write_advice_plan(folder: Path, plan: AdvicePlan) -> None:
    """Begin such a folder.

    Raises:
        RunError: It exists and is not empty, or cannot be written.
    """
    import tomli_w

    check_free(folder)
    make_folder(folder)
    values: dict[str, object] = {"seeds": plan.seeds}
    if plan.time_s is not None:
        values["time_s"] = plan.time_s
    values["config"] = plan.config.model_dump(exclude_unset=True, exclude_none=True)
    write_atomic(folder / PLAN, tomli_w.dumps(values))


def read_advice_plan(folder: Path) -> AdvicePlan:
    """What a folder plans.

    Raises:
        RunError: It is none, or its file is damaged.
        ConfigError: A setting in it is unknown or out of its bounds.
    """
    file = folder / PLAN
    values = read_plan_file(file)
    if values is None:
        raise RunError(f"{folder}: not a folder of advice (no {PLAN}).", "Name one that --advise made.")
    seeds, time_s = values.get("seeds"), values.get("time_s")
    if not isinstance(seeds, int) or not 1 <= seeds <= MOST_SEEDS or not isinstance(time_s, int | float | None):
        raise damaged(file, "seeds or time_s")
    return AdvicePlan(parse_config(values.get("config", {}), where=str(file)), seeds, time_s)
