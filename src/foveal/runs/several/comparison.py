"""Two or more models of one task on the images that they have in common: differences and decisions. No torch."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import orjson

from foveal.brief import brief
from foveal.data.notes import listed, plural
from foveal.errors import ConfigError
from foveal.metrics.contract import Better, Verdict
from foveal.metrics.paired.difference import ALPHA, RESAMPLES, Difference, Side, difference_of, holm, side_of
from foveal.metrics.paired.over_folds import over_folds
from foveal.report.wording import setting
from foveal.runs.several.common import Common, in_common
from foveal.runs.several.settings import SEEDS, UNTOLD, different
from foveal.runs.several.sides import Given
from foveal.types.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Pair:
    """Two sides in one metric.

    Attributes:
        a: Place of the first side.
        b: Place of the second.
        difference: What was found.
        adjusted: The p-value, adjusted for all pairs (Holm).
        decision: In words.
    """

    a: int
    b: int
    difference: Difference
    adjusted: float
    decision: str


@dataclass(frozen=True, repr=False)
class Comparison:
    """Two or more models on the same images.

    Attributes:
        sides: As they were named.
        common: The images.
        metric: The one that decides.
        better: Whether more or less is better, for each metric.
        values: By metric, each side's value; of several seeds the mean.
        spreads: By metric, each side's standard deviation over its seeds; NaN for one.
        pairs: Every two sides in ``metric``.
        others: Every two sides in every metric, without a decision.
        per_class: By class, then by column, each side's value.
        settings: Those that differ: key, and each side's value in words.
        by_image: (sides, N) how well each image is predicted.
        notes: What a reader should know.
        margin: The largest difference that does not matter; None: not given.
    """

    sides: Sequence[Given]
    common: Common
    metric: str
    better: Mapping[str, Better]
    values: Mapping[str, Sequence[float]]
    spreads: Mapping[str, Sequence[float]]
    pairs: Sequence[Pair]
    others: Sequence[tuple[int, int, Difference]]
    per_class: Mapping[str, Mapping[str, Sequence[float]]]
    settings: Sequence[tuple[str, Sequence[str]]]
    by_image: FloatArray
    notes: Sequence[str]
    margin: float | None = None

    __repr__ = brief

    @property
    def names(self) -> list[str]:
        """Of the sides."""
        return [side.name for side in self.sides]


def compared(given: Sequence[Given], *, metric: str = "", margin: float | None = None, seed: int = 0) -> Comparison:
    """Compare sides on the images that they have in common.

    Args:
        given: The sides.
        metric: The one that decides; empty: the task's own.
        margin: The largest difference that does not matter; None: not given.
        seed: For the resampling.

    Raises:
        DataError: They cannot be compared, see ``in_common``.
        ConfigError: There is no such metric.
    """
    common = in_common(given)
    scored = [evaluated(side, places) for side, places in zip(given, common.places, strict=True)]
    num_resamples = min(RESAMPLES, *(one.most_resamples() for side in scored for one in side))
    resampled = [side_of(one, num_resamples=num_resamples, seed=seed, groups=common.groups) for one in scored]
    folds = same_folds(given, common)
    each = [] if folds is None else [by_fold(side, own, folds) for side, own in zip(given, common.places, strict=True)]
    scales = scored[0][0].scales
    known = {key: scales[key] for key in resampled[0].values}
    name = metric or given[0].members[0].kept.output().goal.metric
    if name not in known:
        raise ConfigError(f"There is no metric {name!r} here.", f"Metrics: {', '.join(known)}.")
    return Comparison(
        given,
        common,
        name,
        {key: scale.better for key, scale in known.items()},
        {key: [float(side.values[key].mean()) for side in resampled] for key in known},
        {key: [_spread(side.values[key]) for side in resampled] for key in known},
        decided(resampled, name, known[name].better, [side.name for side in given], folds=each, margin=margin),
        [
            (a, b, between(resampled, a, b, key, folds=each))
            for a, b in combinations(range(len(given)), 2)
            for key in known
        ],
        per_class(scored),
        different(given),
        np.stack([np.mean([one.by_image() for one in side], axis=0) for side in scored]),
        [*common.notes, *remarks(given, common, paired=bool(each)), *of_one_setting(given), *alike(given, common)],
        margin,
    )


def evaluated(side: Given, places: Sequence[Sequence[int]]) -> list[Verdict]:
    """The evaluation of each member on the common images."""
    found = []
    for member, own in zip(side.members, places, strict=True):
        metric = member.kept.output().metric()
        for truth, prediction in member.kept.pairs(own):
            metric.update(truth, prediction)
        found.append(metric.verdict())
    return found


def same_folds(sides: Sequence[Given], common: Common) -> IntArray | None:
    """(N,) the fold of each common image, where every side was trained in these folds; None: not all were."""
    if not all(side.folds for side in sides):
        return None
    folds = [
        [side.members[0].kept.images[place]["fold"] for place in own]
        for side, (own,) in zip(sides, common.places, strict=True)
    ]
    return np.array(folds[0]) if all(one == folds[0] for one in folds) else None


def by_fold(side: Given, places: Sequence[Sequence[int]], folds: IntArray) -> dict[str, FloatArray]:
    """By metric, (F,) its value on the common images of each fold."""
    own = np.array(places[0])
    scores = [
        evaluated(side, [own[folds == fold].tolist()])[0].score(np.ones((int((folds == fold).sum()), 1), np.float32))
        for fold in np.unique(folds)
    ]
    return {key: np.array([float(one[key][0]) for one in scores]) for key in scores[0]}


def between(
    sides: Sequence[Side],
    a: int,
    b: int,
    metric: str,
    *,
    folds: Sequence[Mapping[str, FloatArray]],
    alpha: float = ALPHA,
) -> Difference:
    """How far side ``b`` is from side ``a``.

    Args:
        sides: All of them.
        a: Place of the first.
        b: Place of the second.
        metric: Its name.
        folds: Of each side, by metric, the values of its folds, which are the same for all; empty: they are not.
        alpha: Level at which a difference is declared.
    """
    if not folds:
        return difference_of(sides[a], sides[b], metric, alpha=alpha)
    return over_folds(sides[a], sides[b], metric, folds[b][metric] - folds[a][metric], declared=alpha)


def decided(
    sides: Sequence[Side],
    metric: str,
    better: Better,
    names: Sequence[str],
    *,
    folds: Sequence[Mapping[str, FloatArray]],
    margin: float | None,
) -> list[Pair]:
    """Every two sides, with the p-values adjusted for how many there are."""
    places = list(combinations(range(len(sides)), 2))
    found = [between(sides, a, b, metric, folds=folds, alpha=ALPHA / len(places)) for a, b in places]
    adjusted = holm([one.p for one in found])
    return [
        Pair(a, b, one, p, in_words(one, p, better, names[a], names[b], margin=margin))
        for (a, b), one, p in zip(places, found, adjusted, strict=True)
    ]


def in_words(found: Difference, p: float, better: Better, a: str, b: str, *, margin: float | None) -> str:
    """The decision, such as ``no difference seen``."""
    if math.isnan(p):
        return "cannot be computed"
    inside = margin is not None and max(abs(found.low), abs(found.high)) < margin
    if p >= ALPHA:
        return f"equivalent: any difference is below {margin:g}" if inside else "no difference seen"
    winner = b if (found.difference > 0) == (better == "more") else a
    return f"{winner} is better" + (f", by less than {margin:g}" if inside else "")


def per_class(scored: Sequence[Sequence[Verdict]]) -> dict[str, dict[str, list[float]]]:
    """By class, then by column, each side's value; of several seeds the mean."""
    tables = [[one.results(num_resamples=0).per_class for one in side] for side in scored]
    return {
        name: {
            column: [float(np.mean([table[name][column] for table in side])) for side in tables] for column in columns
        }
        for name, columns in tables[0][0].items()
    }


