"""What `foveal tune` is held to, on small trainings that a CPU finishes in minutes.

- T1: a default whose learning rate is 30 times too large, or 100 times too small: 12 trials regain at least 90% of
  what that costs, on images that no trial was evaluated on (digits; with --data, hymenoptera by its validation split,
  where the fitted head is kept whatever the rate, so that there is little to regain).
- T2: 20 studies of a setting that changes nothing but chance: at most 3 adopt something (4 or more have a probability
  of 1.6% at 5%).
- T3: two workers and 20 SIGKILLs: no trial lost or doubled, every complete trial byte-equal to a lone training, no
  lease left.
- T4: `--time` is kept within 5%, and each study ends with a trained, evaluated model.
- T5: 27 trials pause at rungs: at most 40% of the cost of a full search, and a score within a standard error of it.
- T6: a paused trial has the bytes of one that never paused.

Prints a line per study and exits with 1 if a bar is missed.

    python benchmarks/tune_quality.py --only T1 [--studies N] [--data HYMENOPTERA] [--time 10m]
"""

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

import foveal
from foveal.runs.digits import write_digits
from foveal.tune.document import score_of
from foveal.tune.start import tune
from foveal.tune.study.folder import open_study

EPOCHS = 9
KILLED_TRIALS = 30
LR = 2e-3
"""What suits conv4 on the digits."""
SMALL: Mapping[str, Mapping[str, object]] = {
    "model": {"backbone": "conv4", "weights": "none"},
    "input": {"normalize": "dataset", "size": 16},
    "train": {"epochs": EPOCHS, "batch_size": 32},
    "data": {"workers": 0},
}


def digits(folder: Path, *, of: int = 1) -> Path:
    """The digits as image folders, every ``of``-th of the training images."""
    if not (folder / "digits").exists():
        write_digits(folder / "digits")
        for number, file in enumerate(sorted((folder / "digits" / "train").rglob("*.png"))):
            if number % of:
                file.unlink()
    return folder / "digits"


