"""How many images the head is fitted to under a time budget."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.clocks import set_clock

from foveal.config.schema import parse_config
from foveal.runs import warm_start as module
from foveal.runs.data import open_data


class Steady:
    """Takes 2 ms for each image."""

    def __init__(self) -> None:
        self.now = 0.0

    def arrays(self, paths: Iterable[Path]) -> dict[str, Any]:
        self.now += 0.002 * sum(1 for _ in paths)
        return {}


def test_as_many_images_as_a_time_allows(squares: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog, _ = open_data(parse_config({"data": {"path": str(squares)}}, where="here"))
    assert len(catalog) > 32
    steady = Steady()
    set_clock(monkeypatch, module, perf_counter=lambda: steady.now)
    assert module._affordable(steady.arrays, catalog, 0.201) == 100 - 32
    assert module._affordable(steady.arrays, catalog, 0.0) == 32, "the ones that were timed"


def test_they_are_spread_evenly(squares: Path) -> None:
    catalog, _ = open_data(parse_config({"data": {"path": str(squares)}}, where="here"))
    few = module._spread(catalog, 3)
    assert [name.partition("/")[0] for name in few.names] == ["class0", "class1", "class2"]
    assert module._spread(catalog, 100) is catalog
