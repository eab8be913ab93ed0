"""A fifth task from a folder of the tests alone: its folder, its types, its metric, and one line of the table.

The package is copied, the line is added to the copy, and everything runs there in processes of its own.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from tests.conftest import Result, quick, run_foveal, run_python
from tests.kills import train_with_kills

import foveal

TOY = Path(__file__).resolve().parents[1] / "toys" / "measure"
LAST, LINE = '    "instance": "foveal.tasks.instance",\n', '    "measure": "measure",\n'
WITHOUT_TORCH = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {'torch', 'torchvision', 'timm', 'accelerate', 'onnx'}:
            raise ModuleNotFoundError(f'{name} is blocked', name=name)
sys.meta_path.insert(0, Block())
from foveal.cli.app import main
main(sys.argv[1:])
"""
SETTINGS = ["--task=measure", *quick(epochs=30), "--lr=1e-2"]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PYTHONPATH on which Foveal knows the toy."""
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(Path(foveal.__file__).parent, copy / "foveal", ignore=shutil.ignore_patterns("__pycache__"))
    table = copy / "foveal" / "tasks" / "table.py"
    text = table.read_text()
    assert text.count(LAST) == 1
    table.write_text(text.replace(LAST, LAST + LINE))
    return os.pathsep.join([str(copy), str(TOY)])


@pytest.fixture(scope="module")
def discs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise with a bright disc; the folder's name is its radius in pixels."""
    generator = np.random.default_rng(0)
    root = tmp_path_factory.mktemp("data") / "discs"
    for split, count in (("train", 12), ("val", 6)):
        for radius in (3, 6, 9, 12):
            folder = root / split / str(radius)
            folder.mkdir(parents=True)
            for i in range(count):
                image = Image.fromarray(generator.integers(0, 90, (32, 32, 3), dtype=np.uint8))
                x, y = generator.integers(13, 19, 2).tolist()
                ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=(230, 220, 210))
                image.save(folder / f"{i}.png")
    return root


@pytest.fixture(scope="module")
def run(path: str) -> Callable[..., Result]:
    """The command line that knows the toy."""

    def call(*arguments: str | Path) -> Result:
        done = run_foveal(*arguments, path=path)
        assert done.returncode == 0, done.stderr
        return done

    return call


@pytest.fixture(scope="module")
def exported(run: Callable[..., Result], trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its model as .onnx; commands on it start without torch, and so in a second."""
    out = tmp_path_factory.mktemp("export") / "model.onnx"
    run("export", trained, "--out", out)
    return out


@pytest.fixture(scope="module")
def trained(run: Callable[..., Result], discs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    out = tmp_path_factory.mktemp("runs") / "discs"
    run("train", discs, "--out", out, *SETTINGS)
    return out


def test_it_is_a_task_like_any_other(run: Callable[..., Result]) -> None:
    assert (
        "classify, detect, segment, instance, measure, sequence, forecast; default: auto"
        in run("train", "--help").stdout
    )
    text = run("train", "--help-all").stdout
    assert "--measure.scale" in text and "The network predicts numbers divided by this;" in text


def test_trained_evaluated_and_drawn(
    run: Callable[..., Result], trained: Path, exported: Path, discs: Path, tmp_path: Path
) -> None:
    document = json.loads(run("evaluate", exported, discs, "--json", "--out", tmp_path / "evaluated").stdout)
    error = document["metrics"]["mae"]
    assert document["task"] == "measure" and document["images"] == 24
    assert error["low"] < error["value"] < error["high"] and error["value"] < 1.5, "the mean of all would give 3"
    known = json.loads((trained / "metrics.json").read_text())["metrics"]["mae"]["value"]
    assert error["value"] == pytest.approx(known, abs=1e-3), "as torch evaluated it at the end of training"
    assert 'task = "measure"' in (trained / "config.toml").read_text() and (trained / "report.html").exists()
    run("predict", exported, discs / "val", "--save", tmp_path / "drawn", "--csv", tmp_path / "rows.csv")
    assert len(list((tmp_path / "drawn").rglob("*.jpg"))) == 24
    run("data", "preview", discs, "--task", "measure", "--out", tmp_path / "preview.png")


def test_the_export_predicts_without_torch(
    run: Callable[..., Result], trained: Path, exported: Path, discs: Path, path: str
) -> None:
    done = run_python("-c", WITHOUT_TORCH, "predict", str(exported), str(discs / "val"), "--json", PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    ours = json.loads(run("predict", trained, discs / "val", "--json").stdout)
    theirs = json.loads(done.stdout)
    assert [row["path"] for row in ours] == [row["path"] for row in theirs]
    np.testing.assert_allclose([r["value"] for r in ours], [r["value"] for r in theirs], atol=1e-3)


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_nothing_had_happened(path: str, trained: Path, discs: Path, tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    own = [*SETTINGS, "--train.checkpoint-steps=3", "--quiet"]
    assert train_with_kills(discs, *own, folder=killed, seed=0, kills=3, path=path) >= 1, "it was over before a kill"
    assert (killed / "model.safetensors").read_bytes() == (trained / "model.safetensors").read_bytes()
