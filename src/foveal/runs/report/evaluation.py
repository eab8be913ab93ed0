"""The content of an evaluation's report. No torch: exported models have one as well."""

from collections.abc import Sequence
from pathlib import Path

from foveal.inference.predictor import Predictor
from foveal.report.content import Content
from foveal.report.findings.contract import Finding
from foveal.report.page import PAGE, why_no_page, write_report
from foveal.runs.evaluation import Evaluation
from foveal.runs.report.evidence import class_counts
from foveal.runs.report.examples import examples, key
from foveal.runs.report.objects import object_counts, object_panels
from foveal.version import __version__


def write_evaluation_report(
    folder: Path,
    predictor: Predictor,
    evaluation: Evaluation,
    findings: Sequence[Finding],
    *,
    model: str,
    data: str,
    split: str | None = None,
) -> str:
    """Write report.html and figures/ into the folder of an evaluation.

    Args:
        folder: Where metrics.json is.
        predictor: The model.
        evaluation: Its evaluation.
        findings: What to know first.
        model: The model as the user named it.
        data: The data set as the user named it.
        split: The split that was evaluated, if there are any.

    Returns:
        A note where there is no page because a package is missing, else nothing.

    Raises:
        RunError: They cannot be written.
    """
    if note := why_no_page():
        return note
    images, kind, looked = examples(predictor, evaluation)
    catalog, part = evaluation.catalog, split or "evaluated"
    content = Content(
        title=folder.resolve().name,
        task=predictor.card.task,
        results=evaluation.results,
        headline=predictor.output.goal.metric,
        findings=findings,
        facts=[
            ("model", model),
            ("data", data),
            *([("split", split)] if split else []),
            ("images", f"{len(catalog):,}"),
            ("classes", str(len(catalog.categories))),
            ("input", predictor.spec.size.in_px),
            ("Foveal", __version__),
        ],
        examples=images,
        examples_are=kind,
        looked=looked,
        key=key(predictor),
        class_counts=class_counts({part: catalog}),
        object_counts=object_counts({part: catalog}),
        data_panels=object_panels(catalog),
        split_sizes={part: len(catalog)},
    )
    write_report(folder / PAGE, content)
    return ""
