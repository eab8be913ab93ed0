"""An advice in words, for the screen and the page. No torch."""

import math
from collections.abc import Sequence

import numpy as np

from foveal.report.wording import NOTHING
from foveal.tune.advice.advice import Advice
from foveal.tune.advice.ranking import Gain


def summary(done: Advice) -> str:
    """What to do, in a sentence."""
    best = [gain for gain in done.gains if gain.decision == "better"]
    if best:
        tied = [gain for gain in best if gain.rank == best[0].rank]
        return f"Most gain per minute: {' or '.join(gain.title for gain in tied)}."
    return "No change is seen to help: keep the settings." if done.gains else "No change was tried."


def curve_in_words(done: Advice) -> list[str]:
    """The back-test, and what more images would give if it holds."""
    curve, back = done.curve, done.curve.back_test
    if back is None or curve.found is None:
        return []
    between = f"{back.value:.3f} ({back.low:.3f} to {back.high:.3f})"
    test = f"back-test: up to half of the images predict {between} for all; found {curve.found:.3f}"
    if not curve.holds:
        return [f"{test}, outside: the curve does not tell what more images would give"]
    words = [f"{test}, inside"]
    for one in curve.further:
        gain = one.value - (curve.found if curve.fitted is None else curve.fitted)
        between = f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"
        words.append(f"{one.images:,.0f} images would give about {between}, {gain:+.3f} along the curve")
    return words


def rank_of(gain: Gain, gains: Sequence[Gain], *, none: str = NOTHING) -> str:
    """A rank, with a word where others share it."""
    if gain.decision != "better":
        return none
    tied = sum(other.rank == gain.rank and other.decision == "better" for other in gains) > 1
    return f"{gain.rank} (tie)" if tied else str(gain.rank)


def mean(values: Sequence[float]) -> float:
    """Of scores."""
    return float(np.mean(values))


def spread(values: Sequence[float]) -> float:
    """Their standard deviation; NaN for one."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
