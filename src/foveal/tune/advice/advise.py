"""``foveal tune --advise``: what would help most, more images or one change, by ordinary runs in one folder.

The folder is the truth: advice.toml has the plan, a run is complete when its own files say so, and a command that was
killed goes on where it was.
"""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from foveal.artifact.free import first_free, stem_of
from foveal.config.schema import RunConfig, merge, parse_config
from foveal.data.catalog.looks import looks_kept_in
from foveal.data.outside import check_outside
from foveal.errors import ConfigError
from foveal.ops.quiet import quiet
from foveal.runs.data import looks_folder
from foveal.runs.identity import anchored
from foveal.tune.advice.advice import Advice
from foveal.tune.advice.going import Asked, Going
from foveal.tune.advice.plan import MOST_SEEDS, AdvicePlan, check_free, read_advice_plan, write_advice_plan
from foveal.tune.finders.find_batch import check_image_run
from foveal.types.progress import Progress, silent

SEEDS = 3


@quiet()
def advise(
    data: str | Path = "",
    *,
    recipe: str | None = None,
    settings: Sequence[Mapping[str, object]] = (),
    time_s: float | None = None,
    seeds: int | None = None,
    out: Path | None = None,
    resume: Path | None = None,
    progress: Progress = silent,
    began: float | None = None,
) -> Advice:
    """Train on parts of the images and with one change at a time, and sum up what helps.

    Args:
        data: As for ``train``; not needed to resume.
        recipe: As for ``train``.
        settings: As for ``train``.
        time_s: Seconds for all of it; None: as it needs. When resumed, the time that was given then is used unless
            this is; what was spent before counts.
        seeds: Runs per part and per change; None: 3.
        out: The folder; by default ``tune/NAME-advice``, numbered if that exists.
        resume: A folder of advice to go on with.
        progress: Called as the work goes on.
        began: When the command began, by ``time.monotonic``; by default now.

    Raises:
        FovealError: Bad data, settings or folder, or less time than a run takes; the message says how long one takes.
    """
    began = time.monotonic() if began is None else began
    if resume is not None:
        if data or recipe is not None or merge({}, *settings) or seeds is not None:
            raise ConfigError("--resume knows what was planned.", "Leave out the data and all settings but --time.")
        plan, folder = read_advice_plan(resume), resume
        plan = AdvicePlan(plan.config, plan.seeds, plan.time_s if time_s is None else time_s)
        given = json.loads(plan.config.model_dump_json(exclude_unset=True, exclude_none=True))
    else:
        given = merge({}, *settings)
        config = check_image_run(data, recipe, [given], what="--advise is")
        refuse(config, given)
        folder = out or free_folder_of_advice(data)
        check_outside(folder, Path(data))
        check_free(folder)
        if seeds is not None and not 1 <= seeds <= MOST_SEEDS:
            raise ConfigError(f"--seeds {seeds} is not between 1 and {MOST_SEEDS}.", f"Use {SEEDS}.")
        plan = AdvicePlan(_given_alone(anchored(config)), SEEDS if seeds is None else seeds, time_s)
    with looks_kept_in(looks_folder(plan.config)):
        asked = Asked(str(data) or plan.config.data.path, recipe, given)
        going = Going(folder, plan, asked, progress, began)
        going.open(fresh=resume is None)
        if resume is None:
            write_advice_plan(folder, plan)
        return going.go()


def free_folder_of_advice(data: str | Path) -> Path:
    """``tune/NAME-advice``, numbered if that exists."""
    return first_free(Path("tune") / f"{stem_of(Path(data)) or 'data'}-advice")


def refuse(config: RunConfig, given: Mapping[str, object]) -> None:
    """Check that the settings leave open what is tried.

    Raises:
        ConfigError: They do not.
    """
    train = given.get("train")
    if config.data.folds:
        raise ConfigError("--advise holds out one split.", "Leave out --data.folds and --data.fold.")
    if isinstance(train, Mapping) and "time_s" in train:
        raise ConfigError("A run of --advise has as many epochs as it needs.", "Leave out --train.time-s; use --time.")


def _given_alone(config: RunConfig) -> RunConfig:
    """The same settings, of which only those that were given count as given."""
    values = json.loads(config.model_dump_json(exclude_unset=True, exclude_none=True))
    return parse_config(values, where="the command line")
