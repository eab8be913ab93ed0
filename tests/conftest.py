"""What tests share: real pictures, small generated data sets, commands run as a user would."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real pictures, from FOVEAL_DATA."""
    folder = Path(os.environ.get("FOVEAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real pictures at {folder}; set FOVEAL_DATA")
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
