"""A study as a user runs it: killed workers, refusals, and what it ends with."""

import json
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import Once, Outcome
from tests.forks import command, start
from tests.kills import kill

from foveal.tune.study.folder import Study, open_study

Command = Callable[..., Outcome]
pytestmark = pytest.mark.slow
FLAGS = [
    "--model.backbone=conv4", "--model.weights=none", "--input.normalize=dataset", "--input.size=32",
    "--train.epochs=4", "--train.batch-size=8", "--data.workers=0", "--train.checkpoint-steps=1",
]  # fmt: skip
SEARCHED = ["--tune", "optim.lr,optim.weight_decay"]
KILLS = 6


@pytest.fixture(scope="module")
def study(squares: Path, once: Once) -> Path:
    """Five trials by two workers, which are killed again and again."""

    def make(out: Path) -> None:
        words = ["tune", str(squares), "--out", str(out), *FLAGS, *SEARCHED, "--trials", "5", "--seeds", "2", "--quiet"]
        workers = [start(command, *words)]
        chance, killed = random.Random(0), 0
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline and not (out / "trials" / "0000").exists():
            time.sleep(0.01)
        workers.append(start(command, "tune", "--worker", str(out), "--quiet"))
        while time.monotonic() < deadline and killed < KILLS and all(one.is_alive() for one in workers):
            time.sleep(chance.uniform(0.5, 2.5))
            place = chance.randrange(2)
            killed += kill(workers[place])
            workers[place] = start(command, "tune", "--worker", str(out), "--quiet")
        for one in workers:
            one.join()
        assert killed >= KILLS // 2 and [one.exitcode for one in workers] == [0, 0]

    return once("study", make)


def test_no_trial_is_lost_or_doubled_and_no_lock_is_left(study: Path) -> None:
    known = open_study(study)
    trials = known.trials()
    assert [one.number for one in trials] == [0, 1, 2, 3, 4]
    assert len({json.dumps(dict(one.settings), sort_keys=True) for one in trials}) == 5
    states = [one.state(known.plan.rungs) for one in trials]
    assert states[0] == "done" and states.count("done") >= 2 and set(states) <= {"done", "paused"}
    left = [path for path in study.rglob("*") if path.name.startswith("lease.") or path.name.endswith(".tmp")]
    assert not left


def test_every_complete_trial_is_a_lone_training(study: Path, here: Command, squares: Path, tmp_path: Path) -> None:
    known = open_study(study)
    for trial in [one for one in known.trials() if one.finished]:
        own = [f"--{key.replace('_', '-')}={value}" for key, value in trial.settings.items()]
        out = tmp_path / str(trial.number)
        assert here("train", squares, "--out", out, *FLAGS, *own, "--quiet").code == 0
        assert (out / "model.safetensors").read_bytes() == (trial.folder / "model.safetensors").read_bytes()


