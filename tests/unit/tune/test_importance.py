from dataclasses import replace
from pathlib import Path

import numpy as np
from tests.unit.tune.search.test_budget import PLAN

from foveal.tune.importance import importance
from foveal.tune.space.dimension import Range, Space
from foveal.tune.study.folder import Study
from foveal.tune.study.trial import Trial

SPACE = Space(tuple(Range(key, 0.0, 1.0) for key in ("optim.lr", "optim.weight_decay", "optim.momentum")))


def study(count: int, *, chance: float) -> tuple[Study, list[Trial]]:
    """Trials whose score the first setting decides, and chance."""
    rng, trials = np.random.default_rng(0), []
    for number in range(count):
        settings = {one.key: float(rng.random()) for one in SPACE.dimensions}
        score = 0.9 - (settings["optim.lr"] - 0.3) ** 2 + rng.normal(0, chance)
        rows = [{"epoch": 1.0, "accuracy": score}]
        config = {"train": {"epochs": 9}}
        trials.append(Trial(number, Path(), settings, "sobol", rows, config, False, None, None, 1.0))
    return Study(Path(), replace(PLAN, space=SPACE)), trials


def test_what_mattered_is_shown_where_it_can_be_told() -> None:
    shares, note = importance(*study(60, chance=0.01))
    assert shares[0].name == "optim.lr" and shares[0].share > 0.7 and "Of 60 trials" in note


def test_chance_is_not_shown() -> None:
    assert importance(*study(60, chance=5.0)) == (
        [], "Which settings mattered is not shown: they explain too little of how trials rank."
    )  # fmt: skip
    shares, note = importance(*study(12, chance=0.01))
    assert not shares and "12 trials are too few to tell (30 are enough)" in note
