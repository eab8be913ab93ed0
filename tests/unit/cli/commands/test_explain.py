"""``foveal explain``: what is printed, what is written, and what a mistake is told."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import foveal
from foveal.explain.contract import Explanation


@pytest.fixture(scope="module")
def images(squares: Path) -> list[Path]:
    return sorted(squares.rglob("*.png"))[:2] or sorted(squares.rglob("*.jpg"))[:2]


def test_the_document_and_the_files(
    here: Callable[..., object], quick_run: Path, images: list[Path], tmp_path: Path
) -> None:
    names = list(foveal.load(quick_run).output.categories)
    outcome = here(
        "explain", quick_run, *images, "--class", names[0], "--json", "--save", tmp_path / "s", "--raw", tmp_path / "r"
    )
    assert outcome.code == 0, outcome.err
    document = json.loads(outcome.out)
    assert document["model"] == str(quick_run) and document["method"] == "cam"
    assert [one["path"] for one in document["images"]] == [str(path) for path in images]
    for one in document["images"]:
        (subject,) = one["subjects"]
        assert set(subject) == {"kind", "name", "score", "evidence", "converged", "forward_passes", "saved", "raw"}
        assert subject["kind"] == "class" and subject["name"] == names[0]
        assert set(subject["evidence"]) == {
            *("found", "grid", "peak", "total", "highest", "positive", "box_of_half", "outside"),
        }
        array = np.load(subject["raw"])
        assert array.dtype == np.float32 and list(array.shape[::-1]) == one["size"]
        with Image.open(subject["saved"]) as drawn:
            assert drawn.width > drawn.height
    again = here(
        "explain", quick_run, *images, "--class", names[0], "--save", tmp_path / "s2", "--raw", tmp_path / "r2"
    )
    assert again.code == 0 and "evidence" in again.out and "method    cam" in again.out
    for folder in ("s", "r"):
        files = [p for p in (tmp_path / folder).iterdir() if p.suffix != ".csv"]
        assert len(files) == 2
        assert all(p.read_bytes() == (tmp_path / f"{folder}2" / p.name).read_bytes() for p in files)


def test_an_export_is_explained_without_gradients(
    here: Callable[..., object], quick_export: Path, images: list[Path]
) -> None:
    outcome = here("explain", quick_export, images[0], "--method", "occlusion", "--budget", "5s")
    assert outcome.code == 0 and "method    occlusion" in outcome.out
    refused = here("explain", quick_export, images[0], "--method", "cam")
    assert refused.code == 2 and "--method cam needs gradients, which an exported file does not have." in refused.err
    refused = here("explain", quick_export, images[0], "--method", "cells")
    assert refused.code == 2 and "Export the run again with --evidence" in refused.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--class", "blu"], "--class: unknown class 'blu'."),
        (["--object", "1"], "--object is for models that predict objects."),
        (["--object", "first"], "--object first: not a number."),
        (["--budget", "soon"], "--budget soon: not a duration."),
        (["--against", "nothing"], "--against: unknown class 'nothing'."),
    ],
)
def test_mistakes(
    here: Callable[..., object], quick_run: Path, images: list[Path], options: list[str], words: str
) -> None:
    outcome = here("explain", quick_run, images[0], *options)
    assert outcome.code == 2 and f"error: {words}" in outcome.err and "hint:" in outcome.err


def test_no_image(here: Callable[..., object], quick_run: Path) -> None:
    outcome = here("explain", quick_run)
    assert outcome.code == 2 and "No image is named." in outcome.err


def test_from_python(quick_run: Path, images: list[Path]) -> None:
    with foveal.load(quick_run) as model:
        one = model.explain(images[0])
        assert isinstance(one, Explanation) and "\n" not in repr(one) and len(repr(one)) < 200
        width, height = one.size
        assert [array.shape for array in one.arrays] == [(height, width)] * len(one)
        assert one._repr_png_().startswith(b"\x89PNG") and one.draw().width > width
        several = model.explain([str(path) for path in images], classes=[one[0].subject.name])
        assert len(several) == 2 and several[0].scales == several[1].scales
        pixels = np.asarray(Image.open(images[0]).convert("RGB"))
        assert model.explain(pixels)[0].grid.tobytes() == one[0].grid.tobytes()
        assert model.explain(pixels[..., ::-1], bgr=True)[0].grid.tobytes() == one[0].grid.tobytes()
