"""Folds and seeds: one folder of ordinary runs that goes on after a kill, and is compared whole."""

import csv
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import Once, Outcome, quick
from tests.forks import command, start
from tests.kills import kill

from foveal.data.formats.read import read
from foveal.runs.several.kept import read_kept

Command = Callable[..., Outcome]
pytestmark = pytest.mark.slow
SPLIT = ["--data.val-fraction=0.4"]


@pytest.fixture(scope="module")
def folds(squares: Path, once: Once) -> Path:
    """Two folds; the command is killed in the second one, and resumed."""

    def make(out: Path) -> None:
        flags = [*quick(), "--lr=3e-3", "--train.checkpoint-steps=1"]
        process = start(command, "train", str(squares), "--out", str(out), "--folds", "2", *flags, "--quiet")
        second = out / "fold-2" / "metrics.csv"
        while process.is_alive() and not second.exists():
            time.sleep(0.002)
        assert kill(process), "it was in its second fold"
        assert (out / "fold-1" / "report.html").exists() and not (out / "metrics.json").exists()
        process = start(command, "train", "--resume", str(out), "--quiet")
        process.join()
        assert process.exitcode == 0

    return once("folds", make)


def test_every_image_is_predicted_by_the_run_that_did_not_train_on_it(folds: Path, squares: Path) -> None:
    kept = read_kept(folds / "predictions.jsonl")
    catalog = read(squares)
    assert sorted(image["path"] for image in kept.images) == sorted(catalog.names[i] for i in range(36))
    for image in kept.images:
        trained_on = (folds / f"fold-{image['fold']}" / "trained_on.txt").read_text().split()
        assert image["content"] not in trained_on and len(trained_on) == 18
    rows = list(csv.DictReader((folds / "predictions.csv").read_text().splitlines()))
    assert [row["fold"] for row in rows] == ["1"] * 18 + ["2"] * 18


def test_the_summary_is_of_the_runs(folds: Path) -> None:
    document = json.loads((folds / "metrics.json").read_text())
    each = [json.loads((folds / f"fold-{k}" / "metrics.json").read_text()) for k in (1, 2)]
    values = [one["metrics"]["accuracy"]["value"] for one in each]
    assert document["spread"]["accuracy"]["each"] == values
    assert document["spread"]["accuracy"]["mean"] == pytest.approx(sum(values) / 2)
    assert document["out_of_fold"]["metrics"]["accuracy"]["value"] == pytest.approx(sum(values) / 2)
    assert document["images"] == 36 and [run["images"] for run in document["runs"]] == [18, 18]
    page = (folds / "report.html").read_text()
    assert "Every image was held out by one run and predicted by that run alone." in page and "fold 2" in page


def test_a_fold_is_an_ordinary_run(here: Command, folds: Path, squares: Path, tmp_path: Path) -> None:
    """Killed and resumed, it has the bytes of a run by itself, and its images are found again."""
    flags = [*quick(), "--lr=3e-3", "--data.folds=2", "--data.fold=2", "--data.split-seed=0", "--quiet"]
    process = start(command, "train", str(squares), "--out", str(tmp_path / "alone"), *flags)
    process.join()
    assert process.exitcode == 0
    mine, alone = (folder / "predictions.csv" for folder in (folds / "fold-2", tmp_path / "alone"))
    assert mine.read_bytes() == alone.read_bytes()
    done = here("evaluate", folds / "fold-2", squares, "--split", "val", "--json", "--out", tmp_path / "e")
    assert done.code == 0 and "(seed 0, fold 2 of 2)" in done.err
    known = json.loads((folds / "fold-2" / "metrics.json").read_text())["metrics"]
    assert json.loads(done.out)["metrics"]["accuracy"] == known["accuracy"]


def test_a_complete_folder_says_so(here: Command, folds: Path) -> None:
    done = here("train", "--resume", folds)
    assert done.code == 2 and "all its runs are complete; there is nothing to resume." in done.err
    done = here("predict", folds, folds)
    assert done.code == 2 and f"{folds}: this folder holds several runs." in done.err
    assert f"Name one of them, such as {folds / 'fold-1'}." in done.err


def test_seeds_share_a_split_and_are_compared_whole(here: Command, folds: Path, squares: Path, tmp_path: Path) -> None:
    out = tmp_path / "seeds"
    done = here("train", squares, "--out", out, "--seeds", "2", "--lr=1e-4", *quick(epochs=1), *SPLIT, "--json")
    assert done.code == 0, done.err
    summary = json.loads(done.out.splitlines()[-1])
    assert summary["event"] == "summary" and [run["name"] for run in summary["runs"]] == ["seed-0", "seed-1"]
    first, second = (read_kept(out / name / "predictions.jsonl") for name in ("seed-0", "seed-1"))
    assert [image["content"] for image in first.images] == [image["content"] for image in second.images]
    assert (out / "seed-0" / "model.safetensors").read_bytes() != (out / "seed-1" / "model.safetensors").read_bytes()
    done = here("compare", folds, out, "--out", tmp_path / "c", "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert document["images"] == 15 and [len(side["runs"]) for side in document["sides"]] == [1, 2]
    assert document["pairs"][0]["test"] == "paired_bootstrap" and document["sides"][0]["folds"]
    assert "data.format" not in document["settings"], "what both left open is the same"


def test_what_is_refused(here: Command, squares: Path, folds: Path, tmp_path: Path) -> None:
    for arguments, expected in (
        ((squares, "--folds", "1"), "--folds 1 is not between 2 and 100."),
        ((squares, "--folds", "3", "--seeds", "3"), "--folds and --seeds are two kinds of several runs."),
        ((squares, "--folds", "3", "--data.val-fraction", "0.3"), "--folds makes the splits"),
        ((squares, "--folds", "3", "--out", folds), f"{folds} already exists."),
        ((squares, "--folds", "40", "--out", tmp_path / "r"), "36 different images cannot be spread over 40 folds."),
        (("--resume", folds, "--seeds", "3"), "--resume knows how many runs a folder has."),
        (("--resume", folds, "--lr", "0.1"), "optim.lr is 0.003 in this run and 0.1 on the command line."),
        ((squares, "--data.fold", "3", "--data.folds", "2"), "fold is 3, of 2 folds"),
        ((squares, "--data.folds", "2", "--data.val-fraction", "0.3"), "has no use while --data.folds is 2."),
    ):
        done = here("train", *arguments)
        assert done.code == 2 and expected in done.err, (arguments, done.err)
