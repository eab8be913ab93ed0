"""Open a model on streams: a run folder, a .safetensors file or an exported one. No torch for an exported one."""

from pathlib import Path

import numpy as np

from foveal.artifact.card import Card, parse_card
from foveal.artifact.store import load, read_card
from foveal.errors import ArtifactError, MissingExtraError
from foveal.inference.backends.onnx_file import read_metadata
from foveal.inference.load import find_model
from foveal.inference.streams.contract import Stepper
from foveal.inference.streams.onnx_stepper import OnnxStepper
from foveal.tasks.card import check_stream_card
from foveal.tasks.table import STREAMS, get_stream


def is_on_streams(path: Path) -> bool:
    """Whether a model is on streams; errors are left to those who open it."""
    try:
        return card_of(find_model(path)).task in STREAMS
    except ArtifactError:
        return False


def card_of(file: Path) -> Card:
    """The card of a model file.

    Raises:
        ArtifactError: There is none, or it is damaged.
    """
    if file.suffix != ".onnx":
        return read_card(file)
    try:
        text = read_metadata(np.memmap(file, np.uint8, mode="r").data).get("foveal")
    except (OSError, ValueError):
        text = None
    if text is None:
        raise ArtifactError(f"{file}: an ONNX file without a Foveal card.", "Use a file that `foveal export` wrote.")
    return parse_card(text, where=str(file))


def load_stream(path: str | Path, *, threads: int = 0) -> Stepper:
    """Open a model on streams.

    Args:
        path: A run folder, a ``model.safetensors`` or an ``.onnx`` file. Of a folder, the exported file is opened where
            torch is not installed.
        threads: Threads within the network; 0: all cores that this process may use.

    Raises:
        ArtifactError: No such model, a file that Foveal cannot open, or a model on images.
        MissingExtraError: A .safetensors model needs torch, which is not installed.
    """
    file = find_model(Path(path))
    exported = file.with_name("model.onnx")
    if file.suffix == ".onnx":
        return OnnxStepper(file, num_threads=threads)
    card, tensors = load(file)
    check_stream_card(card, where=str(file))
    try:
        from foveal.inference.streams.torch_stepper import open_network
    except ModuleNotFoundError as error:
        if Path(path).is_dir() and exported.is_file():
            return OnnxStepper(exported, num_threads=threads)
        raise MissingExtraError("run a network", error.name or "torch") from None
    return open_network(card, tensors, where=str(file), num_threads=threads)


def load_text_model(path: str | Path, *, threads: int = 0) -> Stepper:
    """Open a model that writes text; arguments and errors as for ``load_stream``.

    Raises:
        ArtifactError: A model of another kind.
    """
    stepper = load_stream(path, threads=threads)
    if not get_stream(stepper.card.task).generates:
        raise ArtifactError(
            f"{path}: a model on {get_stream(stepper.card.task).data} writes no text.", "Use `foveal evaluate` with it."
        )
    return stepper
