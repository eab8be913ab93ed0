"""A finished run: predict, evaluate, export, and the same from Python."""

import csv
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.conftest import Outcome, quick, run_foveal
from tests.forks import command, start
from tests.kills import kill
from tests.scenes import write_squares

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


def test_predict_json_is_one_document(quick_run: Path, squares: Path) -> None:
    done = run_foveal("predict", quick_run, squares / "class1", "--json")
    assert done.returncode == 0, done.stderr
    predictions = json.loads(done.stdout)
    assert len(predictions) == 12
    first = predictions[0]
    assert list(first) == ["path", "size", "classes"]
    assert first["size"] == [32, 32]
    assert first["classes"][0]["name"] == "class1"
    assert sum(c["score"] for c in first["classes"]) == pytest.approx(1, abs=1e-4)


def test_a_classifier_takes_no_parts(here: Command, quick_run: Path, squares: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    Image.open(squares / "class0" / "000.png").resize((80, 64)).save(large)
    for flags in (["--tile", "40"], ["--scales", "1", "1.25"]):
        done = here("predict", quick_run, large, *flags)
        assert done.code == 2
        assert "This model classifies full images; tiles are for detection and segmentation." in done.err
        assert "Leave out --tile, and --scales above 1, which crop." in done.err
    assert here("predict", quick_run, large, "--tile", "80").code == 0, "one tile shows all of it"
    done = here("predict", quick_run, large, "--masks", tmp_path / "masks")
    assert done.code == 2 and "This model has no masks." in done.err and not (tmp_path / "masks").exists()
    done = here("predict", quick_run, squares / "class0", "--coco", tmp_path / "c.json")
    assert done.code == 2 and "there are no COCO results" in done.err


def test_several_views_are_averaged(here: Command, quick_run: Path, squares: Path, tmp_path: Path) -> None:
    files = sorted((squares / "class1").iterdir())[:3]
    done = here("predict", quick_run, *files, "--json", "--flip")
    assert done.code == 0, done.err
    model = foveal.load(quick_run)
    pixels = [np.asarray(Image.open(file)) for file in files]
    plain, mirrored = model.predict(pixels), model.predict([np.ascontiguousarray(p[:, ::-1]) for p in pixels])
    for prediction, one, other in zip(json.loads(done.out), plain, mirrored, strict=True):
        scores = {c["name"]: c["score"] for c in prediction["classes"]}
        mean = (one.scores + other.scores) / 2
        assert scores == pytest.approx(dict(zip(one.categories.names, mean.tolist(), strict=True)), abs=1e-5)
    wider = foveal.predict(model, files, viewing=foveal.Viewing(flip=True, scales=(0.75, 1)))
    assert len(wider) == 3 and wider[0].size == (32, 32)
    done = here("predict", quick_run, *files, "--scales", "0.5", "9")
    assert done.code == 2 and "A scale of 9 is out of range." in done.err


def test_the_results_name_the_views(here: Command, quick_run: Path, squares: Path, tmp_path: Path) -> None:
    done = here("evaluate", quick_run, squares, "--flip", "--scales", "0.75", "1", "--json", "--out", tmp_path / "e")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert document["viewing"] == {"tile": None, "overlap": 0.2, "flip": True, "scales": [0.75, 1.0]}
    assert document["images"] == 36 and document["metrics"]["accuracy"]["value"] > 0.8
    done = here("evaluate", quick_run, squares, "--json", "--out", tmp_path / "e")
    assert "viewing" not in json.loads(done.out)
    done = here("evaluate", quick_run, squares, "--tile", "8")
    assert done.code == 2 and "Tiles of 8 pixels are too small." in done.err


def test_predict_writes_tables_and_images(here: Command, quick_run: Path, squares: Path, tmp_path: Path) -> None:
    pattern = str(squares / "class*" / "00[0-2].png")
    done = here("predict", quick_run, pattern, "--csv", tmp_path / "t.csv", "--save", tmp_path / "drawn")
    assert done.code == 0, done.err
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
    assert len(rows) == 27
    drawn = sorted((tmp_path / "drawn").glob("*.jpg"))
    assert len(drawn) == 9, "equal names are numbered, none is overwritten"
    names = [row["name"] for row in csv.DictReader((tmp_path / "drawn" / "index.csv").read_text().splitlines())]
    assert sorted(names) == sorted(file.stem for file in drawn)
    with Image.open(drawn[0]) as image:
        assert image.size == (32, 32)


def test_skip_bad_lists_what_it_left_out(here: Command, quick_run: Path, squares: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_text("no image")
    good = squares / "class0" / "000.png"
    refused = here("predict", quick_run, bad, good)
    assert refused.code == 2
    assert "bad.png" in refused.err
    done = here("predict", quick_run, bad, good, "--skip-bad", "--json")
    assert done.code == 0
    assert [Path(a["path"]).name for a in json.loads(done.out)] == ["000.png"]
    skipped = f"skipped: {bad}: is not an image (starts with b'no image').\n"
    assert done.err == skipped + "note: 1 of 2 images skipped.\n"
    assert here("predict", quick_run, bad, good, "--skip-bad").err == done.err


def test_a_killed_command_leaves_its_rows(quick_export: Path, squares: Path, tmp_path: Path) -> None:
    images = sorted(squares.glob("*/*.png"))
    for i in range(40):
        (tmp_path / "d" / str(i)).mkdir(parents=True)
        for image in images:
            (tmp_path / "d" / str(i) / image.name).write_bytes(image.read_bytes())
    partial = tmp_path / "t.csv.partial"
    words = ["predict", quick_export, tmp_path / "d", "--csv", tmp_path / "t.csv", "--batch-size", "1"]
    process = start(command, *map(str, words))
    while process.is_alive() and not (partial.exists() and partial.stat().st_size):
        time.sleep(0.002)
    if not kill(process):
        pytest.skip("this machine predicted on all images first")
    rows = list(csv.DictReader(partial.read_text().splitlines()))
    assert rows and len(rows) % 3 == 0 and all(row["score"] for row in rows)
    assert not (tmp_path / "t.csv").exists()


def test_more_and_fewer_classes_than_usual(here: Command, quick_run: Path, squares: Path, tmp_path: Path) -> None:
    image = squares / "class0" / "000.png"
    done = here("predict", quick_run, image, "--top", "1", "--json")
    assert [len(one["classes"]) for one in json.loads(done.out)] == [1]
    assert len(foveal.predict(quick_run, image, top=2).rows()) == 2
    done = here("predict", quick_run, image, "--threshold", "0.5")
    assert done.code == 2 and "--threshold is for objects" in done.err
    done = here("evaluate", quick_run, squares, "--crops", tmp_path / "c")
    assert done.code == 2 and "This model predicts no objects to cut out." in done.err
    for value in ("0", "-3"):
        done = here("predict", quick_run, image, "--batch-size", value)
        assert done.code == 2 and f"A batch of {value} images is not possible." in done.err
    with pytest.raises(foveal.FovealError, match="A batch of 0 images is not possible"):
        foveal.load(quick_run).predict([image], batch_size=0)


def test_predict_spares_the_images_it_looks_at(here: Command, quick_run: Path, squares: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for i in range(2):
        Image.open(squares / "class0" / f"00{i}.png").save(own / f"{i}.jpg")
    before = {p: p.read_bytes() for p in own.iterdir()}
    (own / "2.jpg").write_text("no image, so predicting would fail")
    done = here("predict", quick_run, own, "--save", own)
    assert done.code == 2
    assert done.err == (
        f"error: --save {own} would overwrite the input image {own}/0.jpg.\n  hint: Choose another folder for --save.\n"
    )
    assert {p: p.read_bytes() for p in before} == before
    (own / "2.jpg").unlink()
    assert here("predict", quick_run, own, "--save", own / "drawn", "--csv", own / "new" / "t.csv").code == 0
    assert {p: p.read_bytes() for p in before} == before


@pytest.mark.parametrize("flag", ["--csv", "--coco", "--save", "--masks"])
def test_what_cannot_be_written_is_known_before_predicting(
    here: Command, quick_run: Path, tmp_path: Path, flag: str
) -> None:
    (tmp_path / "bad.png").write_text("no image, so predicting would fail")
    (tmp_path / "file").write_text("")
    done = here("predict", quick_run, tmp_path / "bad.png", flag, tmp_path / "file" / "out")
    assert done.code == 2
    assert "a file exists where a folder is needed.\n  hint: Choose another location." in done.err


def test_names_with_square_brackets(here: Command, tmp_path: Path) -> None:
    """Names of classes and paths are told as they are: they may look like markup or like an emoji's name."""
    names, data = ("[red] x", "[blue]", "n[/x]", ":dog:"), tmp_path / "my [data] set"
    drawn = write_squares(tmp_path / "plain", classes=4)
    data.mkdir()
    rows = []
    for file in sorted(drawn.rglob("*.png")):
        new = data / f"{file.parent.name}-{file.name}"
        file.rename(new)
        rows.append(f"{new.name},{names[int(new.name[5])]}")
    (data / "labels.csv").write_text("path,label\n" + "\n".join(rows) + "\n")
    run, image = tmp_path / "[run]", data / "class0-000.png"
    done = here("train", data, "--out", run, *quick(epochs=1))
    assert done.code == 0, done.err
    out = done.out.replace("\n", "")
    assert f"{run}/model.safetensors" in out and f"{run}/report.html" in out
    done = here("evaluate", run, data, "--out", tmp_path / "[e]")
    assert done.code == 0, done.err
    assert all(name in done.out for name in names)
    assert f"details in {tmp_path}/[e]" in done.out.replace("\n", "")
    done = here("predict", run, image, "--csv", tmp_path / "[t].csv", "--save", tmp_path / "[s]")
    assert done.code == 0, done.err
    out = (done.out + done.err).replace("\n", "")
    assert sum(name in out for name in names) >= 3 and f"{tmp_path}/[t].csv" in out and f"{tmp_path}/[s]" in out
    done = here("export", run, "--data", data)
    assert done.code == 0, done.err
    out = done.out.replace("\n", "")
    assert f"{run}/model.onnx" in out and f"({data})" in out


def test_evaluate_json(here: Command, quick_run: Path, squares: Path, tmp_path: Path) -> None:
    done = here("evaluate", quick_run, squares, "--json", "--out", tmp_path)
    assert done.code == 0, done.err
    document = json.loads(done.out)
    keys = ["task", "data", "images", "groups", "cautions", "metrics", "per_class", "device", "findings"]
    assert list(document) == keys
    assert (document["images"], document["groups"], document["cautions"]) == (36, None, [])
    assert "top5" not in document["metrics"] and "f1_micro" not in document["metrics"]
    assert document["metrics"]["log_loss"]["better"] == "less"
    for name in ("accuracy", "precision_macro", "recall_macro", "f1_macro", "log_loss", "ece"):
        values = document["metrics"][name]
        assert values["low"] <= values["value"] <= values["high"], name
    assert document["metrics"]["accuracy"]["value"] > 0.95
    grouped = here("evaluate", quick_run, squares, "--json", "--out", tmp_path / "g", "--groups", r"(\d)\.png")
    assert grouped.code == 0 and "note: 36 images in 10 groups of 3 to 6 (groups '(\\d)\\.png')." in grouped.err
    wider = json.loads(grouped.out)
    assert wider["groups"] == 10
    assert wider["metrics"]["accuracy"]["low"] < document["metrics"]["accuracy"]["low"]
    rows = list(csv.DictReader((tmp_path / "predictions.csv").read_text().splitlines()))
    assert list(rows[0])[:4] == ["path", "truth", "prediction", "score"]
    right = np.mean([row["truth"] == row["prediction"] for row in rows])
    assert right == pytest.approx(document["metrics"]["accuracy"]["value"])


def test_the_table_gives_the_same_numbers(quick_run: Path) -> None:
    from sklearn.metrics import log_loss

    rows = list(csv.DictReader((quick_run / "predictions.csv").read_text().splitlines()))
    names = [name for name in rows[0] if name.startswith("p(")]
    scores = np.array([[row[name] for name in names] for row in rows], float)
    known = json.loads((quick_run / "metrics.json").read_text())["metrics"]["log_loss"]["value"]
    scores /= scores.sum(1, keepdims=True)
    truths = [f"p({row['truth']})" for row in rows]
    assert log_loss(truths, scores, labels=names) == pytest.approx(known, abs=1e-6)


def test_evaluate_writes_a_page(here: Command, quick_run: Path, squares: Path, tmp_path: Path, monkeypatch) -> None:
    done = here("evaluate", quick_run, squares, "--out", tmp_path / "e")
    assert done.code == 0, done.err
    page = (tmp_path / "e" / "report.html").read_text()
    assert "The model was trained on these images; expect lower numbers on others." in page
    for text in ("Findings", "Reliability", "36 images", str(quick_run), str(squares), "</html>"):
        assert text in page, text
    assert (tmp_path / "e" / "figures" / "confusion-matrix.png").exists()
    assert json.loads((tmp_path / "e" / "metrics.json").read_text())["findings"][0]["severity"] == "problem"
    monkeypatch.setitem(sys.modules, "jinja2", None)
    done = here("evaluate", quick_run, squares, "--out", tmp_path / "f")
    assert done.code == 0
    assert "note: No report.html: it needs jinja2; pip install jinja2\n" in done.err
    assert {p.name for p in (tmp_path / "f").iterdir()} == {"metrics.json", "predictions.csv"}


def test_evaluate_one_split_by_the_model_file(
    here: Command, quick_run: Path, squares: Path, quick_export: Path, tmp_path: Path
) -> None:
    """The run's folder, its model file and the export are three names of one model."""
    for split, classes in (("train", 3), ("val", 2)):
        for i in range(classes):
            folder = tmp_path / "data" / split / f"class{i}"
            folder.mkdir(parents=True)
            for file in sorted((squares / f"class{i}").iterdir())[: 2 + i]:
                (folder / file.name).write_bytes(file.read_bytes())
    documents = []
    for k, model in enumerate((quick_run, quick_run / "model.safetensors", quick_export)):
        done = here("evaluate", model, tmp_path / "data", "--split", "val", "--json", "--out", tmp_path / str(k))
        assert done.code == 0, done.err
        documents.append(json.loads(done.out))
    assert [document["images"] for document in documents] == [5, 5, 5]
    assert documents[0]["metrics"] == documents[1]["metrics"]
    assert documents[0]["metrics"]["accuracy"] == documents[2]["metrics"]["accuracy"]


@pytest.mark.parametrize("kind", ["run", "file", "export"])
def test_the_split_that_training_made_is_made_again(
    here: Command, quick_run: Path, squares: Path, quick_export: Path, tmp_path: Path, kind: str
) -> None:
    lone = tmp_path / "lone.safetensors"
    lone.write_bytes((quick_run / "model.safetensors").read_bytes())
    model = {"run": quick_run, "file": lone, "export": quick_export}[kind]
    done = here("evaluate", model, squares, "--split", "val", "--json", "--out", tmp_path / "v")
    assert done.code == 0, done.err
    assert (
        "note: The data set has no 'val' split of its own; evaluated on the images that training held out (seed 0, 20%)"
        in done.err
    )
    assert "was trained on these images" not in done.err
    found, known = (json.loads(text) for text in (done.out, (quick_run / "metrics.json").read_text()))
    assert found["images"] == known["images"] == 6
    if kind != "export":
        assert found["metrics"] == known["metrics"] and found["per_class"] == known["per_class"]
    paths = [
        [row["path"] for row in csv.DictReader((folder / "predictions.csv").read_text().splitlines())]
        for folder in (quick_run, tmp_path / "v")
    ]
    assert paths[0] == paths[1]
    done = here("evaluate", model, squares, "--split", "train", "--json", "--out", tmp_path / "t")
    assert json.loads(done.out)["images"] == 30 and "The model was trained on these images" in done.err
    done = here("evaluate", model, squares, "--json", "--out", tmp_path / "a")
    assert json.loads(done.out)["images"] == 36 and "The model was trained on these images" in done.err
    assert "that training made" not in done.err


def test_a_split_cannot_be_made_again_of_other_data(here: Command, quick_run: Path, tmp_path: Path) -> None:
    data = write_squares(tmp_path / "squares", seed=1)
    done = here("evaluate", quick_run, data, "--split", "val", "--out", tmp_path / "v")
    assert done.code == 2
    assert (
        f"{data} has no 'val' split of its own, and the one from training cannot be reproduced: the data has"
        " changed since, or it is another data set."
    ) in done.err
    assert "Restore the data set, or evaluate all of it without --split." in done.err


def test_an_earlier_evaluation_stays(
    here: Command, quick_run: Path, squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = here("evaluate", quick_run, squares)
    assert first.code == 0 and "details in evaluations/squares\n" in first.out and "earlier" not in first.err
    before = (tmp_path / "evaluations" / "squares" / "metrics.json").read_bytes()
    for number in (2, 3):
        done = here("evaluate", quick_run, squares, "--split", "val", "--json")
        assert f"note: The results are in evaluations/squares-{number}; earlier ones are kept." in done.err
        written = json.loads((tmp_path / "evaluations" / f"squares-{number}" / "metrics.json").read_text())
        assert written == json.loads(done.out)
    assert (tmp_path / "evaluations" / "squares" / "metrics.json").read_bytes() == before


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
