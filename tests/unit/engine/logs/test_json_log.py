"""What a run prints for a machine."""

import json
import math
from typing import Any

import pytest
from tests.clocks import set_clock

from foveal.engine.logs import json_log
from foveal.engine.logs.json_log import JsonLog


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock with one hand."""
    hand = [0.0]
    set_clock(monkeypatch, json_log, monotonic=lambda: hand[0])
    return hand


def events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    def no_constant(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return [json.loads(line, parse_constant=no_constant) for line in capsys.readouterr().out.splitlines()]


def test_steps_come_at_most_once_per_second_and_first_and_last(
    now: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    log = JsonLog()
    for step in range(1, 11):
        log.step(epoch=0, epochs=1, step=step, steps=10, samples=8, unit="images", loss=0.25)
        now[0] += 0.3
    told = events(capsys)
    assert [event["step"] for event in told] == [1, 5, 9, 10]
    first = {"event": "step", "epoch": 1, "epochs": 1, "step": 1, "steps": 10, "loss": 0.25, "images_per_s": None}
    assert told[0] == first
    assert told[-1]["images_per_s"] > 0


def test_what_is_undefined_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    log = JsonLog()
    log.epoch({"epoch": 1, "accuracy": math.nan, "val_loss": math.inf}, epochs=2, best=False)
    log.finish({"metrics": {"mAP": {"value": math.nan, "low": 0.5}}, "list": [math.nan, 1]})
    epoch, finish = events(capsys)
    assert epoch == {"event": "epoch", "epoch": 1, "accuracy": None, "val_loss": None, "epochs": 2, "best": False}
    assert finish == {"event": "finish", "metrics": {"mAP": {"value": None, "low": 0.5}}, "list": [None, 1]}
