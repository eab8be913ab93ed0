"""Objects with masks, from a COCO file to an evaluated, shipped model, as a user goes."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.conftest import Outcome, run_foveal
from tests.kills import train_with_kills
from tests.scenes import write_coco, write_few_images

import foveal
from foveal.types.predictions.masks import Instances

Command = Callable[..., Outcome]


def flags(*, epochs: int = 40, workers: int = 0) -> list[str]:
    """A small network on small images, with every kind of change switched on."""
    return [
        "--task=instance",
        "--backbone=conv5",
        "--model.weights=none",
        "--size=96",
        f"--epochs={epochs}",
        "--batch-size=4",
        f"--workers={workers}",
        "--instance.channels=32",
        "--instance.mask-channels=32",
        "--instance.prototypes=8",
        "--instance.anchor-scale=2.5",
        "--augment.mosaic=0.2",
        "--augment.box-mixup=0.1",
        "--augment.copy-paste=0.3",
    ]


@pytest.fixture(scope="module")
def coco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_coco(tmp_path_factory.mktemp("data") / "shapes")


@pytest.fixture(scope="module")
def run(coco: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "shapes"
    done = run_foveal("train", coco, "--out", out, *flags(), "--train.eval-every=10")
    assert done.returncode == 0, done.stderr
    assert "mask mAP " in done.stdout and "24 train, 8 val" in done.stdout
    return out


@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "model.onnx"
    done = run_foveal("export", run, "--out", out)
    assert done.returncode == 0, done.stderr
    parity = json.loads(out.with_name("parity.json").read_text())
    assert parity["passed"] and parity["differences"]["mask"] <= 1e-3 and parity["differences"]["score"] <= 1e-3
    return out


def test_learns_and_is_complete(run: Path) -> None:
    assert {p.name for p in run.iterdir()} >= {"config.toml", "metrics.json", "predictions.csv", "report.html"}
    document = json.loads((run / "metrics.json").read_text())
    assert document["task"] == "instance" and document["images"] == 8
    assert document["metrics"]["mask_AP50"]["value"] > 0.85 and document["metrics"]["AP50"]["value"] > 0.85
    assert {"mask_mAP", "mask_AP75", "mAP", "AR100"} <= set(document["metrics"])
    assert set(document["per_class"]) == {"red", "blue"}


def test_a_triangle_is_found_as_a_triangle(run: Path, coco: Path) -> None:
    prediction = foveal.load(run).predict(coco / "val" / "000.png")
    assert isinstance(prediction, Instances)
    shown = prediction.shown()
    assert len(shown) >= 1 and all(mask.size == (72, 96) for mask in shown.masks)
    for box, mask in zip(shown.boxes, shown.masks, strict=True):
        share = mask.area / float((box[2] - box[0]) * (box[3] - box[1]))
        assert 0.3 < share < 0.75, "about half of its box"


def test_evaluate_agrees_with_the_run(here: Command, run: Path, coco: Path, tmp_path: Path) -> None:
    done = here("evaluate", run, coco, "--json", "--out", tmp_path / "e")
    assert done.code == 0, done.err
    again, first = json.loads(done.out), json.loads((run / "metrics.json").read_text())
    assert again["metrics"] == first["metrics"], "the val split is evaluated where there is no test split"


def test_predict_in_every_form(here: Command, run: Path, coco: Path, tmp_path: Path) -> None:
    images = coco / "val"
    done = here("predict", run, images, "--json", "--csv", tmp_path / "t.csv", "--save", tmp_path / "drawn",
                "--coco", tmp_path / "c.json", "--masks", tmp_path / "masks")  # fmt: skip
    assert done.code == 0, done.err
    predictions = json.loads(done.out)
    assert set(predictions[0]["objects"][0]) == {"name", "score", "box", "mask"}
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
    assert list(rows[0]) == ["path", "rank", "name", "score", "x1", "y1", "x2", "y2", "mask_px"]
    results = json.loads((tmp_path / "c.json").read_text())
    assert all(r["segmentation"]["size"] == [72, 96] for r in results)
    assert len(list((tmp_path / "drawn").glob("*.jpg"))) == 8
    numbers = [np.asarray(Image.open(p)) for p in sorted((tmp_path / "masks").glob("*.png"))]
    assert len(numbers) == 8 and all(n.shape == (72, 96) for n in numbers)
    assert [int(n.max()) for n in numbers] == [len(a["objects"]) for a in predictions]


def test_tiles_and_flips(here: Command, run: Path, coco: Path, tmp_path: Path) -> None:
    files = sorted((coco / "val").iterdir())
    wall = np.concatenate([np.concatenate([np.asarray(Image.open(f)) for f in files[i::2]], 1) for i in (0, 1)], 0)
    Image.fromarray(wall).save(tmp_path / "wall.png")
    document = json.loads((coco / "annotations" / "instances_val.json").read_text())
    done = here("predict", run, tmp_path / "wall.png", "--json", "--tile", "96", "--overlap", "0.4")
    assert done.code == 0, done.err
    objects = json.loads(done.out)[0]["objects"]
    assert abs(len(objects) - len(document["annotations"])) <= 3
    assert all(o["mask"]["size"] == [144, 384] for o in objects)
    done = here("evaluate", run, coco, "--flip", "--json", "--out", tmp_path / "e")
    assert done.code == 0, done.err
    assert json.loads(done.out)["metrics"]["mask_AP50"]["value"] > 0.8


def test_the_export_predicts_the_same(here: Command, run: Path, exported: Path, coco: Path, tmp_path: Path) -> None:
    done = here("evaluate", exported, coco, "--json", "--out", tmp_path / "e")
    assert done.code == 0, done.err
    theirs, ours = json.loads(done.out)["metrics"], json.loads((run / "metrics.json").read_text())["metrics"]
    for name in ("mask_mAP", "mask_AP50", "mAP"):
        assert theirs[name]["value"] == pytest.approx(ours[name]["value"], abs=2e-3)


def test_boxes_alone_are_refused(here: Command, coco: Path, tmp_path: Path) -> None:
    document = json.loads((coco / "annotations" / "instances_train.json").read_text())
    for annotation in document["annotations"]:
        annotation.pop("segmentation", None)
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "instances_train.json").write_text(json.dumps(document))
    (tmp_path / "train").symlink_to(coco / "train")
    done = here("train", tmp_path, "--out", tmp_path / "run", *flags(epochs=1))
    assert done.code != 0 and "the objects of this data set have boxes but no polygons or masks" in done.err


@pytest.mark.slow
def test_an_export_works_without_torch(exported: Path, coco: Path, torch_free: Callable[..., str]) -> None:
    assert "8 images predicted" in torch_free(exported, coco / "val", coco)


@pytest.mark.slow
def test_a_killed_run_ends_with_the_same_bytes(coco: Path, tmp_path: Path) -> None:
    own = [*flags(epochs=6, workers=2), "--instance.mask-samples=4", "--train.checkpoint-steps=2", "--quiet"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    done = run_foveal("train", coco, "--out", whole, *own)
    assert done.returncode == 0, done.stderr
    assert train_with_kills(coco, *own, folder=killed, seed=2, kills=3) >= 1, "it was over before it could be killed"
    assert (killed / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


@pytest.mark.slow
def test_overfits_four_real_images(real_data: Path, tmp_path: Path) -> None:
    """coco80: the first four images without an object of a few pixels, boxes and masks learnt by heart.

    Boxes of 52 pixels have 13 in the input; a stride of 8 pixels shows little below.
    """
    data = write_few_images(real_data, tmp_path / "coco", count=4, min_side_px=52)
    done = run_foveal(
        "train", data, "--task=instance", "--out", tmp_path / "run", "--epochs=90", "--size=160", "--batch-size=4",
        "--augment.scale-jitter=1", "--augment.horizontal-flip=0", "--augment.brightness=0", "--augment.contrast=0",
        "--augment.saturation=0", "--optim.ema-decay=0.95", "--optim.pretrained-lr-scale=1",
        "--instance.class-loss=binary_cross_entropy", "--train.eval-every=90", "--quiet",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())["metrics"]
    assert metrics["AP50"]["value"] >= 0.95
    assert metrics["mask_AP50"]["value"] >= 0.9
