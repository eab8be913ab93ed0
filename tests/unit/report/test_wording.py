import math

import pytest

from foveal.report.learnt.environment import whole_flags
from foveal.report.wording import count, heading, number, sections, setting, spoken


@pytest.mark.parametrize(
    ("value", "want"),
    [(0.9567, "0.957"), (1.0, "1.000"), (0.0, "0.000"), (12.5, "12.500"), (3.2e-5, "3.2e-05"), (math.nan, "–")],
)
def test_numbers(value, want):
    assert number(value) == want


def test_counts():
    assert [count(x) for x in (1, 1.0, 12345.0, 0.5, math.nan)] == ["1", "1", "12,345", "0.500", "–"]


def test_settings():
    values = [None, True, False, 0.0003, 3, "x", [0.9, None], ()]
    assert [setting(v) for v in values] == ["–", "yes", "no", "0.0003", "3", "x", "0.9, –", "–"]


def test_sections():
    got = sections({"seed": 1, "optim": {"lr": 0.1, "plan": {"kind": "cosine"}}, "device": "cpu"})
    assert got == [
        ("run", [("seed", "1"), ("device", "cpu")]),
        ("optim", [("lr", "0.1"), ("plan.kind", "cosine")]),
    ]


def test_spoken():
    assert [spoken(n) for n in ("f1_macro", "mask_mAP", "mIoU", "iou")] == ["F1 macro", "mask mAP", "mIoU", "IoU"]


def test_headings_keep_the_capitals_that_a_name_has():
    got = [heading(n) for n in ("mAP", "mIoU", "mask_mAP", "accuracy", "roc_auc")]
    assert got == ["mAP", "mIoU", "Mask mAP", "Accuracy", "ROC AUC"]


def test_flags_stay_whole_and_the_rest_is_escaped() -> None:
    assert whole_flags("Try a lower --lr, <b> & --train.eval-every.") == (
        'Try a lower <span class="flag">--lr</span>, &lt;b&gt; &amp; <span class="flag">--train.eval-every</span>.'
    )
