import numpy as np
import pytest

from foveal.metrics.contract import Interval, Lines, Mistake, Results
from foveal.report.findings.contract import Evidence
from foveal.report.findings.numbers import caveats, confident_mistakes, miscalibrated, undefined, wide_interval


def measured(value, low, high, *, images=49, name="accuracy") -> Evidence:
    return Evidence(Results(images, {name: Interval(value, low, high)}, {}), name)


def test_a_wide_interval():
    (one,) = wide_interval(measured(0.82, 0.69, 0.9))
    assert one.text == (
        "Accuracy lies between 0.690 and 0.900: 49 images tell little. About 610 would narrow it to ±0.03."
    )
    (one,) = wide_interval(measured(0.3, 0.1, 0.5, name="mAP"))
    assert one.text.startswith("mAP lies between 0.100 and 0.500")


@pytest.mark.parametrize("numbers", [(0.82, 0.80, 0.84), (np.nan, np.nan, np.nan), (3.0, 1.0, 5.0)])
def test_intervals_that_say_enough_or_have_no_scale(numbers):
    assert wide_interval(measured(*numbers)) == []


def test_an_undefined_headline():
    (one,) = undefined(measured(np.nan, np.nan, np.nan, name="mAP"))
    assert one.text == "mAP is undefined: nothing in these images can be evaluated by it."
    assert undefined(measured(0.5, 0.4, 0.6)) == []


def test_notes_of_the_evaluation():
    evidence = Evidence(Results(1, {}, {}), "accuracy", caveats=["The model was trained on these images."])
    assert [finding.text for finding in caveats(evidence)] == ["The model was trained on these images."]


@pytest.mark.parametrize(("accuracy", "word"), [([0.3, 0.6], "higher"), ([0.8, 1.0], "lower")])
def test_confidence_that_is_off(accuracy, word):
    panel = Lines(
        "Reliability",
        "",
        "",
        {"model": (np.array([0.5, 0.9]), np.array(accuracy))},
        bars=(np.array([0.0, 0.4, 0.6, 1.0]), np.array([0.0, 10.0, 30.0])),
    )
    evidence = Evidence(Results(9, {"ece": Interval(0.25, 0.2, 0.3)}, {}, (panel,)), "accuracy")
    (one,) = miscalibrated(evidence)
    assert one.text == (
        f"Confidence is off by 25 points on average, mostly {word} than the accuracy: do not read a score as a"
        " probability."
    )
    calm = Evidence(Results(9, {"ece": Interval(0.05, 0.02, 0.09)}, {}, (panel,)), "accuracy")
    assert miscalibrated(calm) == [] and miscalibrated(measured(0.5, 0.4, 0.6)) == []


def test_confident_mistakes():
    def worst(*scores):
        return Evidence(Results(9, {}, {}, worst=[Mistake(i, 1, "", s) for i, s in enumerate(scores)]), "accuracy")

    (one,) = confident_mistakes(worst(0.99, 0.97, 0.95, 0.6))
    assert one.text == (
        "3 mistakes have a confidence of 95% or more: check whether their labels are right before anything else."
    )
    assert confident_mistakes(worst(0.99, 0.97, 0.9)) == [] and confident_mistakes(worst(None, None, None)) == []