def small(**sections: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """The settings of a small training."""
    names = {*SMALL, *sections}
    return {name: {**SMALL.get(name, {}), **sections.get(name, {})} for name in names}


def accuracy(model: Path, data: Path, split: str | None, out: Path) -> float:
    """On images that no trial was evaluated on."""
    return foveal.evaluate(model, data, split=split, out=out).results.metrics["accuracy"].value


def t1(folder: Path, options: argparse.Namespace) -> bool:
    """A spoiled default."""
    good = True
    data = digits(folder)
    cases: list[tuple[str, Path, Path, str | None, float, dict[str, dict[str, object]]]] = []
    if options.data is None:
        cases.append(("digits", data / "train", data / "test", None, LR, small()))
    else:
        cases.append((options.data.name, options.data, options.data, "val", 0.0, {"data": {"workers": 0}}))
    for name, train, test, split, lr, settings in cases:
        out = folder / f"{name}-shipped"
        shipped = {**settings, "optim": {"lr": lr}} if lr else settings
        foveal.train(train, settings=shipped, out=out)
        best = accuracy(out, test, split, folder / f"{name}-shipped-e")
        rate = lr or read_lr(out)
        for spoil in (30.0, 0.01):
            spoiled = {**settings, "optim": {"lr": rate * spoil}}
            study = folder / f"{name}-{spoil:g}"
            began = time.monotonic()
            done = tune(train, settings=spoiled, space=["optim.lr"], trials=12, out=study)
            worst = accuracy(study / "trials" / "0000", test, split, folder / f"{name}-{spoil:g}-w")
            found = accuracy(done.model, test, split, folder / f"{name}-{spoil:g}-f")
            regained = (found - worst) / (best - worst) if best > worst else 1.0 + found - worst
            print(
                f"T1 {name} rate x{spoil:g}: {worst:.3f} spoiled, {best:.3f} shipped, {found:.3f} found;"
                f" {regained:.0%} regained, {done.decision}, {time.monotonic() - began:.0f} s"
            )
            good &= regained >= 0.9
    return good


def read_lr(run: Path) -> float:
    """The learning rate that a run chose."""
    import tomllib

    return float(tomllib.loads((run / "config.toml").read_text())["optim"]["lr"])


def t2(folder: Path, options: argparse.Namespace) -> bool:
    """Settings that change nothing but chance."""
    data = digits(folder, of=4) / "train"
    adopted = 0
    for number in range(options.first, options.first + (options.studies or 20)):
        settings = small(train={"epochs": 4}, optim={"lr": 5e-3})
        space = {"optim.momentum": {"low": 0.895, "high": 0.905}, "optim.weight_decay": {"low": 0.045, "high": 0.055}}
        out = folder / f"null-{number}"
        done = tune(data, settings=[settings, {"seed": number}], space=space, trials=7, out=out)
        against = done.document["against_default"]
        adopted += done.decision == "adopt"
        print(
            f"T2 study {number + 1}: {against['difference']:+.4f} ({against['low']:+.4f} to {against['high']:+.4f}),"
            f" {done.decision}; adopted {adopted}"
        )
        shutil.rmtree(out)
    return adopted <= 3


def t3(folder: Path, options: argparse.Namespace) -> bool:
    """Kills."""
    data, study = digits(folder, of=4) / "train", folder / "killed"
    words = flags_of(small(train={"epochs": EPOCHS, "checkpoint_steps": 3}))
    command = [sys.executable, "-m", "foveal"]
    first = ["tune", str(data), "--out", str(study), *words, "--tune", "optim.lr,optim.weight_decay"]
    again = [*command, "tune", "--worker", str(study)]
    workers = [subprocess.Popen([*command, *first, "--trials", str(KILLED_TRIALS), "--seeds", "2", "--quiet"])]
    while not (study / "trials" / "0000").exists():
        time.sleep(0.05)
    workers.append(subprocess.Popen(again))
    chance, killed, goal = random.Random(1), 0, options.studies or 20
    while killed < goal and all(one.poll() is None for one in workers):
        time.sleep(chance.uniform(4, 9))
        place = chance.randrange(2)
        if workers[place].poll() is None:
            workers[place].send_signal(signal.SIGKILL)
            workers[place].wait()
            killed += 1
            workers[place] = subprocess.Popen(again)
    codes = [one.wait() for one in workers]
    known = open_study(study)
    trials = known.trials()
    complete = [one for one in trials if one.finished]
    equal = 0
    for trial in complete:
        out = folder / f"lone-{trial.number}"
        own = [f"--{key.replace('_', '-')}={value}" for key, value in trial.settings.items()]
        subprocess.run([*command, "train", str(data), "--out", str(out), *words, *own, "--quiet"], check=True)
        equal += (out / "model.safetensors").read_bytes() == (trial.folder / "model.safetensors").read_bytes()
    left = [str(path) for path in study.rglob("lease*")]
    numbers = [one.number for one in trials]
    print(
        f"T3 {killed} kills, exit codes {codes}: {len(trials)} trials, {len(complete)} complete, {equal} byte-equal,"
        f" {len(left)} leases left, {known.decision()['decision'] if known.decision() else 'no decision'}"  # type: ignore[index]
    )
    return killed >= goal and numbers == list(range(KILLED_TRIALS)) and equal == len(complete) and not left


def t4(folder: Path, options: argparse.Namespace) -> bool:
    """The time budget."""
    good = True
    data = options.data or digits(folder) / "train"
    settings = {} if options.data else flags_of(small())
    for number in range(options.studies or 5):
        out = folder / f"timed-{number}"
        words = [
            sys.executable,
            "-m",
            "foveal",
            "tune",
            str(data),
            "--out",
            str(out),
            "--time",
            options.time,
            *settings,
        ]
        began = time.monotonic()
        done = subprocess.run([*words, "--json"], check=False, capture_output=True, text=True)
        spent = time.monotonic() - began
        found = json.loads(done.stdout) if done.returncode == 0 else {"trials": [], "decision": done.stderr, "why": ""}
        budget = seconds_of(options.time)
        model = (out / "model" / "metrics.json").exists()
        print(
            f"T4 study {number + 1}: {spent:.0f} s of {budget:.0f} s ({spent / budget:.0%}),"
            f" {len(found['trials'])} trials, {found['decision']} ({found['why']}),"
            f" model {'evaluated' if model else 'missing'}"
        )
        good &= spent <= 1.05 * budget and model
    return good


def t5(folder: Path, options: argparse.Namespace) -> bool:
    """Rungs against full trials."""
    data = digits(folder, of=2) / "train"
    shares, gaps = [], []
    for seed in range(options.first, options.first + (options.studies or 5)):
        settings: list[Mapping[str, object]] = [small(optim={"lr": LR / 3}), {"seed": seed}]
        out = folder / f"rungs-{seed}"
        tune(data, settings=settings, space=["optim.lr", "optim.weight_decay"], trials=27, seeds=2, out=out)
        known = open_study(out)
        trials = known.trials()
        spent = sum(trial.rows[-1]["epoch"] for trial in trials)
        shares.append(spent / (EPOCHS * len(trials)))
        # The full search has the same proposals, each trained to its end.
        scores = {trial.number: score_of(trial, known) for trial in trials if trial.finished}
        full = dict(scores)
        for trial in trials:
            if not trial.finished:
                run = foveal.train(resume=trial.folder)
                full[trial.number] = float(run.results.metrics["accuracy"].value)  # type: ignore[union-attr]
        gaps.append(max(full.values()) - max(scores.values()))
        error = float(np.sqrt(max(full.values()) * (1 - max(full.values())) / (0.2 * known.plan.images)))
        print(
            f"T5 seed {seed}: {shares[-1]:.0%} of the epochs, best {max(scores.values()):.3f} of"
            f" {max(full.values()):.3f}, standard error {error:.3f}"
        )
    good = float(np.mean(shares)) <= 0.4 and float(np.mean(gaps)) <= error
    print(f"T5: {np.mean(shares):.0%} of the cost, {np.mean(gaps):.4f} below a full search")
    return good


def t6(folder: Path, options: argparse.Namespace) -> bool:
    """A paused trial."""
    del options
    data = digits(folder, of=4) / "train"
    done = tune(data, settings=small(), space=["optim.lr"], trials=7, seeds=2, out=folder / "paused")
    equal = []
    for trial in open_study(done.folder).trials():
        if trial.finished and trial.number:
            lone = folder / f"never-{trial.number}"
            foveal.train(data, settings=[small(), {"optim": {"lr": trial.settings["optim.lr"]}}], out=lone)
            names = ("model.safetensors", "predictions.csv")
            equal.append(all((lone / name).read_bytes() == (trial.folder / name).read_bytes() for name in names))
    print(f"T6 {sum(equal)} of {len(equal)} trials that paused have the bytes of one that never did")
    return bool(equal) and all(equal)


def flags_of(settings: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Settings as they are typed."""
    return [f"--{s}.{n.replace('_', '-')}={v}" for s, values in settings.items() for n, v in values.items()]


def seconds_of(text: str) -> float:
    """Of a duration such as 10m."""
    from foveal.config.duration import parse_duration

    return parse_duration(text)


BARS: Mapping[str, Callable[[Path, argparse.Namespace], bool]] = {
    "T1": t1, "T2": t2, "T3": t3, "T4": t4, "T5": t5, "T6": t6,
}  # fmt: skip


def main() -> None:
    """Run the bars that were asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=BARS)
    parser.add_argument("--studies", type=int, help="studies of T2, T4 and T5, or kills of T3")
    parser.add_argument("--first", type=int, default=0, help="number of the first study of T2 and T5")
    parser.add_argument("--data", type=Path, help="another data set for T1 and T4")
    parser.add_argument("--time", default="10m", help="budget of T4")
    options = parser.parse_args()
    missed = []
    for name in [options.only] if options.only else list(BARS):
        with tempfile.TemporaryDirectory() as folder:
            if not BARS[name](Path(folder), options):
                missed.append(name)
    print(f"missed: {', '.join(missed)}" if missed else "all bars are met")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
