"""``foveal explain MODEL --heads IMAGE``: where attention lay, by head, beside the evidence for the prediction."""

from collections.abc import Sequence
from dataclasses import dataclass

from foveal.explain.case import Case, Effort
from foveal.explain.contract import Explanation, scale_key, scales_of
from foveal.explain.evidence import Evidence
from foveal.explain.explain import evidence_of, predict_case
from foveal.explain.learnt.heads_sheet import heads_sheet
from foveal.explain.methods import AUTO, choose_method
from foveal.inference.images import ImageLike, decode_any
from foveal.inference.predictor import Predictor
from foveal.runs.learnt.output import Sheet
from foveal.types.predictions.subject import Asked


@dataclass(frozen=True, eq=False)
class HeadSheet(Sheet):
    """Where attention lay in one image.

    Attributes:
        evidence: The map of the evidence, then attention's mean and each head's.
    """

    evidence: Sequence[Evidence]

    def __repr__(self) -> str:
        """One line: ``HeadSheet(cam, attention, head 1, head 2)``."""
        return f"HeadSheet({', '.join(one.part or one.method for one in self.evidence)})"

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {"maps": [{"method": e.method, **e.to_dict()} for e in self.evidence]}


def draw_heads(predictor: Predictor, image: ImageLike, *, seed: int = 0) -> HeadSheet:
    """Draw each head's map beside the evidence.

    Args:
        predictor: The model.
        image: The image.
        seed: Of methods with random numbers.

    Raises:
        ConfigError: A model without attention.
        ImageError: The image cannot be read.
    """
    case, effort = Case(predictor, predictor.prepare(image)), Effort(seed)
    best = predictor.output.subjects(predict_case(case), Asked())[:1]
    heads = evidence_of(case, best, "attention", effort)
    evidence = [*evidence_of(case, best, choose_method(AUTO, case), effort), *heads]
    size = case.prepared.geometry.source_size
    scales = scales_of([Explanation(tuple(evidence), size, AUTO, predictor.drawing)])
    pixels = decode_any(image, min_side=480, reading=predictor.spec.reading).pixels
    drawn = heads_sheet(pixels, evidence, scales=[scales[scale_key(one)] for one in evidence])
    return HeadSheet(evidence, pixels=drawn)
