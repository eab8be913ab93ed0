"""Right, false and missed objects of an image, told apart by colour and by kind of line.

Shapes: D detections, G ground-truth objects.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from foveal.metrics.detection.matching import MATCH_IOU, outcome
from foveal.metrics.detection.objects import GroundTruth, Mask, Overlap, Predicted, flatten, overlapping, sorting
from foveal.types.predictions.detections import BoxTruth, Detections

T = TypeVar("T", bound=BoxTruth)
D = TypeVar("D", bound=Detections)
Color = tuple[int, int, int]

RIGHT, FALSE, MISSED, IGNORED = (30, 110, 245), (236, 96, 10), (232, 46, 160), (150, 150, 150)
"""Blue, orange and pink stay apart for colour-blind readers, and on skin, sky and grass; ignored objects are gray."""
KEY: Sequence[tuple[str, Color, str]] = (
    ("right", RIGHT, "solid"),
    ("false", FALSE, "dashed"),
    ("missed", MISSED, "dotted"),
)
"""Name, colour and kind of line of each outcome."""


@dataclass(frozen=True)
class Outcomes:
    """What became of the objects of one image, at IoU 0.5.

    Attributes:
        right: (D,) detections of an object.
        false: (D,) detections of nothing; the others lie on ignored objects.
        missed: (G,) objects without a detection; ignored ones are not among them.
        ignored: (G,) objects that do not count.
    """

    right: Mask
    false: Mask
    missed: Mask
    ignored: Mask

    def of_detections(self) -> tuple[list[Color], list[bool]]:
        """Colour of each detection, and whether it is dashed."""
        looks = zip(self.right.tolist(), self.false.tolist(), strict=True)
        return [RIGHT if right else FALSE if false else IGNORED for right, false in looks], self.false.tolist()

    def of_truth(self) -> tuple[list[Color], list[bool], list[bool]]:
        """Colour of each ground-truth object, whether it is dashed, and whether it is dotted."""
        looks = zip(self.missed.tolist(), self.ignored.tolist(), strict=True)
        colors = [MISSED if missed else IGNORED if ignored else RIGHT for missed, ignored in looks]
        return colors, self.ignored.tolist(), self.missed.tolist()


def outcomes(
    truth: T,
    shown: D,
    *,
    flat: Callable[[Sequence[T], Sequence[D]], tuple[Predicted, GroundTruth, Overlap]] = flatten,
) -> Outcomes:
    """Match the detections shown in one image as its metric does.

    Args:
        truth: The annotated objects.
        shown: The detections from the threshold on.
        flat: Columns and overlap; by default those of boxes.
    """
    predicted, objects, overlap = flat([truth], [shown])
    pairs = overlapping(predicted, objects, overlap, least=MATCH_IOU, num_images=1)
    result = outcome(predicted, objects, pairs)
    right, false = np.zeros(len(shown), bool), np.zeros(len(shown), bool)
    order = sorting([shown])
    right[order], false[order] = result.hit, result.false
    missed = result.missed(objects, np.ones(len(shown), bool))
    return Outcomes(right, false, missed, objects.ignored)


def outcome_in_words(truth: BoxTruth, prediction: Detections) -> str:
    """How many objects are right, missed and false, such as ``5 right, 2 missed, 1 false``."""
    found = outcomes(truth, prediction.shown())
    counts = {"right": found.right, "missed": found.missed, "false": found.false}
    return ", ".join(f"{int(which.sum())} {name}" for name, which in counts.items())
