"""The command line's process: Ctrl-C pressed twice, terminals of any encoding, outputs that close."""

import io
import json
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from foveal import process
from foveal.process import Interrupts, flush, open_streams, output_closed


@pytest.fixture
def pressed(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Ctrl-C at chosen times, and the codes that the process would have ended with."""
    at, left = SimpleNamespace(now=100.0), []
    monkeypatch.setattr(process, "time", SimpleNamespace(monotonic=lambda: at.now))
    monkeypatch.setattr(process.os, "_exit", left.append)
    interrupts = Interrupts()

    def press(after_s: float) -> bool:
        at.now += after_s
        try:
            interrupts._handle()
        except KeyboardInterrupt:
            return True
        return False

    return SimpleNamespace(press=press, end=interrupts.end, left=left)


def test_the_second_ctrl_c_changes_nothing(pressed: SimpleNamespace) -> None:
    assert pressed.press(0)
    assert not pressed.press(0.1) and not pressed.press(1.5)
    pressed.end()
    assert not pressed.press(5) and pressed.left == []


def test_a_ctrl_c_that_some_library_swallowed_can_be_repeated(pressed: SimpleNamespace) -> None:
    assert pressed.press(0) and not pressed.press(0.5) and pressed.press(2.5)


def test_an_end_that_hangs_can_be_left(pressed: SimpleNamespace) -> None:
    assert pressed.press(0)
    pressed.end()
    pressed.press(process.PATIENCE_S + 1)
    assert pressed.left == [130]


def test_ctrl_c_lost_in_a_destructor_comes_again(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    raised = []
    monkeypatch.setattr("foveal.process.signal.raise_signal", raised.append)
    monkeypatch.setattr("threading.Timer.start", lambda self: self.function(*self.args))
    Interrupts()._lost(SimpleNamespace(exc_type=KeyboardInterrupt))
    assert raised == [signal.SIGINT] and capsys.readouterr().err == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_every_name_can_be_printed_and_json_stays_json(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    names = ["plain.jpg", "größe ─ 日本 😀.jpg", os.fsdecode(b"\xff\xe9.jpg")]
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding))
    monkeypatch.setattr(sys, "stderr", None)
    open_streams()
    sys.stdout.write(json.dumps(names, ensure_ascii=False))
    sys.stdout.flush()
    assert json.loads(raw.getvalue().decode(encoding)) == names
    with sys.stderr as nowhere:  # the shell closed it
        nowhere.write("to nowhere")


def test_a_closed_pipe_is_told_from_another_end() -> None:
    stop = SystemExit(1)  # as rich does
    stop.__context__ = BrokenPipeError()
    assert output_closed(stop)
    assert output_closed(BrokenPipeError()) and not output_closed(SystemExit(1))


def test_a_full_disk_behind_the_output_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    device = Path("/dev/full")
    if not device.exists():
        pytest.skip("no /dev/full")
    with device.open("w") as full:
        full.write("results")
        monkeypatch.setattr(sys, "stdout", full)
        assert flush() == 2
        assert (
            capsys.readouterr().err
            == "error: The output cannot be written (No space left on device).\n  hint: Check where it goes.\n"
        )