def remarks(sides: Sequence[Given], common: Common, *, paired: bool) -> list[str]:
    """What a difference between these sides means.

    Args:
        sides: What is compared.
        common: The images.
        paired: Whether all were trained in the same folds.
    """
    counts = [len(side.members) for side in sides]
    notes = []
    if max(counts) > 1:
        notes.append(
            "Intervals hold the spread over images and, where a side has several runs, over seeds; a side with one run"
            " is taken to vary as the others do."
        )
    elif paired:
        notes.append("Intervals hold the spread over images, and how much the differences of the folds differ.")
    elif all(side.folds for side in sides):
        notes.append(
            "The sides have other folds, so a fold's runs cannot be paired, and how much runs differ is not in the"
            " intervals."
        )
    elif not any(side.folds for side in sides):
        notes.append("One run per side: other seeds would differ, which these intervals do not hold.")
    headers = [member.kept.header for side in sides for member in side.members]
    notes += dict.fromkeys(str(caution) for header in headers for caution in header.get("cautions", []))
    if common.groups is not None:
        notes.append(f"{len(common):,} images in {int(common.groups.max()) + 1:,} groups, which were resampled as one.")
    return notes


def of_one_setting(sides: Sequence[Given]) -> list[str]:
    """A sentence for every side whose runs differ in more than their seeds, or are copies of each other."""
    notes = []
    for side in (side for side in sides if len(side.members) > 1):
        known = [one for one in side.members if one.settings]
        keys = list(dict.fromkeys(key for one in known for key in one.settings if key not in (*UNTOLD, *SEEDS)))
        apart = [key for key in keys if len({setting(one.settings.get(key)) for one in known}) > 1]
        if apart:
            notes.append(f"The runs of {side.name} differ in {listed(apart)}: they are not seeds of one setting.")
        copies = len(side.members) - len({orjson.dumps(one.kept.images) for one in side.members})
        if copies:
            notes.append(f"{plural(copies, 'run')} of {side.name} predict what another of it does: no further seeds.")
    return notes


def alike(sides: Sequence[Given], common: Common) -> list[str]:
    """A sentence for every two sides that predict the same: their difference is none, and not merely unseen."""
    predicted = [
        [
            [member.kept.images[place]["values"] for place in own]
            for member, own in zip(side.members, places, strict=True)
        ]
        for side, places in zip(sides, common.places, strict=True)
    ]
    return [
        f"{sides[a].name} and {sides[b].name} predict exactly the same: they are one model."
        for a, b in combinations(range(len(sides)), 2)
        if predicted[a] == predicted[b]
    ]


def _spread(values: FloatArray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else math.nan
