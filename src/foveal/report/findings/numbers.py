"""Rules about how far the numbers can be trusted."""

import math
from collections.abc import Sequence

import numpy as np

from foveal.report.findings.contract import Evidence, Finding
from foveal.report.wording import count, heading, number

WIDE, GOAL = 0.1, 0.06
"""Width of a 95% interval from which it is called wide, and the width that is aimed at."""
MISCALIBRATED = 0.08
"""Calibration error from which it is told, if it is surely above half of that."""
CONFIDENT, LEAST_CONFIDENT = 0.95, 3
"""Mistakes of this confidence, and their number, from which they are told."""


def caveats(evidence: Evidence) -> Sequence[Finding]:
    """What the evaluation itself had to say about its numbers."""
    return [Finding("problem", text) for text in evidence.caveats]


def wide_interval(evidence: Evidence) -> Sequence[Finding]:
    """The headline metric is not known well: how many images would do."""
    interval, images = evidence.results.metrics.get(evidence.headline), evidence.results.images
    if interval is None or not math.isfinite(interval.value) or not evidence.maximize:  # an error is no share
        return []
    width = interval.high - interval.low
    if not (0 <= interval.low <= interval.high <= 1) or width < WIDE:
        return []
    needed = images * (width / GOAL) ** 2
    round_to = 10 ** max(1, math.floor(math.log10(needed)) - 1)
    enough = math.ceil(needed / round_to) * round_to
    on = f"{count(images)} image{'s' if images != 1 else ''}"
    return [
        Finding(
            "warning",
            f"{heading(evidence.headline)} lies between {number(interval.low)} and {number(interval.high)}: {on} tell"
            f" little. About {count(enough)} would narrow it to ±{GOAL / 2:g}.",
        )
    ]


def undefined(evidence: Evidence) -> Sequence[Finding]:
    """The headline metric has no value."""
    interval = evidence.results.metrics.get(evidence.headline)
    if interval is None or math.isfinite(interval.value):
        return []
    words = f"{heading(evidence.headline)} is undefined: nothing in these images can be evaluated by it."
    return [Finding("problem", words)]


def miscalibrated(evidence: Evidence) -> Sequence[Finding]:
    """Confidence that is not what it says."""
    error, panel = evidence.results.metrics.get("ece"), evidence.lines("Reliability")
    if error is None or panel is None or not (error.value > MISCALIBRATED and error.low > MISCALIBRATED / 2):
        return []
    confidence, accuracy = next(iter(panel.curves.values()))
    held = panel.bars[1][panel.bars[1] > 0] if panel.bars is not None else np.ones(len(confidence))
    gap = float(np.average(confidence - accuracy, weights=held))
    over = "higher" if gap > 0 else "lower"
    return [
        Finding(
            "warning",
            f"Confidence is off by {100 * error.value:.0f} points on average, mostly {over} than the accuracy: do not"
            " read a score as a probability.",
        )
    ]


def precision_missed(evidence: Evidence) -> Sequence[Finding]:
    """A precision that was asked for and is not kept."""
    reached = evidence.results.metrics.get("precision_micro")
    if not evidence.min_precision or reached is None or reached.value >= evidence.min_precision:
        return []
    words = (
        f"Precision is {reached.value:.3f} ({reached.low:.3f} to {reached.high:.3f}), below the"
        f" {evidence.min_precision:g} that was asked for: use a higher --threshold, or train longer."
    )
    return [Finding("warning", words)]


def confident_mistakes(evidence: Evidence) -> Sequence[Finding]:
    """Mistakes of a sure model are often wrong labels."""
    scores = [m.confidence for m in evidence.results.worst if m.confidence is not None]
    sure = [score for score in scores if score >= CONFIDENT]
    if len(sure) < LEAST_CONFIDENT:
        return []
    return [
        Finding(
            "note",
            f"{len(sure)} mistakes have a confidence of {CONFIDENT:.0%} or more: check whether their labels are right"
            " before anything else.",
        )
    ]
