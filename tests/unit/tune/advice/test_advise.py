"""Advice on a small data set: a killed command goes on, every run is an ordinary one, and time is kept."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import Once, Outcome
from tests.forks import command, start
from tests.kills import kill
from tests.scenes import write_squares

from foveal.data.formats.read import read

Command = Callable[..., Outcome]
pytestmark = pytest.mark.slow
FLAGS = [
    "--model.backbone=conv4",
    "--model.weights=none",
    "--input.normalize=dataset",
    "--input.size=32",
    "--train.epochs=2",
    "--optim.lr=3e-3",
]
LONG = ["--train.epochs=50000"]


@pytest.fixture(scope="module")
def data(once: Once) -> Path:
    return once("squares-of-advice", lambda folder: write_squares(folder, per_class=20))


@pytest.fixture(scope="module")
def advised(data: Path, once: Once) -> Path:
    """Two seeds; the command is killed in its third run, and resumed."""

    def make(out: Path) -> None:
        process = start(command, "tune", str(data), "--advise", "--seeds", "2", "--out", str(out), *FLAGS, "--json")
        third = out / "half-seed-0" / "metrics.csv"
        while process.is_alive() and not third.exists():
            time.sleep(0.002)
        assert kill(process), "it was in its third run"
        assert (out / "quarter-seed-0" / "metrics.json").exists() and not (out / "advice.json").exists()
        process = start(command, "tune", "--advise", "--resume", str(out), "--json")
        process.join()
        assert process.exitcode == 0

    return once("advised", make)


def test_what_is_found(advised: Path) -> None:
    document = json.loads((advised / "advice.json").read_text())
    names = [f"{part}-seed-{seed}" for seed in (0, 1) for part in ("eighth", "quarter", "half", "all")]
    changes = ["larger-input", "more-epochs", "larger-network"]
    names += [f"{change}-seed-{seed}" for seed in (0, 1) for change in changes]
    assert [run["name"] for run in document["runs"]] == names and document["failed"] == {}
    parts = document["curve"]["parts"]
    assert [round(parts[name]["images"]) for name in ("eighth", "quarter", "half", "all")] == [6, 12, 24, 48]
    back = document["curve"]["back_test"]
    assert document["curve"]["holds"] == (back["low"] <= back["found"] <= back["high"])
    assert bool(document["curve"]["more_images"]) == document["curve"]["holds"]
    assert sorted(change["name"] for change in document["changes"]) == sorted(changes)
    for change in document["changes"]:
        assert change["seeds"] == 2 and change["low"] <= change["gain"] <= change["high"]
    assert document["metric"] == "accuracy" and document["budget_s"] is None
    page = (advised / "report.html").read_text()
    assert document["report"] == str(advised / "report.html") and "Foveal advice" in page
    assert "larger input (32 to 48 px)" in page and 'href="all-seed-1/report.html"' in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")


def test_its_runs_are_ordinary_and_nested(advised: Path, data: Path, here: Command, tmp_path: Path) -> None:
    trained = {
        part: set((advised / f"{part}-seed-1" / "trained_on.txt").read_text().split())
        for part in ("eighth", "quarter", "half", "all")
    }
    assert trained["eighth"] < trained["quarter"] < trained["half"] < trained["all"]
    half = tmp_path / "half"
    flags = ["--seed=1", "--data.split-seed=0", "--data.train-fraction=0.5", "--quiet"]
    process = start(command, "train", str(data), "--out", str(half), *FLAGS, *flags)
    process.join()
    assert process.exitcode == 0
    name = "predictions.csv"
    assert (half / name).read_bytes() == (advised / "half-seed-1" / name).read_bytes()
    done = here("compare", advised / "half-seed-1", advised / "all-seed-1", "--out", tmp_path / "c", "--json")
    assert done.code == 0 and json.loads(done.out)["images"] == len(read(data)) - 48


def test_the_screen(here: Command, advised: Path) -> None:
    """All runs are complete: resuming sums up again."""
    done = here("tune", "--advise", "--resume", advised)
    assert done.code == 0, done.err
    assert f"report  {advised / 'report.html'}" in " ".join(done.out.split("\n"))
    for text in ("back-test: up to half of the images predict", "one change", "larger input (32 to 48 px)", "14 runs"):
        assert text in done.out, done.out


def test_time_and_mistakes(here: Command, data: Path, advised: Path, tmp_path: Path) -> None:
    out = tmp_path / "short"
    for arguments, expected in (
        ((data, "--time", "1s", "--out", out, *FLAGS), "A few steps alone take longer than the time limit of 1 s."),
        ((data, "--time", "90s", "--out", out, *FLAGS[:4], *LONG), "One run on all images takes about"),
        ((data, "--out", advised, *FLAGS), f"{advised} already exists."),
        (("--resume", tmp_path), "not a folder of advice (no advice.toml)."),
        (("--resume", advised, "--seeds", "2"), "--resume knows what was planned."),
        (("--resume", advised, "--out", out), "--resume has no use for --out."),
        ((data, "--data.folds", "3", *FLAGS), "--advise holds out one split."),
        ((data, "--out", out, "--data.val-fraction", "0.1", *FLAGS), "6 are too few, it takes 10."),
    ):
        done = here("tune", "--advise", *arguments)
        assert done.code == 2 and expected in done.err, (arguments, done.err)
    assert not out.exists()
