"""Training options as users mean them, on small generated images."""

import csv
import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tests.conftest import Outcome, quick
from tests.scenes import UNKNOWN, write_coco, write_masks, write_voc

import foveal
from foveal.artifact.store import load
from foveal.config.files import shipped
from foveal.config.schema import parse_config
from foveal.engine.logs.log import Log
from foveal.engine.loop import Training
from foveal.errors import TrainingError
from foveal.runs.resolve import resolve
from foveal.runs.start import Trained, open_data
from foveal.types.samples import Batch

CONV4 = {
    "model": {"backbone": "conv4", "weights": "none"},
    "input": {"size": 32, "normalize": "dataset"},
    "train": {"epochs": 1, "batch_size": 8},
    "data": {"workers": 0},
}


def trained(squares: Path, out: Path, **settings: dict[str, object]) -> Trained:
    done = foveal.train(squares, out=out, settings=[CONV4, settings])
    assert done is not None
    return done


def test_frames_of_a_video_are_told_once_and_stay_beside_the_results(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for split, label in (("train", "a"), ("train", "b"), ("val", "a"), ("val", "b")):
        (tmp_path / "data" / split / label).mkdir(parents=True)
        for i in range(20):
            if i % 10 == 0:
                scene = rng.uniform(0, 255, (4, 4, 3))
            scene = (scene + rng.normal(0, 8, (4, 4, 3))).clip(0, 255)
            pixels = scene.repeat(8, 0).repeat(8, 1).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / split / label / f"{i:03d}.png")
    notes: list[str] = []

    class Notes(Log):
        def note(self, text: str) -> None:
            notes.append(text)

    done = foveal.train(tmp_path / "data", out=tmp_path / "run", settings=CONV4, log=Notes())
    assert done is not None
    (caution,) = done.results.cautions
    assert caution.startswith("Neighbouring images look nearly alike") and notes.count(caution) == 1


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_an_optimiser_by_its_name_alone_learns(squares: Path, tmp_path: Path, name: str) -> None:
    """With AdamW's rate and decay, SGD would stand still and its weights would fade."""
    done = trained(squares, tmp_path / "run", optim={"name": name}, train={"epochs": 12, "patience": 0})
    optim = tomllib.loads((tmp_path / "run" / "config.toml").read_text())["optim"]
    assert optim["weight_decay"] == 1e-4 and optim["lr"] == pytest.approx(0.002 * (10 if name == "sgd" else 1))
    assert done.results.metrics["accuracy"].value >= 0.9


@pytest.mark.parametrize(
    "settings",
    [
        {"optim": {"name": "sgd", "lr": 0.05}, "schedule": {"name": "step", "step_epochs": 1}},
        {"optim": {"name": "nesterov", "lr": 0.05, "clip_norm": 0}, "schedule": {"name": "onecycle"}},
        {"optim": {"name": "adam", "ema_decay": 0}, "schedule": {"name": "plateau"}},
        {"optim": {"name": "lamb", "accumulate": 2, "layer_decay": 0.8}, "schedule": {"name": "constant"}},
        {"optim": {"freeze": 2, "unfreeze_every": 1}, "train": {"epochs": 2}},
        {"optim": {"freeze": "backbone", "pretrained_lr_scale": 0.1}},
        {"classify": {"pooling": "attention", "loss": "focal", "class_weights": "effective"}},
        {"classify": {"pooling": "multihead"}, "augment": {"mixup": 0.4, "cutmix": 1.0}},
        {"classify": {"pooling": "bilinear", "class_weights": "inverse"}, "data": {"sampling": "balanced"}},
        {"classify": {"pooling": "gem"}, "input": {"normalize": "pca"}, "data": {"cache": "disk"}},
        {"classify": {"pooling": "max"}, "input": {"normalize": "zca", "whitening_patch": 2, "fit": "letterbox"}},
        {"augment": {"policy": "rand", "hue": 0.1, "zoom_out": 2.0, "vertical_flip": 0.5}, "input": {"fit": "squash"}},
        {"runtime": {"keep_pages": False, "channels_last": False}, "data": {"cache": "off", "workers": 1}},
    ],
    ids=lambda s: "-".join(sorted(s)),
)
def test_options(squares: Path, tmp_path: Path, settings: dict[str, dict[str, object]]) -> None:
    """Each combination trains, is evaluated, survives its file and says in config.toml what it did."""
    data = {**settings.get("data", {})}
    if data.get("cache") == "disk":
        data["cache_dir"] = str(tmp_path / "cache")
    done = trained(squares, tmp_path / "run", **{**settings, "data": data})
    kept = tomllib.loads((done.folder / "config.toml").read_text())
    for section, values in settings.items():
        for key, value in values.items():
            assert kept[section][key] == value
    paths = sorted(squares.rglob("*.png"))[:5]
    again = foveal.load(done.folder)
    np.testing.assert_allclose(again.arrays(paths)["scores"], done.model.arrays(paths)["scores"], atol=1e-6)


