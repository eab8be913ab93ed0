"""What ``foveal explain`` shows of a run beside evidence: kernels, feature maps, nearest images, a map."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.conftest import Outcome
from tests.unit.explain.learnt.networks import network, noise

from foveal.errors import ConfigError
from foveal.explain.learnt.heads_sheet import titles
from foveal.runs.learnt.heads import draw_heads

Here = Callable[..., Outcome]


def width_of(file: object) -> int:
    with Image.open(str(file)) as image:
        return image.width


def document(done: Outcome) -> dict[str, object]:
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_filters_with_the_runs_own_images_and_with_named_ones(
    here: Here, quick_run: Path, squares: Path, tmp_path: Path
) -> None:
    found = document(here("explain", quick_run, "--filters", "--save", tmp_path / "a", "--json"))
    assert len(found["filters"]) == 32 and len(found["filters"][0]["patches"]) == 5
    assert Path(found["filters"][0]["patches"][0]["path"]).is_relative_to(squares)
    assert width_of(found["saved"]) > 600
    named = document(
        here("explain", quick_run, squares / "class0" / "000.png", "--filters", "--save", tmp_path / "b", "--json")
    )
    assert {len(one["patches"]) for one in named["filters"]} <= {0, 1}


def test_filters_without_the_data(here: Here, quick_run: Path, tmp_path: Path) -> None:
    shutil.copy(quick_run / "model.safetensors", tmp_path / "alone.safetensors")
    done = here("explain", tmp_path / "alone.safetensors", "--filters", "--save", tmp_path / "out")
    assert done.code == 0 and "Kernels alone: the model names no data set." in done.out + done.err


def test_activations(here: Here, quick_run: Path, squares: Path, tmp_path: Path) -> None:
    image = squares / "class1" / "002.png"
    found = document(here("explain", quick_run, "--activations", image, "--save", tmp_path, "--json"))
    assert [stage["channels"] for stage in found["stages"]] == [32, 64, 128, 256]
    page = Path(found["page"]).read_text()
    assert "Stage 4 of 4" in page and "002.png" in page and str(squares) not in page
    assert width_of(found["sheet"]) > 1000


def test_like_finds_the_image_itself_and_its_class(here: Here, quick_run: Path, squares: Path, tmp_path: Path) -> None:
    images = [squares / f"class{k}" / f"{i:03d}.png" for k in range(3) for i in range(4)]
    found = document(here("explain", quick_run, "--like", squares, *images, "--top", 3, "--save", tmp_path, "--json"))
    assert found["split"] == "train" and found["among"] < 36
    known = [one for one in found["images"] if one["nearest"][0]["path"] == one["path"]]
    assert len(known) >= 6 and all(one["nearest"][0]["likeness"] > 0.999 for one in known)
    same = [near["labels"] == [Path(one["path"]).parent.name] for one in found["images"] for near in one["nearest"]]
    assert np.mean(same) > 0.8
    assert Path(found["images"][0]["saved"]).is_file()


def test_like_with_other_classes(here: Here, quick_run: Path, squares: Path, tmp_path: Path) -> None:
    shutil.copytree(squares / "class0", tmp_path / "data" / "roses")
    shutil.copytree(squares / "class1", tmp_path / "data" / "class1")
    done = here("explain", quick_run, "--like", tmp_path / "data", squares / "class0" / "000.png")
    assert done.code == 2 and "roses" in done.err
    assert "Name a data set with the classes of the model, such as the one that it was trained on." in done.err


def test_map(here: Here, quick_run: Path, squares: Path, tmp_path: Path) -> None:
    found = document(here("explain", quick_run, "--map", squares, "--save", tmp_path / "a", "--json"))
    assert found["images"] == 36 and 0 <= found["mistakes"] < 18
    again = document(here("explain", quick_run, "--map", squares, "--save", tmp_path / "b", "--json"))
    assert Path(found["page"]).read_bytes() == Path(again["page"]).read_bytes()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--filters", "--map", "DATA"], "--filters and --map are different questions."),
        (["--like", "DATA"], "No image is named."),
        (["--like", "DATA", "DATA/class0/000.png", "--top", "0"], "--top 0 lists nothing."),
        (["DATA/class0/000.png", "--map", "DATA"], "--map takes no further images"),
        (["--filters", "--class", "class0"], "--class does not concern --filters."),
        (["--map", "DATA", "--top", "3"], "--top does not concern --map."),
        (["DATA/class0/000.png", "--top", "3"], "--top is for --like."),
        (["--heads", "DATA/class0/000.png"], "This model has no attention"),
        (["--map", "DATA/nothing"], "no such file or folder"),
    ],
)
def test_questions_that_make_no_sense(here: Here, quick_run: Path, squares: Path, words: list[str], told: str) -> None:
    done = here("explain", quick_run, *(word.replace("DATA", str(squares)) for word in words))
    assert done.code == 2 and told in done.err and "Traceback" not in done.err


@pytest.mark.slow
def test_an_export_gives_predictions_only(here: Here, quick_export: Path, squares: Path) -> None:
    image = squares / "class0" / "000.png"
    for words in (["--filters"], ["--activations", image], ["--map", squares], ["--like", squares, image]):
        done = here("explain", quick_export, *words)
        assert done.code == 2 and "Name the run that it was exported from." in done.err


@pytest.mark.parametrize(("pooling", "maps"), [("multihead", 6), ("attention", 2)])
def test_heads_beside_the_evidence(pooling: str, maps: int) -> None:
    with network(pooling=pooling) as predictor:
        sheet = draw_heads(predictor, noise())
    assert [one.method for one in sheet.evidence] == ["cam"] + ["attention"] * (maps - 1)
    assert titles(sheet.evidence)[1] == ("mean of the heads" if maps > 2 else "attention")
    heads = np.stack([one.grid for one in sheet.evidence[1:]])
    assert heads.mean((1, 2)) == pytest.approx(1, abs=1e-5)
    if maps > 2:
        assert heads[0] == pytest.approx(heads[1:].mean(0), abs=1e-5)
    assert sheet.draw().width > 400


def test_heads_of_a_model_without() -> None:
    with network() as predictor, pytest.raises(ConfigError, match="This model has no attention"):
        draw_heads(predictor, noise())
