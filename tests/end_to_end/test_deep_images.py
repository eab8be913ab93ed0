"""Images of more than 8 bits and of many bands, as a user trains and predicts on them."""

import json

import numpy as np
import pytest
from PIL import Image
from tests.conftest import quick
from tests.tiffs import tiff

import foveal


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    """Frames of a 12-bit camera as 16-bit PNG: stripes across or down; one has a hot pixel."""
    root = tmp_path_factory.mktemp("frames")
    rng = np.random.default_rng(0)
    for split, count in (("train", 8), ("val", 4)):
        for name in ("across", "down"):
            (root / split / name).mkdir(parents=True)
            for number in range(count):
                stripes = np.repeat(rng.integers(0, 4000, 8), 5)[:, None] * np.ones((1, 40))
                frame = (stripes if name == "across" else stripes.T).astype(np.uint16)
                frame[0, 0] = 65535 if number == 1 else 0
                Image.fromarray(frame).save(root / split / name / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def run(frames, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    settings = {"model": {"backbone": "conv4"}, "input": {"size": 32}, "data": {"workers": 0}}
    foveal.train(frames, settings={**settings, "train": {"epochs": 1, "batch_size": 8}}, out=out)
    return out


def test_the_level_is_learnt_stored_and_used(run, frames, tmp_path):
    assert "white_level = 4095.0" in (run / "config.toml").read_text()
    model = foveal.load(run)
    assert model.spec.white_level == 4095 and model.spec.black_level == 0
    frame = np.asarray(Image.open(frames / "val" / "down" / "0.png")) // 8
    for name, value in (("plain", 0), ("hot", 65535)):
        frame[0, 0] = value
        Image.fromarray(frame).save(tmp_path / f"{name}.png")
    plain, hot = model.prepare(tmp_path / "plain.png"), model.prepare(tmp_path / "hot.png")
    assert plain.pixels.max() <= 4000 // 8 * 255 // 4095 + 2, "a dark image stays dark"
    assert np.array_equal(plain.pixels[4:, 4:], hot.pixels[4:, 4:])
    assert model.notes == []


def test_a_model_of_8_bit_images_tells_that_it_guesses(quick_run, frames, here):
    done = here("predict", quick_run, frames / "val" / "down" / "0.png", "--json")
    assert done.code == 0 and json.loads(done.out)
    assert done.err.splitlines() == [
        "note: An image has more than 8 bits, and the model was trained on none: white was guessed for each by itself,"
        " at 4095. Train with --input.white-level to set it."
    ]


def test_inspect_tells_the_level(frames, here):
    assert "white 4,095 (99.9 % of the values of 16 images)" in here("data", "inspect", frames).out
    levels = json.loads(here("data", "inspect", frames, "--json").out)["levels"]
    assert levels == {"black": 0.0, "white": 4095.0, "images": 16}


def test_bands_are_chosen_for_training_and_kept(tmp_path, here):
    values = np.random.default_rng(0).integers(0, 255, (40, 40, 4), dtype=np.uint8)
    for split in ("train", "val"):
        for name in ("a", "b"):
            (tmp_path / "d" / split / name).mkdir(parents=True)
            for number in range(4):
                (tmp_path / "d" / split / name / f"{number}.tif").write_bytes(tiff(values, extra=[0, 0, 0]))
    refused = here("train", tmp_path / "d", *quick(epochs=1), "--out", tmp_path / "r")
    assert refused.code == 2 and "has 4 bands; Foveal reads gray, RGB and RGBA" in refused.err
    assert here("data", "check", tmp_path / "d", "--bands", "4,3,2").out.count("unreadable") == 0
    done = here("train", tmp_path / "d", *quick(epochs=1), "--data.bands", "4,3,2", "--out", tmp_path / "r")
    assert done.code == 0, done.err
    model = foveal.load(tmp_path / "r")
    assert model.spec.bands == (4, 3, 2)
    assert here("predict", tmp_path / "r", tmp_path / "d" / "val" / "a" / "0.tif", "--save", tmp_path / "s").code == 0
    drawn = np.asarray(Image.open(tmp_path / "s" / "0.jpg"))
    assert drawn.ndim == 3
