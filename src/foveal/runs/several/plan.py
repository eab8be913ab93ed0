"""A folder of several runs: folds of a cross-validation, or seeds. What it plans stands in runs.toml."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from foveal.artifact.atomic import make_folder, write_atomic
from foveal.config.files import damaged, read_plan_file
from foveal.config.schema import RunConfig, parse_config
from foveal.errors import RunError
from foveal.inference.load import SEVERAL as PLAN

Kind = Literal["folds", "seeds"]
NAMES: dict[Kind, str] = {"folds": "fold", "seeds": "seed"}
MOST = 100
"""Runs in a folder."""


@dataclass(frozen=True)
class SeveralRuns:
    """What a folder of several runs plans.

    Attributes:
        kind: What the runs differ in.
        number: How many runs.
        config: Of all of them, as given.
        time_s: Time budget of all of them together; None: none.
    """

    kind: Kind
    number: int
    config: RunConfig
    time_s: float | None = None

    def names(self) -> list[str]:
        """``fold-1``, ``fold-2`` ...; seeds by their number, such as ``seed-0``."""
        first = 1 if self.kind == "folds" else self.config.seed
        return [f"{NAMES[self.kind]}-{first + k}" for k in range(self.number)]

    def folders(self, parent: Path) -> list[Path]:
        """Where the runs are."""
        return [parent / name for name in self.names()]

    def member(self, place: int, *, time_s: float | None) -> RunConfig:
        """The settings of one run, from 0 on: all share the split's seed, and seeds the split itself."""
        seed = self.config.seed
        data: dict[str, object] = {
            "split_seed": seed if self.config.data.split_seed is None else self.config.data.split_seed
        }
        if self.kind == "folds":
            data |= {"folds": self.number, "fold": place + 1}
        else:
            seed += place
        return self.config.model_copy(
            update={
                "seed": seed,
                "data": self.config.data.model_copy(update=data),
                "train": self.config.train.model_copy(update={"time_s": time_s}),
            }
        )


def write_plan(folder: Path, plan: SeveralRuns) -> None:
    """Begin such a folder.

    Raises:
        RunError: It exists and is not empty, or cannot be written.
    """
    import tomli_w

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder} already exists.", "Resume it (--resume), or choose another folder with --out.")
    make_folder(folder)
    values: dict[str, object] = {"kind": plan.kind, "number": plan.number}
    if plan.time_s is not None:
        values["time_s"] = plan.time_s
    values["config"] = plan.config.model_dump(exclude_unset=True, exclude_none=True)
    write_atomic(folder / PLAN, tomli_w.dumps(values))


def read_plan(folder: Path) -> SeveralRuns | None:
    """What a folder plans; None: it is not one of several runs.

    Raises:
        RunError: Its runs.toml is damaged.
        ConfigError: A setting in it is unknown or out of its bounds.
    """
    file = folder / PLAN
    values = read_plan_file(file)
    if values is None:
        return None
    kind, number, time_s = values.get("kind"), values.get("number"), values.get("time_s")
    if (
        not isinstance(number, int)
        or not 2 <= number <= MOST
        or kind not in NAMES
        or not isinstance(time_s, int | float | None)
    ):
        raise damaged(file, "kind, number or time_s")
    return SeveralRuns(kind, number, parse_config(values.get("config", {}), where=str(file)), time_s)
