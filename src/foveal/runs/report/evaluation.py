"""The content of an evaluation's report. No torch: exported models have one as well."""

from collections.abc import Sequence
from pathlib import Path

from foveal.errors import MissingExtraError
from foveal.inference.predictor import Predictor
from foveal.report.content import Content
from foveal.report.findings.contract import Finding
from foveal.report.findings.find import find
from foveal.report.page import write_report
from foveal.report.wording import LOWER_IS_BETTER
from foveal.runs.evaluation import Evaluation
from foveal.runs.report.evidence import amounts, evidence
from foveal.runs.report.examples import examples, key
from foveal.version import __version__

PAGE = "report.html"


def write_evaluation_report(
    folder: Path,
    predictor: Predictor,
    evaluation: Evaluation,
    *,
    model: str,
    data: str,
    split: str | None = None,
    caveats: Sequence[str] = (),
) -> tuple[list[Finding], str]:
    """Write report.html and figures/ into the folder of an evaluation.

    Args:
        folder: Where metrics.json is.
        predictor: The model.
        evaluation: Its evaluation.
        model: The model as the user named it.
        data: The data set as the user named it.
        split: The split that was evaluated, if there are any.
        caveats: Notes on the numbers that a reader must know.

    Returns:
        What to know first, and a note where there is no page because a package is missing.

    Raises:
        RunError: They cannot be written.
    """
    findings = find(evidence(predictor, evaluation, caveats=caveats))
    images, kind = examples(predictor, evaluation)
    catalog = evaluation.catalog
    content = Content(
        title=folder.resolve().name,
        task=predictor.card.task,
        results=evaluation.results,
        headline=predictor.output.goal.metric,
        findings=findings,
        lower=LOWER_IS_BETTER,
        facts=[
            ("model", model),
            ("data", data),
            *([("split", split)] if split else []),
            ("images", f"{len(catalog):,}"),
            ("classes", str(len(catalog.categories))),
            ("input", f"{predictor.spec.size} x {predictor.spec.size} px"),
            ("Foveal", __version__),
        ],
        examples=images,
        examples_are=kind,
        key=key(predictor),
        class_counts={split or "evaluated": amounts(catalog)},
    )
    try:
        write_report(folder / PAGE, content)
    except MissingExtraError as error:
        return findings, f"No {PAGE}: {error.what[0].lower()}{error.what[1:]} {error.hint}"
    return findings, ""
