"""A finished run: what it leaves, its export, and the same from Python."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.conftest import Outcome, quick, run_foveal

import foveal
from foveal.inference.predictor import Predictor

Command = Callable[..., Outcome]


def test_a_run_is_complete(quick_run: Path) -> None:
    names = {p.name for p in quick_run.iterdir()}
    assert names >= {
        "config.toml", "data.json", "environment.json", "figures", "metrics.csv", "metrics.json", "model.safetensors",
        "predictions.csv", "report.html", "resume",
    }  # fmt: skip
    rows = list(csv.DictReader((quick_run / "metrics.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert float(rows[-1]["accuracy"]) > 0.9


CRAFTED = {
    "model": ("model", {"x": 1}, "field 'model.x' is wrong"),
    "own": ("own", {"pooling": "zzz"}, "field 'own.pooling' is wrong"),
    "decode": ("decode", {"q": 2}, "field 'decode.q' is wrong"),
    "size": ("input", {"size": 10**9}, "field 'input.size' is wrong"),
    "format": ("format", "99", "field 'format' is '99'"),
}


@pytest.mark.parametrize("name", [*CRAFTED, "another size"])
def test_a_crafted_export_is_named(here: Command, quick_export: Path, squares: Path, tmp_path: Path, name: str) -> None:
    import onnx

    field, value, message = CRAFTED.get(name, ("input", {"size": 64}, "takes images of [32, 32, 3], but its card"))
    model = onnx.load(quick_export)
    entry = next(entry for entry in model.metadata_props if entry.key == "foveal")
    card = json.loads(entry.value)
    card[field] = {**card[field], **value} if isinstance(value, dict) else value
    entry.value = json.dumps(card)
    crafted = tmp_path / "crafted.onnx"
    onnx.save(model, crafted)
    done = here("predict", crafted, squares / "class0")
    assert done.code == 2
    assert f"{crafted}: " in done.err and message in done.err


def test_a_later_folder_with_fewer_classes_shifts_nothing(quick_run: Path, squares: Path, tmp_path: Path) -> None:
    later = tmp_path / "later" / "class2"
    later.mkdir(parents=True)
    for file in sorted((squares / "class2").iterdir())[:4]:
        (later / file.name).write_bytes(file.read_bytes())
    evaluated = foveal.evaluate(quick_run, later.parent, out=tmp_path / "e")
    assert evaluated.document["metrics"]["accuracy"]["value"] == 1.0


def test_the_export_predicts_as_the_model_does(
    here: Command, quick_run: Path, quick_export: Path, squares: Path
) -> None:
    both = [here("predict", model, squares, "--json") for model in (quick_run, quick_export)]
    ours, theirs = (json.loads(done.out) for done in both)
    for a, b in zip(ours, theirs, strict=True):
        assert a["path"] == b["path"]
        assert [c["name"] for c in a["classes"]] == [c["name"] for c in b["classes"]]
        np.testing.assert_allclose([c["score"] for c in a["classes"]], [c["score"] for c in b["classes"]], atol=1e-4)
    parity = json.loads((quick_export.parent / "parity.json").read_text())
    assert parity["passed"]
    assert parity["images"] == 36
    assert parity["differences"]["score"] < 1e-4


def test_python_does_the_same(quick_run: Path, squares: Path) -> None:
    model = foveal.load(quick_run)
    path = squares / "class0" / "003.png"
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
        predictions = [model.predict(p) for p in (path, str(path), path.read_bytes(), pixels, image)]
    for prediction in predictions:
        assert prediction.name == "class0"
        np.testing.assert_allclose(prediction.scores, predictions[0].scores, atol=1e-6)
    many = foveal.predict(model, [path] * 70)
    assert len(many) == 70
    assert many[69].top(1)[0].name == "class0"


def test_loading_what_was_saved_predicts_identically(quick_run: Path, squares: Path, tmp_path: Path) -> None:
    from foveal.artifact.store import load, save

    card, tensors = load(quick_run / "model.safetensors")
    save(tmp_path / "again.safetensors", card, tensors)
    paths = sorted(squares.rglob("*.png"))
    first, second = foveal.load(quick_run), foveal.load(tmp_path / "again.safetensors")
    np.testing.assert_array_equal(first.arrays(paths)["scores"], second.arrays(paths)["scores"])
    assert (tmp_path / "again.safetensors").read_bytes() == (quick_run / "model.safetensors").read_bytes()


def test_the_fitted_temperature_is_in_the_file_and_in_the_scores(
    quick_run: Path, squares: Path, tmp_path: Path
) -> None:
    from foveal.artifact.store import load, save

    card, tensors = load(quick_run / "model.safetensors")
    temperature = card.decode["temperature"]
    assert temperature > 0 and temperature != 1
    plain = tmp_path / "plain.safetensors"
    save(plain, card.model_copy(update={"decode": {**card.decode, "temperature": 1.0}}), tensors)
    paths = sorted(squares.rglob("*.png"))
    fitted, raw = (np.log(foveal.load(path).arrays(paths)["scores"].astype(float)) for path in (quick_run, plain))
    gaps = [values - values.max(axis=1, keepdims=True) for values in (fitted, raw)]
    seen = gaps[0] > -20  # where float32 still tells small scores apart
    np.testing.assert_allclose((gaps[0] * temperature)[seen], gaps[1][seen], rtol=1e-3, atol=1e-3)


def test_the_prediction_does_not_depend_on_the_batch(quick_run: Path, squares: Path) -> None:
    model: Predictor = foveal.load(quick_run)
    paths = sorted(squares.rglob("*.png"))[:9]
    np.testing.assert_allclose(
        model.arrays(paths, batch_size=1)["scores"], model.arrays(paths, batch_size=9)["scores"], atol=1e-6
    )


def test_the_data_is_left_as_it_was(here: Command, squares: Path, tmp_path: Path) -> None:
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in sorted(squares.rglob("*")) if p.is_file()}
    folders = {p for p in squares.rglob("*") if p.is_dir()}
    here("data", "inspect", squares)
    here("data", "check", squares)
    here("data", "preview", squares, "--out", tmp_path / "p.png")
    after = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in sorted(squares.rglob("*")) if p.is_file()}
    assert after == before
    assert {p for p in squares.rglob("*") if p.is_dir()} == folders


def test_json_lines_while_training(squares: Path, tmp_path: Path) -> None:
    done = run_foveal("train", squares, "--out", tmp_path / "r", *quick(), "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    names = [e["event"] for e in events if e["event"] != "step"]
    assert names == ["start", "epoch", "epoch", "finish"]
    start, steps, last = events[0], [e for e in events if e["event"] == "step"], events[-1]
    assert (start["epochs"], start["batch_size"], start["input"]["size"], start["seed"]) == (2, 8, 32, 0)
    assert start["data"]["images"]["train"] > 0 and start["model"]["parameters"] > 1000
    assert [(e["epoch"], e["step"]) for e in steps][:1] == [(1, 1)] and steps[-1]["step"] == start["steps_per_epoch"]
    assert all(isinstance(e["loss"], float) for e in steps)
    accuracy = last["metrics"]["accuracy"]
    assert 0 <= accuracy["low"] <= accuracy["value"] <= accuracy["high"] <= 1
    assert (last["model"], last["report"]) == (str(tmp_path / "r/model.safetensors"), str(tmp_path / "r/report.html"))


def test_quiet_is_quiet(squares: Path, tmp_path: Path) -> None:
    done = run_foveal("train", squares, "--out", tmp_path / "r", *quick(), "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_version() -> None:
    assert run_foveal("--version").stdout.strip() == foveal.__version__


def test_every_result_is_shown_in_one_line_and_in_a_notebook(
    quick_run: Path, quick_export: Path, squares: Path, tmp_path: Path
) -> None:
    images = sorted(squares.rglob("*.png"))[:3]
    with foveal.load(quick_export) as model:
        predictions = model.predict(images)
        evaluated = foveal.evaluate(model, squares, out=tmp_path / "e")
        shown = [repr(model), repr(predictions[0]), *map(repr, (evaluated, evaluated.evaluation, evaluated.results))]
        assert shown[0] == "Predictor(classify, 3 classes, 32 px, conv4)"
        assert all(len(line) < 200 and "\n" not in line for line in shown), shown
        assert predictions[0].draw().size == (32, 32), "at the size of the file"
        assert predictions[0].save(tmp_path / "drawn.png").is_file()
    page = evaluated._repr_html_()
    assert "accuracy" in page and "95% interval" in page and "class1" in page and str(tmp_path / "e") in page
    table = evaluated.to_pandas()
    assert len(table) == 36 and {"path", "truth", "prediction", "score"} <= set(table.columns)


def test_a_generator_is_predicted_without_keeping_its_images(quick_export: Path, squares: Path) -> None:
    pixels = (np.asarray(Image.open(path)) for path in sorted(squares.rglob("*.png"))[:3])
    predictions = foveal.predict(quick_export, pixels)
    assert len(predictions) == 3
    with pytest.raises(foveal.FovealError, match="came from a generator or a stream"):
        predictions[0].draw()