def test_it_ends_with_a_decision_a_model_and_a_page(study: Path, here: Command, squares: Path, tmp_path: Path) -> None:
    decision = json.loads((study / "decision.json").read_text())
    assert decision["decision"] in ("adopt", "keep the default") and decision["best"] > 0 and decision["seeds"] == 2
    found = decision["difference"]
    assert found["low"] <= found["difference"] <= found["high"]
    assert (decision["decision"] == "adopt") == (found["low"] > 0)
    winner = study / "trials" / f"{decision['winner']:04d}"
    assert (study / "model" / "model.safetensors").read_bytes() == (winner / "model.safetensors").read_bytes()
    done = here("evaluate", study / "model", squares, "--split", "val", "--out", tmp_path / "e", "--json")
    assert done.code == 0, done.err
    page = (study / "report.html").read_text()
    assert (
        "Foveal study" in page
        and "too few to tell" in page
        and "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    )
    rungs = [json.loads(line) for line in (study / "rungs.jsonl").read_text().splitlines()]
    assert {row["trial"] for row in rungs if row["rung"] == 1} == {0, 1, 2, 3, 4}


def test_the_confirmation_is_on_other_images_and_can_be_compared(study: Path, here: Command, tmp_path: Path) -> None:
    decision = json.loads((study / "decision.json").read_text())
    sides = [study / "confirm" / f"{number:04d}" for number in (0, decision["best"])]
    done = here("compare", *sides, "--out", tmp_path / "c", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["images"] == 36, "every image was predicted by a run that had not seen it"
    kept = json.loads((study / "confirm" / "comparison" / "comparison.json").read_text())
    own = decision["difference"]
    for told in (kept["pairs"][0], next(one for one in kept["metrics"] if one["metric"] == own["metric"])):
        assert [told[name] for name in ("difference", "low", "high", "p")] == [
            own[name] for name in ("difference", "low", "high", "p")
        ], "the page that the study links to says what the study says"
    assert (kept["pairs"][0]["decision"] == "no difference seen") == (own["low"] <= 0 <= own["high"])
    splits = [
        set((place / "trained_on.txt").read_text().split()) for place in (*sides[0].glob("fold-*"), study / "model")
    ]
    assert len(splits) == 3 and splits[2] not in splits[:2]


def test_a_study_that_is_over(study: Path, here: Command, squares: Path, tmp_path: Path) -> None:
    done = here("tune", "--resume", study)
    assert done.code == 2 and "this study is over; there is nothing to resume." in done.err
    assert "Go on with more trials (--trials 10)" in done.err
    backbones = tmp_path / "backbones.toml"
    backbones.write_text('"model.backbone" = ["resnot18", "conv4"]\n')
    for words, expected in (
        ((squares, "--out", study), "already holds a study."),
        (("--resume", study, "--optim.lr", "0.1"), "--resume uses the settings of the study."),
        (("--resume", squares), "not a study (no study.toml)."),
        (("--worker", tmp_path), "not a study (no study.toml)."),
        ((squares, "--out", study / "trials"), "already exists, and is no study."),
        ((squares, "--out", squares / "study"), "is inside the data set"),
        ((squares, "--trials", "1", "--out", tmp_path / "t"), "--trials 1 is not between 2 and 1,000."),
        ((squares, "--seeds", "1", "--out", tmp_path / "t"), "--seeds 1 is not between 2 and 20."),
        ((squares, "--tune", "data.split_seed", "--out", tmp_path / "t"), "would compare different images."),
        ((squares, "--tune", "optim.lrr", "--out", tmp_path / "t"), "unknown key 'optim.lrr'."),
        ((squares, "--space", backbones, "--out", tmp_path / "t"), "Unknown backbone 'resnot18'."),
        ((), "No data set is given."),
        (("--resume", study, "--tune", "optim.lr", "--seeds", "3"), "--resume has no use for --tune, --seeds."),
        (("--resume", study, "--epochs", "3"), "--resume uses the settings of the study."),
        (("--worker", study, "--trials", "9"), "--worker has no use for --trials."),
        ((squares, "--epochs", "0"), "--epochs 0 is not allowed"),
        ((squares, "--find", "lr", "--open"), "--find has no use for --open."),
        ((squares, "--data.folds", "3", "--out", tmp_path / "t"), "The confirmation makes its own folds."),
        ((squares, "--train.time-s", "9", "--out", tmp_path / "t"), "would compare trials by the clock."),
        ((squares, "--workers", "0", "--out", tmp_path / "t"), "--workers 0 is not between 1 and 256."),
    ):
        done = here("tune", *words)
        assert done.code == 2 and expected in done.err, (words, done.err)
        if "already" in expected:
            assert "images" not in done.out, "before the data is read"
        assert not (tmp_path / "t").exists()


def test_a_study_that_lost_a_trial(study: Path, here: Command, tmp_path: Path) -> None:
    copy = tmp_path / "a study"
    best = json.loads((study / "decision.json").read_text())["best"]
    for number in (0, best):
        shutil.copytree(study, copy, ignore=shutil.ignore_patterns("model", "decision.json"))
        lost = copy / "trials" / f"{number:04d}"
        shutil.rmtree(lost)
        for words in (("--resume", copy), ("--worker", copy)):
            done = here("tune", *words)
            assert done.code == 2 and f"{lost}: this trial of the study is missing." in done.err
            assert not (copy / "decision.json").exists() and not lost.exists()
        shutil.rmtree(copy)


def test_a_study_that_lost_a_fold_makes_it_again(study: Path, here: Command, tmp_path: Path) -> None:
    copy = tmp_path / "a study"
    shutil.copytree(study, copy, ignore=shutil.ignore_patterns("model", "decision.json"))
    before = json.loads((study / "decision.json").read_text())
    shutil.rmtree(copy / "confirm" / f"{before['best']:04d}" / "fold-2")
    done = here("tune", "--resume", copy)
    assert done.code == 0 and f"foveal tune --resume '{copy}'" in done.out, done.err
    after = json.loads((copy / "decision.json").read_text())
    assert after["difference"] == before["difference"] and after["decision"] == before["decision"]


def test_other_data_or_other_code(study: Path, here: Command, squares: Path, tmp_path: Path) -> None:
    copy = tmp_path / "study"
    shutil.copytree(study, copy, ignore=shutil.ignore_patterns("model", "decision.json"))
    plan = (copy / "study.toml").read_text()
    (copy / "study.toml").write_text(plan.replace('foveal = "', 'foveal = "9'))
    done = here("tune", "--resume", copy)
    assert done.code == 2 and f"{copy} was made with foveal 9" in done.err
    other = tmp_path / "data"
    shutil.copytree(squares, other)
    next(iter(other.rglob("*.png"))).unlink()
    (copy / "study.toml").write_text(plan.replace(str(squares), str(other)))
    done = here("tune", "--resume", copy)
    assert done.code == 2 and "the data set is not the one that" in done.err and "36 images before, 35 now" in done.err


def test_a_budget_under_one_trial(here: Command, squares: Path, tmp_path: Path) -> None:
    flags = [flag for flag in FLAGS if not flag.startswith(("--train.epochs", "--train.checkpoint"))]
    flags.append("--train.epochs=200")
    done = here("tune", squares, "--out", tmp_path / "s", *flags, "--time", "2s", "--quiet")
    assert done.code == 2 and "The time budget of 2 s is under one trial, which takes about" in done.err
    assert f"foveal tune --resume {tmp_path / 's'} --time" in done.err, "its folder is there, so --out is taken"


def test_under_one_trial_the_default_is_trained_in_the_time_left(here: Command, squares: Path, tmp_path: Path) -> None:
    flags = [flag for flag in FLAGS if not flag.startswith(("--train.epochs", "--train.checkpoint"))]
    flags.append("--train.epochs=3000")
    began = time.monotonic()
    done = here("tune", squares, "--out", tmp_path / "s", *flags, *SEARCHED, "--time", "26s", "--json")
    assert done.code == 0 and time.monotonic() - began < 3 * 26, "how exactly it is kept: benchmarks/tune_quality.py"
    found = json.loads(done.out)
    assert found["decision"] == "keep the default" and found["against_default"] is None
    assert found["why"].startswith("the time budget of 26 s is under one trial, which takes about")
    assert [one["name"] for one in found["trials"]] == ["default", "default in the time left"]
    assert found["trials"][0]["state"] in ("waiting", "stopped") and found["trials"][1]["state"] == "done"
    assert (tmp_path / "s" / "model" / "metrics.json").exists() and found["winner"]["id"] == 1


def test_three_alike_stop_the_study_and_both_its_workers(here: Command, squares: Path, tmp_path: Path) -> None:
    space = tmp_path / "space.toml"
    space.write_text('"optim.name" = ["adam1x", "adam2x", "adam3x", "adam4x"]\n')
    limits = ["--trials", "5", "--workers", "2", "--quiet"]
    done = here("tune", squares, "--out", tmp_path / "s", *FLAGS, "--space", space, *limits)
    assert done.code == 2 and "3 trials failed alike:" in done.err and "adam" in done.err
    study: Study = open_study(tmp_path / "s")
    failed = [one for one in study.trials() if one.failure is not None]
    assert len(failed) >= 3 and all(one.number for one in failed)
    assert not list((tmp_path / "s").rglob("lease.*"))
