"""Bars, and what is printed beside them."""

from pathlib import Path

import pytest
from tests.unit.cli.test_predict import SCORES

from foveal.cli.bars import Bar, TimeLeft, counted, messages
from foveal.cli.screens import print_skipped
from foveal.errors import ImageError


def test_no_time_left_before_two_batches_are_timed() -> None:
    left = TimeLeft()
    for done, now, expected in ((8, 1.0, None), (16, 3.0, None), (24, 5.0, 8.0)):
        for i in range(8):
            left.step(now + i / 1000, done - 7 + i)
        assert left.seconds(32) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(("terminal", "shown"), [(False, True), (True, False), (True, True)])
def test_a_bar_is_for_terminals(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], terminal: bool, shown: bool
) -> None:
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    with Bar(shown=shown) as bar:
        bar("loading the model", 0, None)
        bar("predicting", 3, 8)
    with counted(2, shown=shown) as add:
        add(Path("a.jpg"), SCORES)
        print_skipped(ImageError("b.jpg", "is empty (0 bytes)"))
    out, err = capsys.readouterr()
    assert out == "" and "skipped: b.jpg: is empty (0 bytes)." in err
    assert ("predicting" in err and "3/8" in err) == (terminal and shown)
    assert ("\x1b[?25h" in err) == (terminal and shown), "the cursor comes back"
    assert messages().stderr, "no bar is left"
