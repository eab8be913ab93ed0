"""Open a model: a run folder, a .safetensors file or an exported one."""

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

from foveal.artifact.store import load as load_file
from foveal.errors import ArtifactError, ConfigError
from foveal.inference.backends.contract import Backend
from foveal.inference.backends.process_tuning import wait_quietly
from foveal.inference.predictor import Predictor
from foveal.ops.quiet import quiet
from foveal.tasks.card import check_card
from foveal.tasks.table import open_task

DEVICES = ("auto", "cpu", "cuda")


@quiet()
def load(path: str | Path, *, device: str = "auto") -> Predictor:
    """Open a model.

    Args:
        path: A run folder, a ``model.safetensors`` or an ``.onnx`` file.
        device: Where it runs: auto (a GPU if there is one), cpu or cuda; exported files need onnxruntime-gpu for one.

    Raises:
        ArtifactError: No such model, or a file that Foveal cannot open.
        ConfigError: A GPU is requested but not available, or an unknown device.
        MissingExtraError: A .safetensors model needs torch, which is not installed.
    """
    return Predictor(open_backend(path, device=device))


def open_backend(path: str | Path, *, device: str = "auto") -> Backend:
    """What runs a model; arguments and errors as for ``load``."""
    if device not in DEVICES:
        raise ConfigError(f"Unknown device {device!r}.", f"Devices: {', '.join(DEVICES)}.")
    file = find_model(Path(path))
    return OPENERS[file.suffix](file, device)


def open_network(file: Path, device: str) -> Backend:
    """A .safetensors file, run by torch."""
    card, tensors = load_file(file)
    check_card(card, where=str(file))
    wait_quietly()
    open_task(card)  # the error says what to install where torch is missing
    from foveal.inference.backends.torch_backend import open_torch

    return open_torch(card, tensors, where=str(file), device=device)


def open_export(file: Path, device: str) -> Backend:
    """An .onnx file, run by ONNX Runtime."""
    from foveal.inference.backends.onnx_backend import OnnxBackend

    return OnnxBackend(file, device=device)


OPENERS: Mapping[str, Callable[[Path, str], Backend]] = {".safetensors": open_network, ".onnx": open_export}
"""What opens a model file, by its suffix."""


def find_model(path: Path) -> Path:
    """The model file that a path stands for.

    Raises:
        ArtifactError: No such file, a run without a model yet, or a file of another kind.
    """
    if path.is_dir():
        file = path / "model.safetensors"
        if not file.is_file():
            raise ArtifactError(
                f"{path}: no model.safetensors in this folder.",
                f"If it is an unfinished run, resume it: foveal train --resume {shlex.quote(str(path))}",
            )
        return file
    if not path.exists():
        raise ArtifactError(f"{path}: no such model.", "Name a run folder, a .safetensors or an .onnx file.")
    if path.suffix not in OPENERS:
        raise ArtifactError(
            f"{path}: Foveal does not open {path.suffix or 'such'} files.",
            "Name a run folder, a .safetensors or an .onnx file.",
        )
    return path
