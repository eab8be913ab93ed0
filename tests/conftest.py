"""What tests share: real images, a small data set and a run on it, commands run as a user would."""

import os

# Before torch is imported: each worker has a core of its own, and threads that wait leave it to the others.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
from filelock import FileLock

from tests.forks import captured
from tests.scenes import write_squares

ROOT = Path(__file__).resolve().parents[1]
Once = Callable[[str, Callable[[Path], object]], Path]

# How long an example takes says more about the machine's other work than about the code.
hypothesis.settings.register_profile("patient", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Among several workers, each of which takes a file at a time: the files with the most slow tests come first."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Make a folder in one of the workers, for all of them."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def once(name: str, make: Callable[[Path], object]) -> Path:
        place, made = shared / name, shared / f"{name}.made"
        with FileLock(shared / f"{name}.lock"):
            if not made.exists():
                make(place)
                made.touch()
        return place

    return once


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real images, from FOVEAL_DATA."""
    folder = Path(os.environ.get("FOVEAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real images at {folder}; set FOVEAL_DATA")
    return folder


@pytest.fixture(scope="session")
def squares(once: Once) -> Path:
    """A small generated image folder; tests only read it."""
    return once("squares", write_squares)


@pytest.fixture(scope="session")
def torch_free(once: Once) -> Callable[..., str]:
    """What tests/base_install.py prints for a model, images and perhaps their data set, in a base install.

    That is the environment named by FOVEAL_BASE_INSTALL, else one that is made here.
    """
    known = os.environ.get("FOVEAL_BASE_INSTALL")
    python = (Path(known) if known else once("base", _install)) / "bin" / "python"

    def check(*arguments: Path) -> str:
        command = [python, ROOT / "tests" / "base_install.py", *arguments]
        # An interpreter of its own looks nowhere but into its own packages.
        clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=clean)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return check


def _install(place: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    command = [place / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-compile", ROOT]
    subprocess.run(command, check=True, capture_output=True)


Result = subprocess.CompletedProcess[str]


SCREEN = {"COLUMNS": "160", "NO_COLOR": "1"}


def run_foveal(*arguments: str | Path, cwd: Path | None = None, threads: int = 1, path: str = "") -> Result:
    """Run the command line in a process of its own; ``path`` is a PYTHONPATH."""
    words = [str(argument) for argument in arguments]
    return captured([SCREEN], words, cwd=cwd or Path.cwd(), threads=threads, path=path)[0]


def run_python(*arguments: str, cwd: Path | None = None, **environment: str) -> Result:
    """Run a new interpreter."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **SCREEN, **environment},
        capture_output=True,
        text=True,
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
def quick_run(squares: Path, once: Once) -> Path:
    """A finished run on ``squares``, made by a process of its own; tests only read it."""

    def make(out: Path) -> None:
        done = run_foveal("train", squares, "--out", out, *quick(epochs=6), "--lr=3e-3")
        assert done.returncode == 0, done.stderr

    return once("quick", make)


@pytest.fixture(scope="session")
def quick_export(quick_run: Path, once: Once) -> Path:
    """``quick_run`` as an .onnx file; tests only read it."""

    def make(out: Path) -> None:
        out.mkdir()
        done = run_foveal("export", quick_run, "--out", out / "model.onnx")
        assert done.returncode == 0, done.stderr

    return once("quick_export", make) / "model.onnx"
