"""Images that two sides predict differently: those that one has right and the other wrong come first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foveal.runs.several.comparison import Comparison, Pair
from foveal.tasks.output import SomeTruth
from foveal.types.predictions.prediction import Prediction

LEAST_CHANGE = 1e-9
LISTED = 100
"""Images in the JSON document per pair; all are counted."""


@dataclass(frozen=True)
class Flip:
    """An image on which two sides differ.

    Attributes:
        position: Its place among the common images.
        path: Relative to the first side's data set.
        a: How well the first side predicts it, in [0, 1], see ``Verdict.by_image``.
        b: How well the second does.
        truth: In words, where it has some.
        by_a: What the first side predicted, in words.
        by_b: What the second did.
    """

    position: int
    path: str
    a: float
    b: float
    truth: str
    by_a: str
    by_b: str

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "path": self.path,
            "truth": self.truth,
            "a": {"right": round(self.a, 6), "predicted": self.by_a},
            "b": {"right": round(self.b, 6), "predicted": self.by_b},
        }


def order_of(done: Comparison, pair: Pair) -> list[int]:
    """Positions of the images that differ, the largest difference first; of equal ones those that ``b`` has wrong."""
    change = np.nan_to_num(done.by_image[pair.b] - done.by_image[pair.a])
    differ = np.flatnonzero(np.abs(change) > LEAST_CHANGE)
    return [int(i) for i in differ[np.lexsort((change[differ], -np.abs(change[differ])))]]


def counts_of(done: Comparison, pair: Pair) -> tuple[int, int]:
    """Images that the first side predicts better, and the second."""
    change = np.nan_to_num(done.by_image[pair.b] - done.by_image[pair.a])
    return int((change < -LEAST_CHANGE).sum()), int((change > LEAST_CHANGE).sum())


def flip_of(done: Comparison, pair: Pair, position: int) -> Flip:
    """One of them, in words; a side of several runs shows its first one's prediction."""
    kept = done.sides[pair.a].members[0].kept
    image = kept.images[done.common.places[pair.a][0][position]]
    output = kept.output()
    (truth, by_a), (_, by_b) = (one_of(done, side, position) for side in (pair.a, pair.b))
    return Flip(
        position,
        image["path"],
        float(done.by_image[pair.a, position]),
        float(done.by_image[pair.b, position]),
        str(output.prediction_row(truth, by_a).get("truth", "")),
        output.in_words(truth, by_a),
        output.in_words(truth, by_b),
    )


def one_of(done: Comparison, side: int, position: int) -> tuple[SomeTruth, Prediction]:
    """Truth and prediction of one image by a side's first run."""
    place = done.common.places[side][0][position]
    return next(done.sides[side].members[0].kept.pairs([place]))


def flips_of(done: Comparison, pair: Pair, *, most: int = LISTED) -> Sequence[Flip]:
    """The first of them."""
    return [flip_of(done, pair, position) for position in order_of(done, pair)[:most]]
