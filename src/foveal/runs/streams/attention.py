"""The attention of a model over a text, drawn: which of the past characters each one attends to."""

from pathlib import Path

import numpy as np

from foveal.artifact.atomic import write_atomic
from foveal.errors import ConfigError, MissingExtraError
from foveal.inference.streams.contract import Stepper
from foveal.metrics.contract import Matrix
from foveal.types.arrays import FloatArray
from foveal.types.streams.text_spec import TextSpec

MOST = 60
"""Characters that can be drawn legibly."""


def attention_map(stepper: Stepper, text: str) -> FloatArray:
    """(T, T) the weights of each character's state (rows) for itself and those before it (columns).

    Raises:
        ConfigError: An exported model, which keeps no weights, a model without attention, or too long a text.
        DataError: Characters that the model does not know.
    """
    try:
        from foveal.inference.streams.torch_stepper import TorchStepper
    except ModuleNotFoundError as error:
        raise MissingExtraError("look into a network", error.name or "torch") from None
    if not isinstance(stepper, TorchStepper):
        raise ConfigError("An exported model keeps no attention weights.", "Name the run, or its model.safetensors.")
    attention = stepper.network.attention
    if attention is None:
        raise ConfigError("This model has no attention.", "Train one with the setting attention, such as 64.")
    ids = stepper.card.input_as(TextSpec).encode(text, where="--prompt")
    if not 2 <= len(ids) <= MOST:
        raise ConfigError(f"A map of {len(ids)} characters cannot be drawn.", f"Give a --prompt of 2 to {MOST}.")
    stepper.run(ids[None], stepper.begin(1))
    assert attention.weights is not None, "just run"
    weights: FloatArray = attention.weights[0, :, attention.window :].cpu().numpy().astype(np.float64)
    return weights


def draw_attention(stepper: Stepper, text: str, file: Path) -> None:
    """Write the map as a PNG file.

    Raises:
        FovealError: See ``attention_map``; or matplotlib is not installed, or the file cannot be written.
    """
    from foveal.report.figures.drawing import png

    spec = stepper.card.input_as(TextSpec)
    names = [repr(c)[1:-1] if not c.isprintable() else c if c != " " else "\u2423" for c in text]
    if spec.unit == "byte":
        names = [f"{byte:02x}" for byte in text.encode()]
    rows = [f"{place} {name}" for place, name in enumerate(names, 1)]
    panel = Matrix("Attention", attention_map(stepper, text), rows, "at", "attends to", columns=names)
    write_atomic(file, png(panel))
