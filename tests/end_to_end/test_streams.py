"""Texts and series as a user meets them: train, resume, evaluate, export, generate."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import Outcome, run_python
from tests.end_to_end.test_fifth_task import WITHOUT_TORCH
from tests.kills import train_with_kills, train_with_stops

SMALL = ["--sequence.hidden=32", "--batch-size=8", "--sequence.window=16", "--lr=1e-2"]
EPOCHS = "--epochs=3"
Here = Callable[..., Outcome]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Numbers counted in words, with accents and line breaks."""
    words = ["zéro", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    file = tmp_path_factory.mktemp("text") / "counting.txt"
    file.write_text("\n".join(" ".join(words[int(d)] for d in str(i)) for i in range(1000)), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def trained(text: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    out = tmp_path_factory.mktemp("runs") / "counting"
    train_with_stops(text, *SMALL, EPOCHS, folder=out, before=())
    return out


@pytest.fixture(scope="module")
def exported(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as .onnx."""
    from foveal.runs.streams.export import export_stream

    out = tmp_path_factory.mktemp("exported") / "model.onnx"
    _, parity, source = export_stream(trained, out=out, data=None, changed=False)
    assert parity.passed and set(parity.differences) == {
        f"{name}, {form}" for name in ("log_probability", "state") for form in ("at once", "one by one")
    }
    assert "counting.txt" in source and json.loads((out.parent / "parity.json").read_text())["passed"]
    return out


def test_it_learns_and_reports(trained: Path) -> None:
    document = json.loads((trained / "metrics.json").read_text())
    bits = document["metrics"]["bits_per_char"]
    assert bits["low"] < bits["value"] < bits["high"] and bits["value"] < 2.0, "letters of chance cost 3.9"
    assert document["task"] == "sequence" and document["characters"] > 1000
    assert set(document["metrics"]) == {"bits_per_char", "perplexity", "accuracy"}
    samples = sorted((trained / "samples").iterdir())
    assert len(samples) == 3 and all(len(file.read_text(encoding="utf-8")) == 400 for file in samples)
    page = (trained / "report.html").read_text(encoding="utf-8")
    assert "What it writes, stage by stage" in page and "Most surprising passages" in page
    assert '<pre class="passage">' in page and "held out at the end" in page


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_nothing_had_happened(trained: Path, text: Path, tmp_path: Path) -> None:
    """In the middle of a pass, where the state of the cells is carried."""
    killed = tmp_path / "killed"
    own = [*SMALL, EPOCHS, "--train.checkpoint-steps=3", "--quiet"]
    assert train_with_kills(text, *own, folder=killed, seed=0, kills=1) == 1, "it was over before a kill"
    assert (killed / "model.safetensors").read_bytes() == (trained / "model.safetensors").read_bytes()


def test_every_path_evaluates_the_same(here: Here, trained: Path, exported: Path, text: Path, tmp_path: Path) -> None:
    known = json.loads((trained / "metrics.json").read_text())["metrics"]
    for place, model in enumerate((trained, exported)):
        done = here("evaluate", model, text, "--split", "val", "--json", "--out", tmp_path / str(place))
        assert done.code == 0, done.err
        found = json.loads(done.out)["metrics"]
        for name, value in known.items():
            assert found[name]["value"] == pytest.approx(value["value"], abs=1e-5)
    assert (tmp_path / "0" / "report.html").exists() and (tmp_path / "0" / "predictions.csv").exists()


def test_generate_without_torch(here: Here, trained: Path, exported: Path) -> None:
    arguments = ["--prompt", "one two\n", "--temperature", "0.8", "--top-p", "0.9", "--length", "200", "--seed", "1"]
    done = run_python("-c", WITHOUT_TORCH, "generate", str(exported), *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("one two\n") and len(done.stdout) == 8 + 200 + 1
    assert here("generate", trained, *arguments).out == done.stdout, "torch writes the same"


def test_mistakes(here: Here, trained: Path, text: Path, tmp_path: Path) -> None:
    done = here("generate", trained, "--prompt", "One ñ")
    assert done.code == 2
    assert "--prompt: the model does not know 'O', 'ñ'; the first is in line 1, column 1." in done.err
    assert "Write 'o' instead" in done.err
    done = here("train", text, "--out", tmp_path / "a", "--size", "32")
    assert "--input.size is a setting of classify, detect, segment and instance, and the task is sequence." in done.err
    short = tmp_path / "short.txt"
    short.write_text("to be or not")
    done = here("train", short, "--out", tmp_path / "b")
    assert f"{short}: 11 characters to train on are too few: a window and what comes after it are" in done.err
    assert "a shorter window" in done.err
    done = here("predict", trained, text)
    assert "a model on text." in done.err and "foveal generate" in done.err
    done = here("explain", trained, text)
    assert "a model on text, not on images" in done.err and "foveal generate" in done.err
    done = here("train", "--resume", trained)
    assert "this run is complete" in done.err
    short.write_text("one two three")
    done = here("evaluate", trained, short, "--split", "val")
    assert "not what the model was trained on" in done.err


def test_other_networks_are_exported_too(here: Here, text: Path, tmp_path: Path) -> None:
    out, options = tmp_path / "run", ["--sequence.cell=gru", "--sequence.layers=2", "--sequence.attention=8"]
    own = [*SMALL, "--epochs=1", "--sequence.alphabet=byte", "--sequence.embedding=8", *options]
    done = here("train", text, "--out", out, *own)
    assert done.code == 0, done.err
    done = here("export", out)
    assert done.code == 0, done.err
    assert here("generate", out / "model.onnx", "--length", "20").code == 0
    assert here("generate", out, "--prompt", "one two", "--attention", tmp_path / "map.png").code == 0
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    done = here("generate", out / "model.onnx", "--prompt", "one two", "--attention", tmp_path / "map.png")
    assert done.code == 2 and "An exported model keeps no attention weights." in done.err


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sines with a season of 12 and a little noise."""
    rng, steps = np.random.default_rng(0), np.arange(600)
    waves = 50 + np.stack([10 * np.sin(steps * np.pi / 6), 5 * np.cos(steps * np.pi / 6)], 1)
    values = waves + 0.3 * rng.standard_normal((600, 2))
    file = tmp_path_factory.mktemp("series") / "waves.csv"
    file.write_text("t,a,b\n" + "".join(f"{t},{a:.4f},{b:.4f}\n" for t, (a, b) in zip(steps, values, strict=True)))
    return file


def test_a_series(here: Here, series: Path, tmp_path: Path) -> None:
    out, own = tmp_path / "run", ["--forecast.hidden=16", "--forecast.horizon=2", "--epochs=30", "--lr=1e-2"]
    done = here("train", series, "--out", out, *own, "--forecast.cell=gru")
    assert done.code == 0, done.err
    document = json.loads((out / "metrics.json").read_text())
    metrics = document["metrics"]
    assert metrics["mae_over_naive"]["high"] < 0.5 and "seasonal_mae" in metrics and "rmse" in metrics
    assert "season = 12" in (out / "config.toml").read_text()
    assert (out / "predictions.csv").read_text().splitlines()[0] == (
        "time,a,a predicted +1,a predicted +2,b,b predicted +1,b predicted +2"
    )
    assert here("export", out).code == 0
    done = here("evaluate", out / "model.onnx", series, "--split", "val", "--json", "--out", tmp_path / "evaluated")
    assert json.loads(done.out)["metrics"]["mae"]["value"] == pytest.approx(metrics["mae"]["value"], abs=1e-4)
    rows = [json.loads(here("predict", model, series, "--json").out) for model in (out, out / "model.onnx")]
    assert rows[0]["after"] == "599" and [row["step"] for row in rows[0]["ahead"]] == [1, 2]
    assert rows[0]["ahead"][0]["a"] == pytest.approx(50.0, abs=2) and rows[0]["ahead"][1]["b"] == pytest.approx(
        rows[1]["ahead"][1]["b"], abs=1e-3
    )
    assert "after 599" in here("predict", out, series).out
    done = here("generate", out)
    assert done.code == 2 and "a model on values writes no text" in done.err


def test_a_model_worse_than_the_baseline_says_so(here: Here, tmp_path: Path) -> None:
    """What comes next of a coin's tosses that are summed up cannot be known better than by the last sum."""
    walk = np.random.default_rng(0).choice([-1.0, 1.0], 400).cumsum()
    file = tmp_path / "walk.csv"
    file.write_text("t,sum\n" + "".join(f"{t},{value}\n" for t, value in enumerate(walk)))
    done = here("train", file, "--out", tmp_path / "run", "--epochs=5", "--lr=3e-2", "--forecast.hidden=16")
    assert done.code == 0, done.err
    assert "the naive baseline, which says that nothing changes" in done.out


@pytest.mark.slow
def test_a_study_is_confirmed_on_blocks_that_chose_nothing(here: Here, text: Path, tmp_path: Path) -> None:
    out = tmp_path / "study"
    words = ["--sequence.hidden=16", "--batch-size=8", "--sequence.window=16", "--lr=1e-5", "--epochs=2"]
    done = here("tune", text, "--out", out, *words, "--tune", "optim.lr", "--trials", "2", "--seeds", "2", "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert document["metric"] == "bits_per_char" and document["characters"] > 10_000 and "images" not in document
    assert document["against_default"]["difference"] < 0 and document["against_default"]["seeds"] == 2
    known = [json.loads((out / "confirm" / "0000" / f"fold-{k}" / "data.json").read_text()) for k in (1, 2)]
    whole = document["characters"]
    assert [one["train"] for one in known] == pytest.approx([0.8 * whole, 0.85 * whole], abs=2)
    assert sum(one["held_out"] for one in known) == pytest.approx(0.1 * whole, abs=2)
    page = (out / "report.html").read_text()
    assert "less is better" in page and "evaluated on what comes right after it" in " ".join(page.split())
    done = here("evaluate", out / "model", text, "--split", "val", "--out", tmp_path / "e", "--json")
    assert done.code == 0 and json.loads(done.out)["characters"] == pytest.approx(0.1 * whole, abs=2)
    other = tmp_path / "other"
    for arguments, expected in (
        (("--find", "batch"), "finds a batch size for images"),
        (("--find", "lr"), "finds a learning rate for images"),
        (("--advise", "--out", other), "--advise is for images"),
        (("--out", other, "--sequence.window=1000", "--batch-size=32"), "to train on are too few"),
        (("--out", other, "--tune", "augment.mixup"), "is a setting of"),
        (("--out", other, "--size", "32"), "--input.size is a setting of"),
    ):
        done = here("tune", text, *arguments)
        assert done.code == 2 and expected in done.err and not other.exists(), (arguments, done.err)
