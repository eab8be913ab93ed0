"""The page of an advice: what it says, with and without changes, and names as they are."""

import numpy as np

from foveal.metrics.contract import Lines
from foveal.report.advice import AdviceContent, ChangeShown, FurtherShown, PartShown, RunShown, render_advice
from foveal.report.wording import sentence


def content(**changes: object) -> AdviceContent:
    values: dict[str, object] = {
        "title": "photos-advice",
        "task": "classify",
        "metric": "accuracy",
        "lead": "14 runs on photos.",
        "advice": "Most gain per minute: more epochs (4 to 8).",
        "better": True,
        "curve": ["Back-test: inside."],
        "figure": Lines(
            "Learning curve", "training images", "accuracy", {"found": (np.array([1, 2]), np.array([0, 1]))}
        ),
        "parts": [PartShown(80.0, 0.42, 0.115, 3)],
        "further": [FurtherShown(1280.0, 0.874, 0.696, 1.0)],
        "changes": [ChangeShown("more epochs (4 to 8)", 0.079, 0.021, 0.137, 0.1, 0.758, "1", "better")],
        "runs": [RunShown("all-seed-0", 640, 4, 75.0, 0.88, "all-seed-0/report.html")],
        "failures": [("larger-network-seed-0", "out of memory")],
        "notes": ["No larger network: tf_efficientnet_lite0 is the largest of its family."],
        "command": "foveal train photos --epochs 8",
    }
    return AdviceContent(**{**values, **changes})  # type: ignore[arg-type]


def test_all_of_it() -> None:
    page = render_advice(content())
    for text in (
        "+0.079", "+0.021 to +0.137", "+0.7580", "1,280", "0.696 to 1.000", "foveal train photos --epochs 8",
        'href="all-seed-0/report.html"', "1.2 min", "tf_efficientnet_lite0 is the largest", "network-seed-0 failed",
    ):  # fmt: skip
        assert text in page, text


def test_nothing_found() -> None:
    nothing = {"better": False, "figure": None, "parts": (), "further": (), "changes": (), "command": "", "runs": ()}
    page = render_advice(content(**nothing))
    assert "One change at a time" not in page and "More images" not in page and "Train with it" not in page


def test_a_sentence_keeps_names() -> None:
    assert sentence("no larger network: tf_efficientnet_lite0") == "No larger network: tf_efficientnet_lite0."
    assert sentence("it ends.") == "It ends."
