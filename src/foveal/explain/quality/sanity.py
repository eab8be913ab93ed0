"""The sanity check: maps of a model with shuffled weights must not look like those of the model.

A method that draws edges gives the same map whatever the model has learnt, and looks convincing. No torch but in
``randomise``.

Shapes: h w of a map.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from foveal.brief import brief
from foveal.explain.case import Case, Effort
from foveal.explain.explain import evidence_of
from foveal.explain.masks import rank_correlation
from foveal.explain.quality.measured import Measured, share
from foveal.explain.quality.mosaic import Game, Mosaic, play
from foveal.explain.quality.sample import Sample
from foveal.inference.predictor import Predictor
from foveal.types.arrays import FloatArray
from foveal.types.progress import Progress, silent

PARTS = ("head", "network")
MOST_ALIKE = 0.4
"""Mean size of the rank correlation that its interval may not lie above: maps of unrelated weights have 0.2 to 0.4, the
more the fewer classes there are."""
MOST_OVER_CHANCE = 1.6
"""Maxima in the right image, as a multiple of chance, above which shuffled weights know too much."""
FLAT = 1e-6
"""A map whose values differ by less than this part of the largest is constant."""
IMAGES_FOR_STATISTICS = 64


@dataclass(frozen=True)
class Check:
    """What the maps of a model with shuffled weights are like.

    Attributes:
        rank_correlation: The mean size of Spearman's correlation with the maps of the model.
        game: ``grid_energy`` and ``grid_pointing`` of them; empty: the grid game was not played.
        passed: Whether they are as unlike as they must be.
    """

    rank_correlation: Measured
    game: Mapping[str, Measured]
    passed: bool

    __repr__ = brief

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        own: dict[str, object] = {"rank_correlation": self.rank_correlation.to_dict()}
        own |= {name: one.to_dict() for name, one in self.game.items()}
        return {**own, "passed": self.passed}


def check_grid(
    predictor: Predictor, boards: Sequence[Mosaic], game: Game, method: str, effort: Effort, progress: Progress = silent
) -> dict[str, Check]:
    """Play the grid game again with shuffled weights.

    Args:
        predictor: The model, in torch.
        boards: The mosaics.
        game: What the model's own maps gave.
        method: The method.
        effort: Its seed is that of the shuffling too.
        progress: Told how far it is.
    """
    from foveal.explain.quality.randomise import randomised

    found, images = {}, [one.prepared for one in boards][:IMAGES_FOR_STATISTICS]
    for part in PARTS:
        other = randomised(predictor, "head" if part == "head" else "network", images, seed=effort.seed)
        again = play(other, boards, method, effort, doing=f"sanity: random {part}", progress=progress)
        found[f"random_{part}"] = compared(game.grids, again.grids, game.units, effort.seed, again)
    return found


def check_samples(
    predictor: Predictor, samples: Sequence[Sample], method: str, effort: Effort, progress: Progress = silent
) -> dict[str, Check]:
    """The same for objects and regions: their maps on the images themselves."""
    from foveal.explain.quality.randomise import randomised

    def maps(model: Predictor, doing: str) -> tuple[list[FloatArray], list[int]]:
        grids, units = list[FloatArray](), list[int]()
        for number, sample in enumerate(samples):
            progress(doing, number, len(samples))
            case = Case(model, sample.prepared)
            for one in evidence_of(case, sample.subjects, method, effort):
                grids.append(one.grid)
                units.append(number)
        return grids, units

    grids, units = maps(predictor, "sanity")
    found, images = {}, [one.prepared for one in samples][:IMAGES_FOR_STATISTICS]
    for part in PARTS:
        other = randomised(predictor, "head" if part == "head" else "network", images, seed=effort.seed)
        again, _ = maps(other, f"sanity: random {part}")
        found[f"random_{part}"] = compared(grids, again, units, effort.seed, None)
    return found


def compared(
    ours: Sequence[FloatArray], others: Sequence[FloatArray], units: Sequence[int], seed: int, game: Game | None
) -> Check:
    """Compare maps of the model with those of shuffled weights."""
    alike = [abs(correlation(a, b)) for a, b in zip(ours, others, strict=True)]
    measured = share(alike, units, seed=seed)
    played = game.measures(seed) if game is not None else {}
    passed = measured.low <= MOST_ALIKE
    if played:
        pointing = played["grid_pointing"]
        passed = passed and pointing.low <= MOST_OVER_CHANCE * pointing.beside["chance"]
    return Check(measured, played, passed)


def correlation(a: FloatArray, b: FloatArray) -> float:
    """Spearman's over the places that either map uses: elsewhere both are 0 whatever the weights are.

    1 where both are constant: such maps do not depend on the weights; 0 where one is.
    """
    used = (a != 0) | (b != 0)
    first, second = (m[used].astype(np.float64) for m in (a, b))
    flat = [not len(m) or float(np.ptp(m)) <= FLAT * float(np.abs(m).max()) for m in (first, second)]
    return float(all(flat)) if any(flat) else rank_correlation(first, second)
