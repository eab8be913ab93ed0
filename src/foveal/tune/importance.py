"""Which settings mattered, where there are enough trials to tell: from ten trials such a plot shows chance."""

from collections.abc import Sequence

import numpy as np

from foveal.report.study import Importance
from foveal.tune.study.folder import Study
from foveal.tune.study.trial import Trial, ranked

LEAST, LEAST_PER_SETTING = 30, 6
"""Trials without which nothing is shown."""
EXPLAINED = 0.3
"""Share of the variance of trials that were held out, below which nothing is shown."""
REPEATS = 20


def importance(study: Study, trials: Sequence[Trial]) -> tuple[list[Importance], str]:
    """How much each setting explains of how trials rank at the first rung, and what that rests on.

    By a random forest, whose guess of trials that a tree had not seen gets worse when a setting is permuted (Breiman
    2001).
    """
    space, goal = study.plan.space, study.plan.goal
    there = ranked(trials, goal, study.plan.rungs[0])
    rows, ranks = [], []
    for rank, trial in enumerate(there):
        values = [trial.value(one.key) for one in space.dimensions]
        shares = [
            None if value is None else one.share(value) for one, value in zip(space.dimensions, values, strict=True)
        ]
        if None not in shares:
            rows.append(shares)
            ranks.append(-float(rank))
    least = max(LEAST, LEAST_PER_SETTING * len(space))
    if len(rows) < least or len(space) < 2:
        return [], f"Which settings mattered is not shown: {len(rows)} trials are too few to tell ({least} are enough)."
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance

    x, y = np.array(rows, np.float64), np.array(ranks)
    forest = RandomForestRegressor(200, min_samples_leaf=3, oob_score=True, random_state=0).fit(x, y)
    if forest.oob_score_ < EXPLAINED:
        return [], "Which settings mattered is not shown: they explain too little of how trials rank."
    lost = permutation_importance(forest, x, y, n_repeats=REPEATS, random_state=0).importances_mean.clip(0)
    shares_of = lost / max(float(lost.sum()), 1e-12)
    found = [Importance(one.key, float(share)) for one, share in zip(space.dimensions, shares_of, strict=True)]
    note = (
        f"Of {len(rows)} trials at the first rung; together the settings explain {forest.oob_score_:.0%} of the ranks."
    )
    return sorted(found, key=lambda one: -one.share), note
