"""How far an exported file agrees with its network on real images: what decides whether it is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from foveal.deploy.headline import Change
from foveal.inference.predictor import Predictor, Prepared

if TYPE_CHECKING:
    from foveal.deploy.int8.report import Int8Report

MIN_AGREEMENT = 0.999
"""Smallest fraction of images with the same top prediction."""
HEADLINE_TOLERANCE = 0.002
"""Largest change of the headline metric of a file in float: a fifth of a point, for objects that swap places."""


@dataclass(frozen=True, repr=False)
class Parity:
    """How far an export agrees with its network.

    Attributes:
        images: Images both ran on.
        differences: The largest difference between the predictions, by the task's measures.
        tolerances: What is allowed.
        agreement: Fraction of images with the same top prediction.
        min_agreement: The fraction required.
        engines: What ran the export; the numbers are those of the worst.
        headline: The change of the headline metric on labelled images; None: there are none.
        unlabelled: Why there are none.
        int8: What was quantised, and what it brought; None: the file is in float.
    """

    images: int
    differences: Mapping[str, float]
    tolerances: Mapping[str, float]
    agreement: float
    min_agreement: float
    engines: tuple[str, ...] = ()
    headline: Change | None = None
    unlabelled: str = ""
    int8: "Int8Report | None" = None

    def __repr__(self) -> str:
        """One line: ``Parity(passed: score 1.2e-07; 64 images)``."""
        listed = ", ".join(f"{name} {value:.1e}" for name, value in list(self.differences.items())[:6])
        return f"Parity({'passed' if self.passed else 'failed'}: {listed}; {self.images} images)"

    @property
    def worst(self) -> str:
        """The difference furthest beyond, or closest to, its tolerance."""
        return max(self.differences, key=lambda name: self.differences[name] / self.tolerances[name])

    @property
    def passed(self) -> bool:
        """Whether the export may be kept."""
        inside = all(value <= self.tolerances[name] for name, value in self.differences.items())
        return inside and self.agreement >= self.min_agreement


def compare(network: Predictor, exported: Predictor, prepared: Sequence[Prepared]) -> Parity:
    """Predict on the same prepared images with both, in batches of two sizes, so that a fixed batch size would show."""
    output = network.output.for_parity()
    both = ((network, 16), (exported, 7))
    ours, theirs = (list(p.with_output(output).stream(prepared, batch_size=b)) for p, b in both)
    differences = dict.fromkeys(output.tolerances, 0.0)
    for mine, other in zip(ours, theirs, strict=True):
        for name, value in output.differences(mine, other).items():
            differences[name] = max(differences[name], value)
    agreement = float(np.mean([output.top_label(a) == output.top_label(b) for a, b in zip(ours, theirs, strict=True)]))
    return Parity(
        len(prepared), differences, dict(output.tolerances), agreement, MIN_AGREEMENT, (str(exported.running),)
    )


def worst_of(parities: Sequence[Parity]) -> Parity:
    """One for several engines: the largest differences and the least agreement."""
    first = parities[0]
    return replace(
        first,
        differences={name: max(one.differences[name] for one in parities) for name in first.differences},
        agreement=min(one.agreement for one in parities),
        engines=tuple(engine for one in parities for engine in one.engines),
    )


def with_headline(parity: Parity, change: Change | None, *, unlabelled: str = "") -> Parity:
    """The same with the headline metric among what must agree."""
    if change is None:
        return replace(parity, unlabelled=unlabelled)
    return replace(
        parity,
        differences={**parity.differences, change.metric: abs(change.drop)},
        tolerances={**parity.tolerances, change.metric: HEADLINE_TOLERANCE},
        headline=change,
    )
