"""A sweep on a real network: it leaves nothing behind, and what it suggests trains."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import Outcome, quick

Command = Callable[..., Outcome]
FLAGS = ["--model.backbone=conv4", "--model.weights=none", "--input.normalize=dataset", "--input.size=32"]


@pytest.mark.slow
def test_what_is_suggested_trains(
    here: Command, squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = here("tune", squares, "--find", "lr", "--json", *FLAGS)
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert list(tmp_path.iterdir()) == [], "nothing is written"
    assert document["low"] <= document["lr"] <= document["high"] and not document["head_fitted"]
    assert len({tuple(sweep["losses"]) for sweep in document["sweeps"]}) == 3, "seeds differ"
    assert all(len(sweep["rates"]) == len(sweep["losses"]) >= 20 for sweep in document["sweeps"])
    diverges = [sweep["diverges"] for sweep in document["sweeps"] if sweep["diverges"] is not None]
    assert all(document["lr"] < rate for rate in diverges)
    rate = f"--lr={document['lr']}"
    done = here("train", squares, "--out", "run", *quick(epochs=6), rate, "--quiet")
    assert done.code == 0, done.err
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["metrics"]["accuracy"]["value"] >= 0.6


@pytest.mark.slow
def test_too_little_time_names_what_it_needs(here: Command, squares: Path) -> None:
    done = here("tune", squares, "--find", "lr", "--time", "0.1s", *FLAGS)
    assert done.code == 2 and "A sweep takes at least 20 steps of" in done.err
    done = here("tune", squares, "--find", "lr", "--optim.lr", "0.1")
    assert done.code == 2 and "--find lr looks for the learning rate." in done.err
