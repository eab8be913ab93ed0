"""Bars, what is printed beside them, and tables."""

import io
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console
from tests.unit.cli.commands.test_predict import SCORES

from foveal.cli.screens import Skipped
from foveal.cli.terminal import Bar, TimeLeft, counted, messages, print_table
from foveal.errors import ImageError


@pytest.fixture(autouse=True)
def able_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the tests run: one that is not dumb."""
    monkeypatch.setenv("TERM", "xterm-256color")


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
        Skipped(2).add(ImageError("b.jpg", "is empty (0 bytes)"))
    out, err = capsys.readouterr()
    assert out == "" and "skipped: b.jpg: is empty (0 bytes)." in err
    assert ("predicting" in err and "3/8" in err) == (terminal and shown)
    assert ("\x1b[?25h" in err) == (terminal and shown), "the cursor comes back"
    assert messages().stderr, "no bar is left"


ROWS = [("a_class_of_a_long_name", "0.5", "12,345,678"), ("猫", "0.25", "9")]


def table(width: int, *, terminal: bool) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    print_table(console, ("class", "recall", "pixels"), ROWS)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined,no-any-return]


def test_a_table_in_a_pipe_is_whole() -> None:
    assert table(20, terminal=False) == [
        "  class                   recall      pixels",
        "  a_class_of_a_long_name     0.5  12,345,678",
        "  猫                        0.25           9",
    ]


def test_on_a_terminal_no_cell_but_the_first_is_folded_and_what_does_not_fit_is_named() -> None:
    assert [line.rstrip() for line in table(60, terminal=True)] == [
        "  class                   recall      pixels",
        "  a_class_of_a_long_name     0.5  12,345,678",
        "  猫                        0.25           9",
    ]
    narrow = [line.rstrip() for line in table(30, terminal=True)]
    assert narrow[0].split() == ["class", "recall"] and narrow[1].endswith("  0.5")
    assert " ".join(" ".join(narrow[3:]).split()).endswith("on a wider screen also: pixels")
    assert all(cell_len(line) <= 30 for line in narrow)
