"""What importing costs, and what stays free of torch, of Accelerate and of pickles."""

import fnmatch
import re
import subprocess
import sys
from pathlib import Path

import pytest

from foveal.tasks.table import STREAMS, TASKS

SOURCE = Path(__file__).resolve().parents[2] / "src" / "foveal"
TORCH_FREE = [
    "artifact.*",
    "cli.*",
    "config.*",
    "data.catalog.*",
    "data.formats.*",
    "data.inspection.*",
    "data.streams.*",
    "deploy.documents",
    "deploy.export",
    "deploy.fp16",
    "deploy.headline",
    "deploy.int8.*",
    "deploy.parity",
    "engine.config",
    "engine.logs.epochs",
    "engine.logs.json_log",
    "engine.logs.log",
    "errors",
    "explain.*",
    "imaging.*",
    "inference.*",
    "jobs.*",
    "metrics.*",
    "ops.*",
    "report.*",
    "runs.data",
    "runs.evaluate",
    "runs.evaluation",
    "runs.explain.*",
    "runs.export",
    "runs.identity",
    "runs.parity",
    "runs.learnt.*",
    "runs.report.evaluation",
    "runs.several.*",
    "runs.streams.ahead",
    "runs.streams.attention",
    "runs.streams.document",
    "runs.streams.evaluate",
    "runs.streams.export",
    "runs.streams.generate",
    "runs.streams.report",
    "runs.streams.resolve",
    "runs.streams.settings",
    "runs.train",
    "serve.*",
    "tasks.card",
    "tasks.contract",
    "tasks.stream",
    "tasks.table",
    "tune.[!af]*",
    "tune.advice.*",
    "tune.finders.*",
    "types.*",
    "video.*",
]
"""What predicting, evaluating and the command line need, by patterns of module names."""
TORCH_FREE_FILES_OF_A_TASK = ("config", "decode", "output", "show", "spec")
NEEDS_TORCH = {
    "foveal.explain.gradients",
    "foveal.explain.learnt.activations",
    "foveal.explain.learnt.filters",
    "foveal.explain.line",
    "foveal.explain.quality.randomise",
    "foveal.inference.backends.torch_backend",
    "foveal.inference.streams.torch_stepper",
    "foveal.tune.finders.steps",
    "foveal.tune.finders.sweep",
    "foveal.types.samples",
}
BLOCK = """
import sys
EXTRAS = ('matplotlib', 'jinja2')
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {'torch', 'torchvision', 'timm', 'accelerate', 'sklearn', 'onnx', *EXTRAS}:
            raise ModuleNotFoundError(f'{name} is blocked', name=name)
sys.meta_path.insert(0, Block())
"""


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["train", "--help"], ["data", "--help"]])
def test_help_loads_no_torch(arguments: list[str]) -> None:
    code = f"""
import sys
from foveal.cli.app import run
run({arguments!r})
heavy = {{'torch', 'torchvision', 'timm', 'accelerate', 'sklearn', 'matplotlib', 'onnxruntime'}}
print('LOADED', sorted(heavy & set(sys.modules)))
"""
    assert "LOADED []" in python(code)


def test_importing_foveal_loads_almost_nothing() -> None:
    out = python("import sys, foveal; print(sorted({'torch', 'numpy', 'pydantic', 'PIL'} & set(sys.modules)))")
    assert out.strip() == "[]"


def torch_free_modules() -> list[str]:
    names = [".".join(f.relative_to(SOURCE).with_suffix("").parts) for f in sorted(SOURCE.rglob("*.py"))]
    names = [name for name in names if not name.endswith("__init__")]
    patterns = [
        *TORCH_FREE,
        *(f"tasks.{task}.{file}" for task in (*TASKS, *STREAMS) for file in TORCH_FREE_FILES_OF_A_TASK),
    ]
    for pattern in TORCH_FREE:
        assert fnmatch.filter(names, pattern), f"no module is called {pattern}"
    found = {f"foveal.{name}" for pattern in patterns for name in fnmatch.filter(names, pattern)}
    assert found > NEEDS_TORCH
    return sorted(found - NEEDS_TORCH)


def test_prediction_path_imports_without_torch() -> None:
    """One process for all: that none needs another to be imported first is what having no circles means."""
    code = f"""
import importlib
for name in {torch_free_modules()!r}:
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(name, "-", error)
"""
    assert python(BLOCK + code) == ""


def test_only_the_runtime_imports_accelerate() -> None:
    found = [f for f in SOURCE.rglob("*.py") if re.search(r"^\s*(from|import) accelerate", f.read_text(), re.M)]
    assert [f.relative_to(SOURCE).as_posix() for f in found] == ["engine/runtime.py"]


def test_nothing_unpickles_freely() -> None:
    for file in SOURCE.rglob("*.py"):
        text = file.read_text()
        assert not re.search(r"\b(pickle|marshal|shelve|joblib)\.loads?\(", text), file
        for call in re.findall(r"torch\.load\([^)]*\)", text):
            assert "weights_only=True" in call, f"{file}: {call}"
