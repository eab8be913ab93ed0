"""Images with masks, from two folders to an evaluated, shipped model, as a user goes."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image
from tests.conftest import Outcome, run_foveal
from tests.examples.outside import photos, run_example, write_variants
from tests.kills import train_with_stops
from tests.scenes import CLASS_NAMES, UNKNOWN, write_masks

import foveal
from foveal.types.predictions.masks import ClassMap

Command = Callable[..., Outcome]


def flags(*, epochs: int = 20, workers: int = 0) -> list[str]:
    """A plain U-Net on small images, with every kind of change switched on."""
    return [
        "--backbone=conv5",
        "--model.weights=none",
        "--size=96x80",
        f"--epochs={epochs}",
        "--batch-size=4",
        f"--workers={workers}",
        f"--data.ignore={UNKNOWN}",
        "--augment.rotation-deg=10",
        "--augment.rare-crops=0.5",
    ]


@pytest.fixture(scope="module")
def masks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_masks(tmp_path_factory.mktemp("data") / "squares")


@pytest.fixture(scope="module")
def run(masks: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "squares"
    done = run_foveal("train", masks, "--out", out, *flags(), "--train.eval-every=10")
    assert done.returncode == 0, done.stderr
    assert "mask folder: 24 train, 8 val" in done.stdout
    assert "mIoU " in done.stdout and f"foveal predict {out} IMAGE" in done.stdout
    return out


@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "model.onnx"
    done = run_foveal("export", run, "--out", out)
    assert done.returncode == 0, done.stderr
    parity = json.loads(out.with_name("parity.json").read_text())
    assert parity["passed"] and parity["differences"]["pixels"] <= 1e-3
    return out


@pytest.mark.parametrize("factors", [[], [1.0, 9.0, 4.0]])
def test_the_example_segments_the_same(exported: Path, masks: Path, tmp_path: Path, factors: list[float]) -> None:
    graph = onnx.load(exported)
    (entry,) = (one for one in graph.metadata_props if one.key == "foveal")
    card = json.loads(entry.value)
    card["decode"] |= {"factors": factors, "offsets": [0.3 * factor for factor in factors]}
    entry.value = json.dumps(card)
    exported = tmp_path / "model.onnx"
    onnx.save(graph, exported)
    images = write_variants([*sorted((masks / "val").iterdir())[:3], *photos()], tmp_path)
    run_example("onnx_segment", exported, images)
    with foveal.load(exported) as model:
        for image, ours in zip(images, model.predict(images), strict=True):
            assert isinstance(ours, ClassMap)
            theirs = np.asarray(Image.open(image.with_name(f"{image.stem}-mask.png")))
            assert (theirs == ours.ids).mean() >= 0.999, image


def test_learns_and_is_complete(run: Path) -> None:
    document = json.loads((run / "metrics.json").read_text())
    assert document["task"] == "segment" and document["images"] == 8
    names = {"mIoU", "pixel_accuracy", "mean_accuracy", "dice", "fw_iou", "boundary_f1"}
    assert names <= set(document["metrics"])
    assert document["metrics"]["mIoU"]["value"] > 0.85
    assert set(document["per_class"]) == set(CLASS_NAMES), "what is ignored is no class"
    page = (run / "report.html").read_text()
    assert "mIoU" in page and "http://" not in page.replace("http://www.w3.org", "")


def test_evaluate_agrees_with_the_run(here: Command, run: Path, masks: Path, tmp_path: Path) -> None:
    done = here("evaluate", run, masks, "--json", "--out", tmp_path / "e")
    assert done.code == 0, done.err
    again, first = json.loads(done.out), json.loads((run / "metrics.json").read_text())
    assert again["metrics"] == first["metrics"]
    done = here("evaluate", run, masks, "--json", "--flip", "--out", tmp_path / "f")
    flipped = json.loads(done.out)["metrics"]["mIoU"]["value"]
    assert flipped != first["metrics"]["mIoU"]["value"] and flipped > 0.8


def test_evaluate_shows_how_many_of_the_pixels_are_of_a_class(
    here: Command, run: Path, masks: Path, tmp_path: Path
) -> None:
    done = here("evaluate", run, masks, "--out", tmp_path / "e")
    header, *rows = done.out[done.out.index("  class") :].splitlines()
    assert header.split()[-1] == "pixels"
    shares = {row.split()[0]: float(row.split()[-1]) for row in rows[: len(CLASS_NAMES)]}
    assert shares == {
        name: round(values["pixels"], 3)
        for name, values in json.loads((run / "metrics.json").read_text())["per_class"].items()
    }
    assert sum(shares.values()) == pytest.approx(1, abs=0.01)
    table = foveal.evaluate(run, masks, out=tmp_path / "again")._repr_html_()
    assert all(f">{share:.3f}</td>" in table for share in shares.values())


def test_evaluate_takes_classes_and_codes_to_ignore(here: Command, run: Path, masks: Path, tmp_path: Path) -> None:
    """The same masks in colour, as another tool saves them, with a colour of no class."""
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    palette = np.zeros((UNKNOWN + 1, 3), np.uint8)
    palette[:3], palette[UNKNOWN] = ((10, 10, 10), (200, 0, 0), (0, 0, 200)), (255, 255, 255)
    for mask in sorted((masks / "valannot").iterdir()):
        (tmp_path / "images" / mask.name).write_bytes((masks / "val" / mask.name).read_bytes())
        Image.fromarray(palette[np.asarray(Image.open(mask))]).save(tmp_path / "masks" / mask.name)
    table = tmp_path / "table.txt"
    table.write_text("10 10 10 ground\n200 0 0 red\n0 0 200 blue\n")
    asked = ["evaluate", run, tmp_path, "--json", "--out", tmp_path / "e", "--classes", table]
    done = here(*asked)
    assert done.code == 2 and "ignore it with --ignore 16777215" in done.err
    done = here(*asked, "--ignore", str(0xFFFFFF))
    assert done.code == 0, done.err
    first = json.loads((run / "metrics.json").read_text())
    assert json.loads(done.out)["metrics"] == first["metrics"]


def test_predict_in_every_form(here: Command, run: Path, masks: Path, tmp_path: Path) -> None:
    images = masks / "val"
    done = here("predict", run, images, "--json", "--csv", tmp_path / "t.csv", "--save", tmp_path / "drawn",
                "--masks", tmp_path / "masks", "--coco", tmp_path / "c.json")  # fmt: skip
    assert done.code == 0, done.err
    predictions = json.loads(done.out)
    assert (
        len(predictions) == 8
        and list(predictions[0]) == ["path", "size", "mask"]
        and predictions[0]["size"] == [96, 72]
    )
    assert set(predictions[0]["mask"]) <= set(CLASS_NAMES)
    assert sum(sum(run_lengths(m)[1::2]) for m in predictions[0]["mask"].values()) == 96 * 72, (
        "every pixel has one class"
    )
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
    assert list(rows[0]) == ["path", "rank", "name", "score"] and rows[0]["name"] == "ground"
    found = np.asarray(Image.open(tmp_path / "masks" / "000.png"))
    truth = np.asarray(Image.open(masks / "valannot" / "000.png"))
    assert found.shape == (72, 96)
    assert (found == truth)[truth != UNKNOWN].mean() > 0.9
    assert len(list((tmp_path / "drawn").glob("*.jpg"))) == 8
    assert {row["category_id"] for row in json.loads((tmp_path / "c.json").read_text())} <= {0, 1, 2}


def run_lengths(rle: dict) -> list[int]:
    from foveal.types.rle import Rle

    return Rle.from_coco(rle).runs.tolist()


def test_python(run: Path, masks: Path) -> None:
    prediction = foveal.load(run).predict(masks / "val" / "000.png")
    assert isinstance(prediction, ClassMap) and prediction.ids.shape == (72, 96)
    assert prediction.shares().sum() == pytest.approx(1)


def test_tiles_show_no_seam_and_see_more(run: Path, masks: Path) -> None:
    files = sorted((masks / "val").iterdir())
    rows = [np.concatenate([np.asarray(Image.open(f)) for f in files[i::2]], 1) for i in (0, 1)]
    wall = np.concatenate(rows, 0)  # 384 x 144: in the input everything is a quarter of its size
    truth = np.concatenate(
        [np.concatenate([np.asarray(Image.open(masks / "valannot" / f.name)) for f in files[i::2]], 1) for i in (0, 1)]
    )
    known = truth != UNKNOWN
    model = foveal.load(run)
    tiled = foveal.predict(model, wall, viewing=foveal.Viewing(tile=96, overlap=0.4))
    whole = foveal.predict(model, wall)
    assert (tiled.ids == truth)[known].mean() > 0.9
    assert (tiled.ids == truth)[known].mean() > (whole.ids == truth)[known].mean()


def test_the_export_predicts_the_same(here: Command, run: Path, exported: Path, masks: Path, tmp_path: Path) -> None:
    done = here("evaluate", exported, masks, "--json", "--out", tmp_path / "e")
    assert done.code == 0, done.err
    theirs, ours = json.loads(done.out)["metrics"], json.loads((run / "metrics.json").read_text())["metrics"]
    for name in ("mIoU", "pixel_accuracy", "boundary_f1"):
        assert theirs[name]["value"] == pytest.approx(ours[name]["value"], abs=1e-3)


def test_an_export_of_other_weights_is_refused(run: Path, exported: Path) -> None:
    import torch

    from foveal.deploy.parity import compare
    from foveal.inference.backends.onnx_backend import OnnxBackend
    from foveal.inference.backends.torch_backend import TorchBackend
    from foveal.inference.predictor import Predictor

    model = foveal.load(run)
    backend = model.backend
    assert isinstance(backend, TorchBackend)
    noise = np.random.default_rng(0).integers(0, 255, (4, 72, 96, 3), dtype=np.uint8)
    prepared = [model.prepare(image) for image in noise]
    export = Predictor(OnnxBackend(exported))
    assert compare(model, export, prepared).passed
    with torch.no_grad():
        backend.graph.model.head.bias[1] += 1  # type: ignore[union-attr,index,operator]
    assert not compare(model, export, prepared).passed


@pytest.mark.slow
def test_an_export_works_without_torch(exported: Path, masks: Path, torch_free: Callable[..., str]) -> None:
    assert "8 images predicted" in torch_free(exported, masks / "val", masks)


@pytest.mark.slow
def test_a_stopped_run_ends_with_the_same_bytes(here: Command, masks: Path, tmp_path: Path) -> None:
    own = [*flags(epochs=4), "--train.checkpoint-steps=2", "--quiet"]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    done = here("train", masks, "--out", whole, *own)
    assert done.code == 0, done.err
    train_with_stops(masks, *own, folder=stopped, before=(4, 5, 10))
    assert (stopped / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


def test_a_changed_mask_is_another_data_set(here: Command, masks: Path, tmp_path: Path) -> None:
    import shutil

    data = tmp_path / "data"
    shutil.copytree(masks, data)
    started = here("train", data, "--out", tmp_path / "run", *flags(epochs=1))
    assert started.code == 0, started.err
    changed = np.asarray(Image.open(data / "trainannot" / "000.png")).copy()
    changed[10:20, 40:50] = (changed[10:20, 40:50] + 1) % 3
    Image.fromarray(changed).save(data / "trainannot" / "000.png")
    done = here("train", "--resume", tmp_path / "run")
    assert done.code == 2 and "the data set is not the one that" in done.err


def test_data_without_masks_is_refused(here: Command, squares: Path, tmp_path: Path) -> None:
    done = here("train", squares, "--task", "segment", "--out", tmp_path / "run")
    assert done.code == 2 and "has no masks or boxes: it is an image folder (" in done.err
