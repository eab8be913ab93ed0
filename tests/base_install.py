"""Run with a Python that has only the base install: an exported model predicts and is evaluated with torch absent.

    python tests/base_install.py MODEL.onnx IMAGES [DATA]

MODEL.onnx is an export that knows the data set IMAGES well; DATA is the data set where its images lie apart.
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path

TRAINING_PACKAGES = ("torch", "torchvision", "timm", "accelerate", "sklearn", "matplotlib", "onnx")

REFUSED = "import json, sys; from foveal.cli.app import run; print(*map(run, json.loads(sys.argv[1])))"
"""Commands that need torch, in one process: prints their exit codes."""


def foveal(*arguments: object) -> str:
    """The command line's standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "foveal", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def main(model: Path, images: Path, data: Path) -> None:
    """Predict, explain and evaluate."""
    found = [name for name in TRAINING_PACKAGES if importlib.util.find_spec(name)]
    assert not found, f"this Python has more than the base install: {found}"
    with tempfile.TemporaryDirectory() as folder:
        predictions = json.loads(foveal("predict", model, images, "--json", "--save", folder))
        assert predictions and len(list(Path(folder).rglob("*.jpg"))) == len(predictions)
    assert all({"path", "size"} < set(prediction) for prediction in predictions)
    (explained,) = json.loads(foveal("explain", model, next(images.rglob("*.*g")), "--budget", "5s", "--json"))[
        "images"
    ]
    assert all(subject["evidence"]["grid"] for subject in explained["subjects"])
    with tempfile.TemporaryDirectory() as folder:
        document = json.loads(foveal("evaluate", model, data, "--json", "--out", folder))
        assert {file.name for file in Path(folder).iterdir()} == {
            "metrics.json",
            "predictions.csv",
            "predictions.jsonl",
        }
    key, metric = {
        "classify": ("classes", "accuracy"),
        "detect": ("objects", "AP50"),
        "segment": ("mask", "pixel_accuracy"),
        "instance": ("objects", "mask_AP50"),
    }[document["task"]]
    assert all(key in prediction for prediction in predictions)
    assert 0 < document["images"] <= len(predictions)
    assert document["metrics"][metric]["value"] > 0.8, document["metrics"][metric]
    commands = [["train", str(images)], ["demo"], ["export", "x"], ["data", "preview", str(images)], ["models"]]
    refused = subprocess.run(
        [sys.executable, "-c", REFUSED, json.dumps(commands)], capture_output=True, text=True, check=False
    )
    assert refused.stdout.split() == ["2"] * len(commands), refused
    lines = refused.stderr.splitlines()
    assert len(lines) == 2 * len(commands), refused.stderr
    assert set(lines[1::2]) == {"  hint: Install everything with: pip install 'foveal[train]'"}, refused.stderr
    print(f"base install: {len(predictions)} images predicted and evaluated without torch")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[-1]))
