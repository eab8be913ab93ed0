"""What a run prints for a person."""

import io

import pytest
from rich.console import Console
from tests.clocks import set_clock

from foveal.engine.logs import log as module
from foveal.engine.logs.log import RichLog, Speed


@pytest.fixture(autouse=True)
def able_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the tests run: one that is not dumb."""
    monkeypatch.setenv("TERM", "xterm-256color")


class Watch:
    """A clock that a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        set_clock(monkeypatch, module, perf_counter=lambda: self.now)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(monkeypatch)


def screen(width: int, *, terminal: bool = True) -> Console:
    return Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None, legacy_windows=False)


def step(log: RichLog, number: int) -> str:
    """A step of 8 images of 10 steps, and the bar it leaves."""
    log.step(epoch=0, epochs=2, step=number, steps=10, samples=8, unit="images", loss=0.5)
    assert log.progress is not None
    beside = screen(log.console.width)
    beside.print(log.progress.get_renderable())
    return beside.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_no_speed_before_two_steps_are_timed(watch: Watch) -> None:
    speed = Speed()
    for timed in (False, False, True):
        speed.add(8)
        watch.now += 2
        assert speed.timed == timed
    assert speed.samples_s == 4
    speed.pause()
    watch.now += 100
    speed.add(8)
    assert speed.samples_s == 4, "a pause is not training time"


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_time_left_before_two_steps_are_timed(watch: Watch, width: int) -> None:
    log = RichLog(screen(width))
    bars = []
    for number in (1, 2, 3):
        bars.append(step(log, number))
        watch.now += 2
    log.close()
    assert ["left" in bar for bar in bars] == [False, False, True]
    assert "34 s left" in bars[-1], "17 steps of 2 s"
    assert all(len(bar.splitlines()) == 1 and len(bar.rstrip()) <= width for bar in bars), "one row"
    assert ("loss 0.500" in bars[-1]) == (width >= 60) and ("4.0 images/s" in bars[-1]) == (width >= 80)


def test_while_evaluating_the_bar_says_so(watch: Watch) -> None:
    log = RichLog(screen(80))
    step(log, 1)
    log.evaluating()
    assert log.progress is not None and log.progress.tasks[0].fields["loss"] == "evaluating ..."
    log.close()
    assert log.progress is None


@pytest.mark.parametrize("terminal", [False, True])
def test_what_is_going_on_is_for_terminals_and_facts_for_both(terminal: bool) -> None:
    log = RichLog(screen(60, terminal=terminal))
    log.begin("foveal train my [data]/")
    log.doing("reading my [data]/")
    log.doing("loading torch")
    log.say({"data": "my [data]/  (image folder: 8 train, 2 val) " + "long " * 12})
    log.close()
    out = log.console.file.getvalue()  # type: ignore[attr-defined]
    assert out.startswith("foveal train my [data]/\n")
    assert ("loading torch ..." in out) == terminal
    lines = [line for line in out.splitlines() if "image folder" in line or "long" in line]
    assert (len(lines) > 1) == terminal, "a line in a pipe stays one line"
    assert "  data     my [data]/  (image folder: 8 train, 2 val)" in out


def test_no_spinner_stays_after_an_error() -> None:
    log = RichLog(screen(60))
    log.doing("reading")
    assert log.status is not None
    log.close()
    assert log.status is None
