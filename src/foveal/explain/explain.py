"""Explaining images: predict, choose what is explained, find the evidence for each."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from foveal.explain.case import Case, Effort
from foveal.explain.contract import Explanation
from foveal.explain.evidence import Evidence
from foveal.explain.methods import AUTO, METHODS, choose_method
from foveal.inference.images import ImageLike, readable
from foveal.inference.predictor import Predictor
from foveal.ops.quiet import quiet
from foveal.types.predictions.prediction import Prediction
from foveal.types.predictions.subject import Asked, NoSuchObjectError, Subject


@quiet()
def explain_image(
    predictor: Predictor,
    source: ImageLike,
    *,
    method: str = AUTO,
    asked: Asked = Asked(),  # noqa: B008  frozen
    effort: Effort = Effort(),  # noqa: B008  frozen
) -> Explanation:
    """Explain what a model predicts for one image.

    Args:
        predictor: The model.
        source: In any form that ``predict`` takes.
        method: One of ``METHODS``, or auto.
        asked: What is explained; by default what is predicted.
        effort: Seed and budget.

    Raises:
        ImageError: The image cannot be read.
        ConfigError: A method that this model has not, a question that does not concern it, an object that is not
            there, or a budget under one pass.
        CategoryError: An unknown class; the nearest is named.
    """
    image = readable(source)
    case = Case(predictor, predictor.prepare(image))
    prediction = predict_case(case)
    name = choose_method(method, case)
    try:
        subjects = predictor.output.subjects(prediction, asked)
    except NoSuchObjectError as error:
        error.what = f"{image}: {error.what}" if isinstance(image, str | Path) else error.what
        raise
    evidence = evidence_of(case, subjects, name, effort)
    drawing = replace(predictor.drawing, source=image)
    return Explanation(tuple(evidence), prediction.size, name, drawing)


def predict_case(case: Case) -> Prediction:
    """The prediction for the image under explanation."""
    return next(iter(case.predictor.output.assemble(case.arrays, [case.prepared.geometry])))


def evidence_of(case: Case, subjects: Sequence[Subject], method: str, effort: Effort) -> list[Evidence]:
    """The evidence for each subject; attention gives one map, or one for each head.

    Args:
        case: The image, prepared.
        subjects: What is explained.
        method: One of ``METHODS``.
        effort: Seed and budget.

    Raises:
        ConfigError: A method that this model has not, or a budget under one pass.
    """
    if not subjects:
        return []
    geometry = case.prepared.geometry
    return [
        Evidence(
            subject,
            method,
            found.grid,
            geometry if found.covers is None else replace(geometry, input_size=found.covers),
            found.converged,
            found.passes,
            found.part,
        )
        for subject, found in METHODS[method](case, subjects, effort)
    ]
