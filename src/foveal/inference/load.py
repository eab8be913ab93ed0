"""Open a model: a run folder, a .safetensors file or an exported one."""

import shlex
from pathlib import Path

from foveal.artifact.store import load as load_file
from foveal.artifact.store import read_card
from foveal.errors import ArtifactError
from foveal.inference.backends.choose import Wanted, engine_of
from foveal.inference.backends.contract import NAMES, Backend
from foveal.inference.backends.onnx_backend import OnnxBackend
from foveal.inference.backends.process_tuning import wait_quietly
from foveal.inference.predictor import Predictor
from foveal.ops.quiet import quiet
from foveal.tasks.card import check_card
from foveal.tasks.table import open_task

SUFFIXES = (".safetensors", ".onnx")
SEVERAL = "runs.toml"
"""Marks a folder of several runs: folds, or seeds."""


@quiet()
def load(path: str | Path, *, device: str = "auto", engine: str = "auto", threads: int = 0) -> Predictor:
    """Open a model.

    Args:
        path: A run folder, a ``model.safetensors`` or an ``.onnx`` file. Of a folder, ``engine`` onnxruntime or
            openvino opens the ``model.onnx`` that was exported there.
        device: Where it runs: auto (a GPU if there is one), cpu, cuda or tensorrt; exported files need onnxruntime-gpu
            for the last two.
        engine: What runs it: auto (torch for a network; for an exported file OpenVINO on CPUs where it is installed,
            else ONNX Runtime), torch, onnxruntime or openvino.
        threads: Threads within the network on a CPU; 0: all cores that this process may use.

    Raises:
        ArtifactError: No such model, or a file that Foveal cannot open.
        ConfigError: A device or an engine is unknown, or not available.
        MissingExtraError: A .safetensors model needs torch, or the engine OpenVINO, which is not installed.
    """
    return Predictor(open_named(path, device=device, engine=engine, threads=threads))


def open_named(path: str | Path, *, device: str = "auto", engine: str = "auto", threads: int = 0) -> Backend:
    """What runs a model; arguments and errors as for ``load``."""
    wanted = Wanted(engine, device, threads)
    file = find_model(Path(path))
    exported = file_to_run(Path(path), engine)
    if exported != file:
        if not exported.is_file():
            raise ArtifactError(
                f"{path}: {NAMES[engine]} runs exported models, and this folder has no model.onnx.",
                f"Write it with: foveal export {shlex.quote(str(path))}",
            )
        backend = open_backend(exported, wanted)
        if backend.card.of_model != read_card(file):
            raise ArtifactError(
                f"{exported} is not an export of the model beside it: their cards differ.",
                f"Export it again: foveal export {shlex.quote(str(path))}",
            )
        return backend
    return open_backend(file, wanted)


def open_backend(file: Path, wanted: Wanted) -> Backend:
    """What runs a model file.

    Raises:
        FovealError: The file is damaged, or what is asked for is not available.
    """
    match engine_of(file.suffix, wanted):
        case "torch":
            return open_network(file, wanted)
        case "openvino":
            from foveal.inference.backends.openvino_backend import OpenVinoBackend

            return OpenVinoBackend(file, num_threads=wanted.threads)
        case _:
            return OnnxBackend(file, num_threads=wanted.threads, device=wanted.device)


def open_network(file: Path, wanted: Wanted) -> Backend:
    """A .safetensors file, run by torch."""
    card, tensors = load_file(file)
    check_card(card, where=str(file))
    wait_quietly()
    open_task(card)  # the error says what to install where torch is missing
    from foveal.inference.backends.torch_backend import open_torch

    return open_torch(card, tensors, where=str(file), device=wanted.device, num_threads=wanted.threads)


def file_to_run(path: Path, engine: str) -> Path:
    """The model file that an engine runs: of a folder, the exported one for those that run exported models.

    Raises:
        ArtifactError: See ``find_model``.
    """
    file = find_model(path)
    return file.with_name("model.onnx") if path.is_dir() and engine in ("onnxruntime", "openvino") else file


def find_model(path: Path) -> Path:
    """The model file that a path stands for.

    Raises:
        ArtifactError: No such file, a run without a model yet, or a file of another kind.
    """
    if path.is_dir():
        file = path / "model.safetensors"
        if not file.is_file():
            if (path / SEVERAL).is_file():
                inside = sorted(one.parent.name for one in path.glob("*/model.safetensors"))
                raise ArtifactError(
                    f"{path}: this folder holds several runs.",
                    f"Name one of them, such as {shlex.quote(str(path / next(iter(inside), 'fold-1')))}.",
                )
            raise ArtifactError(
                f"{path}: no model.safetensors in this folder.",
                f"If it is an unfinished run, resume it: foveal train --resume {shlex.quote(str(path))}",
            )
        return file
    if not path.exists():
        raise ArtifactError(f"{path}: no such model.", "Name a run folder, a .safetensors or an .onnx file.")
    if path.suffix not in SUFFIXES:
        raise ArtifactError(
            f"{path}: Foveal does not open {path.suffix or 'such'} files.",
            "Name a run folder, a .safetensors or an .onnx file.",
        )
    return path
