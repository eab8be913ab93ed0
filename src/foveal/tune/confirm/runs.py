"""The runs that confirm: a cross-validation of each candidate and of the default, on a split and seeds of their own."""

import secrets
import shutil
from collections.abc import Sequence

from foveal.config.schema import RunConfig, parse_config
from foveal.runs.several.plan import SeveralRuns, write_plan
from foveal.runs.streams.resolve import with_defaults
from foveal.tune.confirm import blocks
from foveal.tune.study.folder import CONFIRM, Study
from foveal.tune.study.plan import SEED
from foveal.tune.study.trial import Trial, shortened
from foveal.types.seeds import derive

MOST_CANDIDATES = 2


def fresh_seed(study: Study) -> int:
    """A seed that no trial has used."""
    return derive(study.plan.config.seed, SEED, 1) % 2**31


def several(study: Study, trial: Trial, seeds: int) -> SeveralRuns:
    """The folds of a trial's settings."""
    config = study.plan.configured(trial.settings)
    values = config.model_dump(exclude_unset=True, exclude_none=True)
    values["seed"] = fresh_seed(study)
    data = {key: value for key, value in values["data"].items() if key not in ("val_fraction", "folds", "fold")}
    values["data"] = {**data, "split_seed": fresh_seed(study)}
    return SeveralRuns("folds", seeds, parse_config(values, where="a trial"))


def member(study: Study, trial: Trial, seeds: int, place: int) -> RunConfig:
    """The settings of one of the runs: each has a seed of its own, the same for all candidates."""
    if study.plan.on_stream:
        return on_block(study, trial, seeds, place)
    config = several(study, trial, seeds).member(place, time_s=None)
    return config.model_copy(update={"seed": fresh_seed(study) + place})


def on_block(study: Study, trial: Trial, seeds: int, place: int) -> RunConfig:
    """The same on a stream."""
    config = study.plan.configured(trial.settings)
    values = config.model_dump(exclude_unset=True, exclude_none=True)
    values["seed"] = fresh_seed(study) + place
    values["data"] = {**values["data"], **blocks.held_out(with_defaults(config, study.plan.task), seeds, place)}
    return parse_config(values, where="a trial")


def begin(study: Study, trial: Trial, seeds: int) -> None:
    """Make the folder of a trial's confirmation, which `foveal compare` takes whole when it is complete."""
    place = study.confirming(trial.number)
    if not place.exists():
        _make(study, trial, seeds)
    for k in range(seeds):  # one may have been removed
        (place / f"fold-{k + 1}").mkdir(exist_ok=True)


def _make(study: Study, trial: Trial, seeds: int) -> None:
    place = study.confirming(trial.number)
    place.parent.mkdir(exist_ok=True)
    draft = place.parent / f".{place.name}.{secrets.token_hex(8)}.tmp"
    if study.plan.on_stream:
        draft.mkdir()
    else:
        write_plan(draft, several(study, trial, seeds))
    for k in range(seeds):
        (draft / f"fold-{k + 1}").mkdir()
    try:
        draft.rename(place)
    except OSError:  # another process was faster
        shutil.rmtree(draft, ignore_errors=True)


def order(candidates: Sequence[int], seeds: int) -> list[tuple[int, int]]:
    """Trial and fold of each run: fold by fold, so that pairs are complete early."""
    return [(number, place) for place in range(seeds) for number in (0, *candidates)]


def forget(study: Study) -> None:
    """Forget what was decided, so that a study can go on with further trials."""
    fit = shortened(study.trials())
    if fit is not None:
        shutil.rmtree(fit.folder, ignore_errors=True)
    for name in ("candidates.json", "decision.json"):
        (study.folder / name).unlink(missing_ok=True)
    shutil.rmtree(study.folder / CONFIRM, ignore_errors=True)
    shutil.rmtree(study.model, ignore_errors=True)
