"""What tests share: real images, small generated data sets, commands run as a user would."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real images, from FOVEAL_DATA."""
    folder = Path(os.environ.get("FOVEAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real images at {folder}; set FOVEAL_DATA")
    return folder


def write_squares(folder: Path, *, per_class: int = 12, size: int = 32, seed: int = 0, classes: int = 3) -> Path:
    """An image folder that a small network learns at once: noise with a bright square whose colour is the class."""
    generator = np.random.default_rng(seed)
    for label in range(classes):
        place = folder / f"class{label}"
        place.mkdir(parents=True)
        for i in range(per_class):
            image = generator.integers(0, 90, (size, size, 3), dtype=np.uint8)
            top, left = generator.integers(0, size - 12, 2)
            image[top : top + 12, left : left + 12, label % 3] = 230
            Image.fromarray(image).save(place / f"{i:03d}.png")
    return folder


@pytest.fixture(scope="session")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small generated image folder; tests only read it."""
    return write_squares(tmp_path_factory.mktemp("data") / "squares")


@pytest.fixture(scope="session")
def torch_free(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """What tests/base_install.py prints for a model, images and perhaps their data set, in a base install."""
    place = tmp_path_factory.mktemp("base") / "venv"
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    python = place / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", ROOT], check=True, capture_output=True)

    def check(*arguments: Path) -> str:
        command = [python, ROOT / "tests" / "base_install.py", *arguments]
        # An interpreter of its own looks nowhere but into its own packages.
        clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=clean)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return check


Result = subprocess.CompletedProcess[str]


def run_foveal(*arguments: str | Path, cwd: Path | None = None, timeout: float = 300, **environment: str) -> Result:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "foveal", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "160", "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """The command line in this process: the same code without the seconds that importing takes."""
    from foveal.cli.app import run

    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")

    def call(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        code = run([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return call


def quick(*, epochs: int = 2, batch_size: int = 8) -> list[str]:
    """Flags of a run that takes about a second after the imports."""
    return [
        "--model.backbone=conv4",
        "--model.weights=none",
        "--input.normalize=dataset",
        "--size=32",
        f"--epochs={epochs}",
        f"--batch-size={batch_size}",
        "--workers=0",
    ]


@pytest.fixture(scope="session")
def quick_run(squares: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on ``squares``, made by a process of its own; tests only read it."""
    out = tmp_path_factory.mktemp("runs") / "quick"
    done = run_foveal("train", squares, "--out", out, *quick(epochs=6), "--lr=3e-3")
    assert done.returncode == 0, done.stderr
    return out


def train_with_kills(*arguments: str | Path, folder: Path, seed: int, kills: int = 3) -> int:
    """Train into ``folder``, kill the run at random moments after it has saved its state, and let it end.

    Returns:
        How often it was killed before it was over.
    """
    chance, state = random.Random(seed), folder / "resume" / "state.pt"
    command, done = ["train", *map(str, arguments), "--out", str(folder)], 0
    for _ in range(kills):
        process = subprocess.Popen([sys.executable, "-m", "foveal", *command], start_new_session=True)
        while process.poll() is None and not state.exists():
            time.sleep(0.01)
        before = state.stat().st_mtime_ns
        while process.poll() is None and state.stat().st_mtime_ns == before:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.2))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            done += 1
        process.wait()
        command = ["train", "--resume", str(folder), "--quiet"]
    last = run_foveal(*command)
    assert last.returncode == 0 or "this run is finished" in last.stderr, last.stderr
    return done


def write_eight_images(real_data: Path, folder: Path, *, min_side_px: float) -> Path:
    """coco80's first eight images without a smaller object, as a COCO data set whose splits are the same."""
    document = json.loads((real_data / "coco80" / "annotations" / "instances.json").read_text())
    sides: dict[int, float] = {image["id"]: 1e9 for image in document["images"]}
    for a in document["annotations"]:
        sides[a["image_id"]] = min(sides[a["image_id"]], *a["bbox"][2:])
    ids = [i for i, side in sides.items() if min_side_px <= side < 1e9][:8]
    assert len(ids) == 8
    (folder / "annotations").mkdir(parents=True)
    for split in ("train", "val"):
        part = {
            **document,
            "images": [image for image in document["images"] if image["id"] in ids],
            "annotations": [a for a in document["annotations"] if a["image_id"] in ids],
        }
        (folder / "annotations" / f"instances_{split}.json").write_text(json.dumps(part))
        (folder / split).mkdir()
        for image in part["images"]:
            image = real_data / "coco80" / "images" / image["file_name"]
            (folder / split / image["file_name"]).symlink_to(image)
    return folder
