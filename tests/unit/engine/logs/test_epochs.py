"""The table of epochs."""

import math
from typing import Any

import pytest

from foveal.engine.logs.epochs import EpochTable, clock, columns

ROW: dict[str, Any] = {
    "epoch": 12,
    "step": 96,
    "train_loss": 1.2345,
    "val_loss": 0.5,
    "average_precision": 0.875,
    "lr": 1e-3,
    "images_per_s": 1234.5,
    "seconds": 3725.0,
}


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 120])
def test_no_row_is_wider_than_the_screen_and_the_headline_is_always_there(width: int) -> None:
    table = EpochTable(list(ROW), headline="average_precision", width=width, epochs=100)
    header, line = table.header(), table.line(ROW, epochs=100, best=True)
    assert header.no_wrap and line.no_wrap
    assert "average precision" in header.plain and "0.875" in line.plain and line.plain.endswith("  best")
    if width >= 40:
        assert len(header.plain) <= width and len(line.plain) < width


def test_what_there_is_room_for_comes_by_importance() -> None:
    def shown(room: int) -> list[str]:
        return [column.title for column in columns(list(ROW), headline="average_precision", room=room)]

    assert shown(200) == ["average precision", "val loss", "train loss", "images/s", "time"]
    assert shown(41) == ["average precision", "val loss", "train loss"]
    assert shown(1) == ["average precision"], "the headline alone, whatever the room"


def test_numbers_under_their_titles_and_dashes_for_what_is_undefined() -> None:
    table = EpochTable(list(ROW), headline="average_precision", width=120, epochs=100)
    assert table.header().plain == "    epoch  average precision  val loss  train loss  images/s    time"
    assert table.line(ROW, epochs=100, best=False).plain == (
        "   12/100              0.875     0.500       1.234     1,234  1:02:05"
    )
    row = {**ROW, "epoch": 0, "average_precision": None, "val_loss": math.nan, "images_per_s": 0.0, "seconds": 8.4}
    del row["train_loss"]
    assert table.line(row, epochs=100, best=False).plain == (
        "    0/100                  -         -           -         -    0:08"
    )


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (8.4, "0:08"), (59.6, "1:00"), (3725, "1:02:05")])
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