def test_frozen_layers_stay_as_they_were(squares: Path, tmp_path: Path) -> None:
    first = trained(squares, tmp_path / "a", optim={"freeze": 2, "ema_decay": 0}, train={"epochs": 1})
    second = trained(squares, tmp_path / "b", optim={"freeze": 2, "ema_decay": 0}, train={"epochs": 2})
    a, b = load(first.folder / "model.safetensors")[1], load(second.folder / "model.safetensors")[1]
    same = {name for name in a if np.array_equal(a[name], b[name])}
    assert {n for n in a if n.startswith(("backbone.net.blocks.0.", "backbone.net.blocks.1."))} <= same
    assert "head.linear.weight" not in same


def test_accumulated_batches_are_one_large_batch(squares: Path, tmp_path: Path) -> None:
    """Without batch norm, whose statistics are those of the small batches, the weights are the same."""
    weights = []
    for name, batch_size, parts in (("large", 8, 1), ("small", 4, 2)):
        done = trained(
            squares,
            tmp_path / name,
            model={"backbone": "convnext_atto", "weights": "none"},
            optim={"name": "sgd", "lr": 0.02, "accumulate": parts, "ema_decay": 0},
            train={"epochs": 1, "batch_size": batch_size},
            classify={"dropout": 0.0},
        )
        weights.append(load(done.folder / "model.safetensors")[1])
    large, small = weights
    assert sorted(large) == sorted(small)
    for name, value in large.items():
        np.testing.assert_allclose(small[name], value, rtol=1e-4, atol=1e-6, err_msg=name)


def test_the_average_of_weights_is_what_is_evaluated_and_kept(squares: Path, tmp_path: Path) -> None:
    """Averaging slowly keeps the weights near where they started; without it they have moved further."""
    moved = []
    still = trained(squares, tmp_path / "still", optim={"name": "sgd", "lr": 1e-9, "ema_decay": 0})
    start = load(still.folder / "model.safetensors")[1]["head.linear.weight"]
    for decay in (0.0, 0.999):
        optim = {"name": "sgd", "lr": 0.05, "ema_decay": decay}
        done = trained(squares, tmp_path / str(decay), optim=optim, train={"epochs": 3})
        moved.append(float(np.abs(load(done.folder / "model.safetensors")[1]["head.linear.weight"] - start).mean()))
    assert moved[0] > moved[1] > 0


def test_the_same_seed_gives_the_same_bytes(squares: Path, tmp_path: Path) -> None:
    a = trained(squares, tmp_path / "a")
    b = trained(squares, tmp_path / "b", data={"cache": "off"})
    c = trained(squares, tmp_path / "c", seed=1)  # type: ignore[arg-type]
    contents = [(run.folder / "model.safetensors").read_bytes() for run in (a, b, c)]
    assert contents[0] == contents[1]
    assert contents[0] != contents[2]


