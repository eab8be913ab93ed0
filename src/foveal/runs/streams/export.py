"""Export a model on streams, compared on real data with its network."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from foveal.config.files import read_config
from foveal.errors import ConfigError, DataError, FovealError, MissingExtraError
from foveal.inference.load import find_model
from foveal.inference.streams.load import load_stream
from foveal.tasks.stream import AnyStreamOutput
from foveal.tasks.table import get_stream, open_stream
from foveal.types.arrays import Array
from foveal.types.progress import Progress, silent

if TYPE_CHECKING:
    from foveal.deploy.streams.export import StreamParity

STREAMS_COMPARED, STEPS_COMPARED = 4, 64


def export_stream(
    model: Path, *, out: Path | None, data: Path | None, changed: bool, progress: Progress = silent
) -> tuple[Path, "StreamParity", str]:
    """Write a model as ONNX if both of its forms agree with the network.

    Args:
        model: A run folder or a .safetensors file.
        out: The file to write; by default ``model.onnx`` beside the model.
        data: What to compare on; None: what the run was trained on.
        changed: Whether integers, half precision, evidence or OpenVINO were asked for.
        progress: Called as the work goes on.

    Returns:
        The file, the comparison, and the source of the data.

    Raises:
        ParityError: They disagree; no file is written.
        FovealError: Bad model, folder or options.
    """
    if changed:
        raise ConfigError(
            "--int8, --fp16, --evidence and --to are for models on images.", "Leave them out: it is written in float32."
        )
    file = find_model(model)
    if file.suffix == ".onnx":
        raise ConfigError(f"{file} is an exported file already.", "Export the run.")
    target = out if out is not None else file.with_name("model.onnx")
    if target.suffix != ".onnx":
        raise DataError(f"{target}: an exported model ends in .onnx.", "Name it like --out model.onnx.")
    progress("loading the model", 0, None)
    try:
        from foveal.deploy.streams.export import export
        from foveal.inference.streams.torch_stepper import TorchStepper
    except ModuleNotFoundError as error:
        raise MissingExtraError("export a model", error.name or "torch") from None
    stepper = load_stream(file)
    assert isinstance(stepper, TorchStepper), "a .safetensors file"
    output = open_stream(stepper.card)
    steps, source = _steps(file, data, stepper.card.task, output)
    progress("comparing both models", 0, None)
    return target, export(stepper, target, steps=steps, source=source), source


def _steps(file: Path, data: Path | None, task: str, output: AnyStreamOutput) -> tuple[Array, str]:
    """(B, T, ...) real steps and where they are from; drawn at random where the run's data is gone."""
    try:
        path = data or Path(read_config(file.with_name("config.toml")).data.path)
        stream = get_stream(task).read(path, output.own, output.spec)
    except FovealError:
        if data is not None:
            raise
        return output.any_steps(STREAMS_COMPARED, STEPS_COMPARED), "random steps, since the run's data is not there"
    length = max(2, min(STEPS_COMPARED, len(stream)))
    starts = np.linspace(0, len(stream) - length, STREAMS_COMPARED).astype(int)
    return np.stack([stream.steps[at : at + length] for at in starts]), str(path)
