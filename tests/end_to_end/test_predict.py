"""A finished run predicts: files, views, options, and what is kept of a killed command."""

import csv
import json
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

Command = Callable[..., Outcome]


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
