"""What stands on the screen."""

from pathlib import Path

import pytest

from foveal.cli.screens import DASH, evaluation_screen, show_page
from foveal.engine.logs.log import RichLog
from foveal.metrics.contract import Interval, Results
from foveal.report.findings.contract import Finding
from foveal.runs.display import in_digits
from foveal.runs.evaluate import EvaluationRun
from foveal.runs.evaluation import Evaluation

NAN = float("nan")


def test_what_is_undefined_is_a_dash_in_both_tables(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = {"AP_small": Interval(NAN, NAN, NAN), "AP_large": Interval(0.5, 0.25, 0.75)}
    results = Results(
        3, metrics, {"cat": {"AP_small": NAN, "objects": 0.0}, "dog": {"AP_small": 1.0, "objects": 1.0}}, (), ()
    )
    evaluation_screen(EvaluationRun(Evaluation(None, (), (), results), {}, Path("e"), ()))  # type: ignore[arg-type]
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["AP_small", "-", "-"] in lines and ["AP_large", "0.5000", "0.2500", "to", "0.7500"] in lines
    assert ["cat", "-", "0"] in lines and ["dog", "1.000", "1"] in lines, "counts are whole"
    assert in_digits(Interval(0.5, NAN, NAN), 3, undefined=DASH) == ("0.500", "-")


def test_a_run_says_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    log = RichLog(Console(width=100))
    log.say({"data": "my [data] set/", "classes": "[red] x, n[/x], :dog:"})
    log.note("No mask has the class [blue], n[/x].")
    log.close()
    out = capsys.readouterr().out
    assert "  data     my [data] set/\n  classes  [red] x, n[/x], :dog:\n" in out
    assert "  No mask has the class [blue], n[/x].\n" in out


def test_findings_that_no_note_has_told_stand_below_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    results = Results(3, {"accuracy": Interval(0.5, 0.25, 0.75)}, {}, (), ())
    texts = [f"Finding number {i}. " + "It has many words, and a pipe gets it in one line. " * 3 for i in range(5)]
    findings = (Finding("problem", "Told in a note."), *(Finding("warning", text) for text in texts))
    evaluation = Evaluation(None, (), (), results)  # type: ignore[arg-type]
    evaluation_screen(EvaluationRun(evaluation, {}, Path("e"), ("Told in a note.",), findings=findings))
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if "inding" in line] == [
        *(f"  warning: {text}" for text in texts[:3]),
        "  2 more findings in report.html",
    ]
    assert "Told" not in out


@pytest.mark.parametrize("display", [False, True])
def test_a_page_is_shown_or_its_path_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, display: bool
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    monkeypatch.setattr("foveal.cli.screens.has_display", lambda: display)
    page = tmp_path / "report.html"
    assert not show_page(page)
    assert capsys.readouterr().err == f"note: there is no page: {page}\n"
    page.touch()
    assert show_page(page) == display
    assert opened == ([page.as_uri()] if display else [])
    note = f"note: no browser was found here; open it yourself: {page}\n"
    assert capsys.readouterr().err == ("" if display else note)
