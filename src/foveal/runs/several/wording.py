"""A comparison in words: letters for the sides, the decision and what it rests on, for the screen and the page."""

import math

from foveal.data.notes import plural
from foveal.metrics.paired.difference import Difference
from foveal.runs.several.comparison import Comparison, Pair
from foveal.runs.several.flips import counts_of

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def letters(count: int) -> list[str]:
    """Short names of the sides."""
    return [LETTERS[k] if k < len(LETTERS) else str(k + 1) for k in range(count)]


def decision(done: Comparison, pair: Pair) -> str:
    """The decision, with letters in place of names: ``B is better``."""
    keys, names = letters(len(done.sides)), done.names
    for place in (pair.a, pair.b):
        if pair.decision.startswith(f"{names[place]} is better"):
            return keys[place] + pair.decision.removeprefix(names[place])
    return pair.decision


def evidence(done: Comparison, pair: Pair) -> str:
    """The test, its p-value, and what could have been seen."""
    keys, found = letters(len(done.sides)), pair.difference
    several = len(done.pairs) > 1
    p = f"p = {pair.adjusted:.2g}" + (f" (Holm, of {len(done.pairs)} pairs)" if several else "")
    a, b = keys[pair.a], keys[pair.b]
    if found.only_a is not None:
        test = (
            f"McNemar's exact test: only {a} right on {plural(found.only_a, 'image')}, only {b} on"
            f" {plural(found.only_b or 0, 'image')}; {p}."
        )
    else:
        by_a, by_b = counts_of(done, pair)
        test = f"Paired bootstrap: {p}; {a} predicts {plural(by_a, 'image')} better, {b} {by_b:,}."
    if math.isnan(found.smallest_visible):
        return f"{test} Nothing varies here, so what could be seen is not known."
    if found.smallest_visible >= 1 and done.better[found.metric] == "more":  # which is at most 1
        several_runs = any(len(done.sides[place].members) > 1 for place in (pair.a, pair.b))
        few = "runs per side" if several_runs else "images"
        return f"{test} So few {few} show no difference at all."
    return f"{test} Smallest difference visible here: about {found.smallest_visible:.3f}."


def is_known(found: Difference) -> bool:
    """Whether a metric is defined for a side at least, or decides."""
    return not (math.isnan(found.a) and math.isnan(found.b))
