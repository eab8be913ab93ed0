"""A detector from a Pascal VOC tree to an evaluated, shipped model, as a user goes."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.conftest import Outcome, run_foveal
from tests.examples.outside import photos, predicted, run_example, write_variants
from tests.kills import train_with_stops
from tests.scenes import write_voc

import foveal
from foveal.types.predictions.detections import Detections

Command = Callable[..., Outcome]


def flags(*, epochs: int = 30, workers: int = 0) -> list[str]:
    """A small detector on small images, with every kind of change switched on."""
    return [
        "--backbone=conv5",
        "--model.weights=none",
        "--size=96x72",
        f"--epochs={epochs}",
        "--batch-size=4",
        f"--workers={workers}",
        "--detect.channels=32",
        "--detect.anchor-scale=2.5",
        "--augment.mosaic=0.2",
        "--augment.box-mixup=0.1",
    ]


@pytest.fixture(scope="module")
def voc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_voc(tmp_path_factory.mktemp("data") / "shapes")


@pytest.fixture(scope="module")
def run(voc: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "shapes"
    done = run_foveal("train", voc, "--out", out, *flags(), "--train.eval-every=10")
    assert done.returncode == 0, done.stderr
    assert "voc" in done.stdout and "24 train, 8 val" in done.stdout
    assert "mAP " in done.stdout and f"foveal predict {out} IMAGE" in done.stdout
    return out


@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "model.onnx"
    done = run_foveal("export", run, "--out", out, "--evidence")
    assert done.returncode == 0, done.stderr
    parity = json.loads(out.with_name("parity.json").read_text())
    assert parity["differences"]["evidence"] <= 1e-4 and parity["differences"]["evidence_peaks"] <= 0.01
    assert parity["passed"] and parity["differences"]["box_px"] <= 0.5 and parity["differences"]["score"] <= 1e-3
    return out


def test_int8(here: Command, run: Path, exported: Path, voc: Path, tmp_path: Path) -> None:
    """Heads that share weights over levels; calibrated on the training split, evaluated on the other."""
    out = tmp_path / "model-int8.onnx"
    done = here("export", run, "--int8", "--data", voc, "--max-drop", "10", "--out", out, "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report["headline"]["metric"] == "mAP" and report["headline"]["high"] <= 0.1
    assert report["headline"]["images"] == 8 and report["int8"]["calibration_images"] == 24
    assert len(report["int8"]["left_in_float"]) < len(report["int8"]["sensitivity"]) / 2
    assert out.stat().st_size < exported.stat().st_size / 2


def test_learns_and_is_complete(run: Path) -> None:
    names = {p.name for p in run.iterdir()}
    assert names >= {"config.toml", "metrics.json", "predictions.csv", "report.html", "model.safetensors"}
    document = json.loads((run / "metrics.json").read_text())
    assert document["task"] == "detect" and document["images"] == 8
    assert document["metrics"]["AP50"]["value"] > 0.9
    assert {"mAP", "AP50", "AP75", "AR100", "f1"} <= set(document["metrics"])
    assert set(document["per_class"]) == {"red", "blue"}
    page = (run / "report.html").read_text()
    assert "mAP" in page and "http://" not in page.replace("http://www.w3.org", "")


def test_evaluate_agrees_with_the_run(here: Command, run: Path, voc: Path, tmp_path: Path) -> None:
    done = here("evaluate", run, voc, "--json", "--out", tmp_path / "e")
    assert done.code == 0, done.err
    again, first = json.loads(done.out), json.loads((run / "metrics.json").read_text())
    assert again["metrics"] == first["metrics"], "the val split is evaluated where there is no test split"
    done = here("evaluate", run, voc, "--split", "train", "--json", "--out", tmp_path / "t")
    assert json.loads(done.out)["images"] == 24


def test_a_selection_is_evaluated(here: Command, run: Path, voc: Path, tmp_path: Path) -> None:
    flags = ["--threshold", "0.9", "--max-objects", "5", "--only", "red", "--crops", tmp_path / "c"]
    done = here("evaluate", run, voc, "--json", "--out", tmp_path / "e", *flags)
    assert done.code == 0, done.err
    document, whole = json.loads(done.out), json.loads((run / "metrics.json").read_text())
    assert document["selection"] == {"threshold": 0.9, "max_objects": 5, "only": ["red"]}
    assert document["metrics"]["mAP"]["value"] == pytest.approx(whole["per_class"]["red"]["AP"], abs=0.02)
    assert document["per_class"]["blue"]["AP"] is None and document["per_class"]["blue"]["objects"] == 0
    assert "note: Threshold 0.9 in place of the model's" in done.err
    assert "note: Only objects of these classes are evaluated: red." in done.err
    assert [p.name for p in (tmp_path / "c").iterdir() if p.is_dir()] in ([], ["red"])
    done = here("predict", run, voc / "JPEGImages", "--only", "rde")
    assert done.code == 2 and "Did you mean 'red'?" in done.err


def test_predict_in_every_form(here: Command, run: Path, voc: Path, tmp_path: Path) -> None:
    images = voc / "JPEGImages"
    done = here("predict", run, images, "--json", "--csv", tmp_path / "t.csv", "--save", tmp_path / "drawn",
                "--coco", tmp_path / "c.json")  # fmt: skip
    assert done.code == 0, done.err
    predictions = json.loads(done.out)
    assert len(predictions) == 32 and list(predictions[0]) == ["path", "size", "objects"]
    assert set(predictions[0]["objects"][0]) == {"name", "score", "box"} and predictions[0]["size"] == [96, 72]
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
    assert list(rows[0]) == ["path", "rank", "name", "score", "x1", "y1", "x2", "y2"]
    assert len(rows) == sum(len(a["objects"]) for a in predictions)
    assert len(list((tmp_path / "drawn").glob("*.jpg"))) == 32
    results = json.loads((tmp_path / "c.json").read_text())
    assert {r["image_id"] for r in results} <= set(range(32)) and len(results) >= len(rows)
    assert {r["category_id"] for r in results} == {1, 2}
    screen = here("predict", run, images / "000.png")
    assert "red" in screen.out or "blue" in screen.out


def test_python(run: Path, voc: Path) -> None:
    model = foveal.load(run)
    prediction = model.predict(voc / "JPEGImages" / "000.png")
    assert isinstance(prediction, Detections) and len(prediction.shown()) >= 1
    assert prediction[prediction.labels == 0].labels.tolist() == [0] * int((prediction.labels == 0).sum())


def test_tiles_find_what_the_whole_image_shows_too_small(here: Command, run: Path, voc: Path, tmp_path: Path) -> None:
    files = sorted((voc / "JPEGImages").iterdir())[-8:]
    wall = np.concatenate([np.concatenate([np.asarray(Image.open(f)) for f in files[i::2]], 1) for i in (0, 1)], 0)
    Image.fromarray(wall).save(tmp_path / "wall.png")  # 384 x 144: in the input everything is a quarter of its size
    truth = sum(f.read_text().count("<object>") for f in (voc / "Annotations" / f"{p.stem}.xml" for p in files))

    def count(*more: str) -> int:
        done = here("predict", run, tmp_path / "wall.png", "--json", *more)
        assert done.code == 0, done.err
        return len(json.loads(done.out)[0]["objects"])

    assert abs(count("--tile", "96", "--overlap", "0.4") - truth) <= 2
    assert abs(count("--tile", "96", "--overlap", "0.4", "--flip") - truth) <= 2
    assert count() < truth - 2
    done = here("predict", run, tmp_path / "wall.png", "--tile", "8")
    assert done.code == 2 and "Tiles of 8 pixels are too small." in done.err


def test_the_export_predicts_the_same(here: Command, run: Path, exported: Path, voc: Path, tmp_path: Path) -> None:
    done = here("evaluate", exported, voc, "--json", "--out", tmp_path / "e")
    assert done.code == 0, done.err
    theirs, ours = json.loads(done.out)["metrics"], json.loads((run / "metrics.json").read_text())["metrics"]
    for name in ("mAP", "AP50", "AR100"):
        assert theirs[name]["value"] == pytest.approx(ours[name]["value"], abs=1e-3)


def test_the_example_detects_the_same(exported: Path, voc: Path, tmp_path: Path) -> None:
    images = write_variants([*sorted((voc / "JPEGImages").iterdir())[:3], *photos()], tmp_path)
    rows = run_example("onnx_detect", exported, images)
    assert sum(map(len, rows.values())) > 10
    for image, ours in zip(images, predicted(exported, images), strict=True):
        theirs, objects = rows[image], ours["objects"]
        assert [cells[0] for cells in theirs] == [one["name"] for one in objects], image
        assert [float(cells[1]) for cells in theirs] == pytest.approx([one["score"] for one in objects], abs=1e-3)
        for cells, one in zip(theirs, objects, strict=True):
            np.testing.assert_allclose([float(side) for side in cells[2:]], one["box"], atol=0.5)


def test_an_export_of_other_weights_is_refused(run: Path, exported: Path) -> None:
    import torch

    from foveal.deploy.parity import compare
    from foveal.inference.backends.onnx_backend import OnnxBackend
    from foveal.inference.backends.torch_backend import TorchBackend
    from foveal.inference.predictor import Predictor

    model = foveal.load(run)
    backend = model.backend
    assert isinstance(backend, TorchBackend)
    prepared = [model.prepare(np.full((72, 96, 3), value, np.uint8)) for value in (0, 120)]
    noise = np.random.default_rng(0).integers(0, 255, (4, 72, 96, 3), dtype=np.uint8)
    prepared += [model.prepare(image) for image in noise]
    export = Predictor(OnnxBackend(exported))
    assert compare(model, export, prepared).passed
    with torch.no_grad():
        backend.graph.model.head.boxes.weight.add_(0.05)  # type: ignore[operator,union-attr]
    assert not compare(model, export, prepared).passed


@pytest.mark.slow
def test_an_export_works_without_torch(exported: Path, voc: Path, torch_free: Callable[..., str]) -> None:
    assert "32 images predicted" in torch_free(exported, voc)


@pytest.mark.slow
def test_a_stopped_run_ends_with_the_same_bytes(here: Command, voc: Path, tmp_path: Path) -> None:
    own = [*flags(epochs=4), "--train.checkpoint-steps=2", "--quiet"]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    done = here("train", voc, "--out", whole, *own)
    assert done.code == 0, done.err
    train_with_stops(voc, *own, folder=stopped, before=(4, 5, 10))
    assert (stopped / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
