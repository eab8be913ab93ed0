"""A finished run is evaluated, its page included."""

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import Outcome
from tests.scenes import write_squares

Command = Callable[..., Outcome]


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


def test_evaluate_json(here: Command, quick_run: Path, squares: Path, tmp_path: Path) -> None:
    done = here("evaluate", quick_run, squares, "--json", "--out", tmp_path)
    assert done.code == 0, done.err
    document = json.loads(done.out)
    keys = ["task", "data", "images", "groups", "cautions", "metrics", "per_class", "device", "running", "findings"]
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
    written = {p.name for p in (tmp_path / "f").iterdir()}
    assert written == {"metrics.json", "predictions.csv", "predictions.jsonl"}


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