def test_an_unbearable_rate_stops_with_the_files_and_keeps_the_last_good_state(squares: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(TrainingError) as error:
        foveal.train(
            squares,
            out=out,
            settings=[CONV4, {"optim": {"lr": 100, "clip_norm": 0, "name": "sgd"}, "train": {"epochs": 200}}],
        )
    assert "not finite" in error.value.what
    assert error.value.hint.startswith(f"The last good state is kept in {out}.")
    card, tensors = load(out / "model.safetensors")
    assert all(np.isfinite(value).all() for value in tensors.values())
    assert card.task == "classify"


class Bests(Log):
    """Remembers which epochs were the best so far."""

    def __init__(self) -> None:
        self.epochs: list[int] = []

    def epoch(self, row: Mapping[str, float], *, epochs: int, best: bool) -> None:
        self.epochs += [int(row["epoch"])] if best else []


def test_early_stopping(tmp_path: Path) -> None:
    """On noise score and loss soon get worse: training ends so many epochs after the best, long before the last one."""
    generator, bests = np.random.default_rng(0), Bests()
    for i in range(40):
        image = Image.fromarray(generator.integers(0, 255, (24, 24, 3), dtype=np.uint8))
        (tmp_path / "noise" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        image.save(tmp_path / "noise" / "ab"[i % 2] / f"{i}.png")
    settings = {"optim": {"lr": 0.01}, "train": {"epochs": 50, "patience": 3}}
    foveal.train(tmp_path / "noise", out=tmp_path / "run", settings=[CONV4, settings], log=bests)
    rows = list(csv.DictReader((tmp_path / "run" / "metrics.csv").read_text().splitlines()))
    losses = [float(row["val_loss"]) for row in rows]
    assert len(rows) == max(bests.epochs[-1], 1 + losses.index(min(losses))) + 3 < 50


def test_a_time_budget_is_kept(here: Callable[..., Outcome], squares: Path, tmp_path: Path) -> None:
    out = tmp_path / "r"
    done = here("train", squares, "--out", out, *quick(epochs=100_000), "--lr=2e-3", "--time=8s", "--json")
    assert done.code == 0, done.err
    finish = json.loads(done.out.splitlines()[-1])
    assert (finish["event"], finish["ended"]) == ("finish", "time")
    assert finish["why"].endswith("the time budget of 8s (--time)")
    rows = [line.split(",") for line in (out / "metrics.csv").read_text().splitlines()[1:]]
    assert float(rows[-1][-3]) < 2e-3 / 10, "the schedule is fitted to the budget"


def test_several_labels(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    lines = ["path,labels"]
    for i in range(80):
        image = generator.integers(0, 60, (24, 24, 3), dtype=np.uint8)
        colours = [c for c in range(3) if generator.random() < 0.5]
        for c in colours:
            image[8 * c : 8 * c + 8, :, c] = 240
        Image.fromarray(image).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png," + "|".join(("red", "green", "blue")[c] for c in colours))
    table = tmp_path / "labels.csv"
    table.write_text("\n".join(lines))
    done = foveal.train(
        table,
        out=tmp_path / "run",
        settings=[CONV4, {"train": {"epochs": 8}, "optim": {"lr": 5e-3}, "augment": {"crop_scale": 1.0}}],
    )
    assert done is not None
    assert done.evaluation.results.metrics["average_precision"].value > 0.9
    prediction = done.model.predict(tmp_path / "1.png")
    assert prediction.multi_label
    assert json.dumps(prediction.to_dict())


def test_a_run_starts_from_another_runs_model(squares: Path, quick_run: Path, tmp_path: Path) -> None:
    done = trained(
        squares, tmp_path / "r", model={"backbone": "conv4", "weights": str(quick_run / "model.safetensors")}
    )
    assert done.evaluation.results.metrics["accuracy"].value > 0.9


def test_tensorboard(squares: Path, tmp_path: Path) -> None:
    done = trained(squares, tmp_path / "r", runtime={"tracker": "tensorboard"})
    records = EventAccumulator(str(done.folder / "tracker"), size_guidance={"images": 100})
    records.Reload()
    tags = records.Tags()
    assert {"accuracy", "train_loss"} <= set(tags["scalars"])
    assert {name.partition("/")[0] for name in tags["images"]} == {"batch", "predictions"}
    assert any(name.startswith("batch/class0/") for name in tags["images"]), "each by its file"
    (settings,) = done.folder.rglob("hparams.yml")
    assert "model.backbone: conv4" in settings.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("recipe", [None, *shipped()])
def test_every_recipe_runs(squares: Path, tmp_path: Path, recipe: str | None) -> None:
    shapes = {"detect": write_voc, "instance": write_coco, "segment": write_masks}
    write = shapes.get(recipe or "")
    done = foveal.train(
        squares if write is None else write(tmp_path / "shapes"),
        recipe=recipe,
        out=tmp_path / "r",
        settings={
            "task": recipe if recipe in shapes else "auto",
            "data": {"ignore": (UNKNOWN,)} if recipe == "segment" else {},
            "train": {"epochs": 1, "batch_size": 14},
            "input": {"size": 64},
        },
    )
    assert done is not None
    assert (done.folder / "report.html").exists()


@pytest.mark.slow
def test_real_images(real_data: Path, tmp_path: Path) -> None:
    """Fine-tuning from packaged weights on real photographs, at a small size and for one epoch: far above chance."""
    done = foveal.train(
        real_data / "hymenoptera", out=tmp_path / "r", settings={"train": {"epochs": 1}, "input": {"size": 128}}
    )
    assert done is not None
    assert done.evaluation.results.metrics["accuracy"].value > 0.85


@pytest.fixture
def unlabelled(squares: Path, tmp_path: Path) -> Path:
    """A multi-label table whose validation images have no label at all."""
    lines = ["path,labels,split"]
    for i, path in enumerate(sorted(squares.rglob("*.png"))):
        name, held_out = f"{path.parent.name}-{path.name}", i % 4 == 3
        (tmp_path / name).write_bytes(path.read_bytes())
        lines.append(f"{name},{'' if held_out else path.parent.name + '|any'},{'val' if held_out else 'train'}")
    table = tmp_path / "labels.csv"
    table.write_text("\n".join(lines) + "\n")
    return table


def test_an_undefined_headline_metric_is_announced_and_nowhere_a_number(
    unlabelled: Path, tmp_path: Path, here: Callable[..., Outcome]
) -> None:
    out = tmp_path / "run"
    done = here("train", unlabelled, "--out", out, *quick(epochs=3), "--train.patience=1", "--json")
    assert done.code == 0, done.err
    events = [json.loads(line, parse_constant=pytest.fail) for line in done.out.splitlines()]
    note = "no validation image has a class: average precision cannot be computed;"
    assert {"event": "note", "text": f"{note} the epoch with the least validation loss is kept"} in events
    rows = [event for event in events if event["event"] == "epoch"]
    assert [(row["epoch"], row["average_precision"]) for row in rows] == [(1, None), (2, None), (3, None)]
    losses = [row["val_loss"] for row in rows]
    (finish,) = (event for event in events if event["event"] == "finish")
    assert finish["metrics"]["average_precision"]["value"] is None
    assert (finish["ended"], finish["why"]) == ("epochs", "all 3 epochs are done")
    assert finish["best_epoch"] == losses.index(min(losses)) + 1
    assert (
        finish["kept"] == "average precision could not be computed: the epoch with the least validation loss was kept"
    )
    assert "nan" not in (out / "metrics.csv").read_text()
    training = json.loads((out / "metrics.json").read_text(), parse_constant=pytest.fail)["training"]
    assert training == {name: finish[name] for name in training}
    page = (out / "report.html").read_text()
    assert "all 3 epochs are done" in page and ">nan" not in page


@pytest.mark.parametrize(("epochs", "rows"), [(10, 10), (200, 50)])
def test_evaluations_follow_the_epochs(squares: Path, epochs: int, rows: int) -> None:
    config = parse_config({"data": {"path": str(squares)}, "train": {"epochs": epochs}}, where="here")
    every = resolve(config, open_data(config)[0].split("train")).config.train.eval_every
    assert every is not None and epochs // every == rows


def test_under_a_time_budget_the_clock_decides_about_evaluations(squares: Path) -> None:
    config = parse_config({"data": {"path": str(squares)}, "train": {"time_s": 600}}, where="here")
    assert resolve(config, open_data(config)[0].split("train")).config.train.eval_every is None


@pytest.mark.parametrize(
    ("optim", "adapts"), [({}, True), ({"lr": 1e-3}, False), ({"lr": 1e-3, "adapt_lr": True}, True)]
)
def test_a_rate_that_was_set_is_not_lowered(squares: Path, optim: dict[str, object], adapts: bool) -> None:
    config = parse_config({"data": {"path": str(squares)}, "optim": optim}, where="here")
    assert resolve(config, open_data(config)[0].split("train")).config.optim.adapt_lr == adapts


def test_an_interrupted_run_tells_so(
    squares: Path, tmp_path: Path, here: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Training[Batch], epoch: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Training, "finish_epoch", interrupted)
    out = tmp_path / "run"
    done = here("train", squares, "--out", out, *quick(epochs=3), "--json")
    assert done.code == 130
    finish = json.loads(done.out.splitlines()[-1])
    why = "interrupted in epoch 1 of 3"
    assert finish == {"event": "finish", "run": str(out), "metrics": {}, "ended": "interrupted", "why": why}
