"""Panels as the page shows them."""

from foveal.metrics.contract import Passage, Passages
from foveal.report.cells import Shown


def test_passages_are_runs_of_one_shade() -> None:
    panel = Passages("Texts", [Passage("first", "abcd", [0.0, 0.0, 0.52, 1.0]), Passage("second", "<b>")], "a note")
    shown = Shown.of(panel)
    assert shown.passages == [
        ("first", [("ab", 0), ("c", 50), ("d", 100)]),
        ("second", [("<b>", 0)]),
    ]
    assert shown.wide and shown.note == "a note" and not shown.figure
