"""What importing costs, who knows whom, and what stays torch-free."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "foveal"
TORCH_FREE = [
    "foveal.artifact.card",
    "foveal.artifact.store",
    "foveal.runs.evaluation",
    "foveal.explain.attention",
    "foveal.imaging.decode",
    "foveal.imaging.draw",
    "foveal.imaging.prepare",
    "foveal.inference.jobs",
    "foveal.inference.load",
    "foveal.inference.onnx_backend",
    "foveal.inference.predictor",
    "foveal.inference.views",
    "foveal.metrics.classification.single_label",
    "foveal.metrics.detection.metric",
    "foveal.metrics.detection.instance",
    "foveal.ops.blend",
    "foveal.ops.masks",
    "foveal.ops.nms",
    "foveal.ops.view_masks",
    "foveal.runs.evaluate",
    "foveal.runs.identity",
    "foveal.config.schema",
    "foveal.tasks.classify.output",
    "foveal.tasks.detect.output",
    "foveal.tasks.detect.tiles",
    "foveal.tasks.instance.output",
    "foveal.tasks.card",
    "foveal.tasks.table",
    "foveal.types.categories",
    "foveal.types.detections",
    "foveal.types.geometry",
    "foveal.types.predictions",
    "foveal.types.view",
]
BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {'torch', 'torchvision', 'timm', 'accelerate', 'sklearn', 'matplotlib', 'onnx'}:
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


@pytest.mark.parametrize("module", TORCH_FREE)
def test_prediction_path_imports_without_torch(module: str) -> None:
    python(BLOCK + f"import {module}")


def test_a_task_is_named_only_in_its_room() -> None:
    """Code elsewhere must ask the task; names in imports and prose count too, since they are how knowledge leaks.

    The result types of ``types/`` (Detection, Detections) are nobody's own.
    """
    name = re.compile(
        r"\b(classify|Classify\w*|detect|Detect(or|Config|Decode|Output)?)\b"
        r"|\"(segment|instance)\"|(semantic|instance) segmentation"
    )
    allowed = {"tasks", "config", "runs"}
    found = [
        f"{file.relative_to(SOURCE)}:{number}: {line.strip()}"
        for file in sorted(SOURCE.rglob("*.py"))
        if file.relative_to(SOURCE).parts[0] not in allowed
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if name.search(line)
    ]
    assert not found, "\n".join(found)


def test_only_the_runtime_imports_accelerate() -> None:
    found = [f for f in SOURCE.rglob("*.py") if re.search(r"^\s*(from|import) accelerate", f.read_text(), re.M)]
    assert [f.relative_to(SOURCE).as_posix() for f in found] == ["engine/runtime.py"]


def test_nothing_unpickles_freely() -> None:
    for file in SOURCE.rglob("*.py"):
        text = file.read_text()
        assert not re.search(r"\b(pickle|marshal|shelve|joblib)\.loads?\(", text), file
        for call in re.findall(r"torch\.load\([^)]*\)", text):
            assert "weights_only=True" in call, f"{file}: {call}"
