"""What a model on a series predicts after its last value. No torch for an exported one."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foveal.data.streams.stream import CONTEXT
from foveal.errors import ConfigError
from foveal.inference.streams.load import load_stream
from foveal.tasks.table import get_stream, open_stream
from foveal.types.streams.series_spec import SeriesSpec


@dataclass(frozen=True)
class Ahead:
    """The values to come.

    Attributes:
        after: The last known time.
        columns: Names of the F columns.
        values: H rows of F values: of the first step to come, the second ...
    """

    after: str
    columns: list[str]
    values: list[list[float]]

    def to_dict(self) -> dict[str, object]:
        """For ``--json``."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.values]
        return {"after": self.after, "ahead": [{"step": step, **row} for step, row in enumerate(rows, 1)]}


def look_ahead(model: Path, data: Path, *, threads: int = 0) -> Ahead:
    """The next values of a series.

    Args:
        model: A run folder, a .safetensors or an .onnx file of a model on a series.
        data: The series, with the model's columns.
        threads: Threads within the network; 0: all cores.

    Raises:
        FovealError: Bad model or data; or a model on text, which writes instead.
    """
    stepper = load_stream(model, threads=threads)
    spec, output = get_stream(stepper.card.task), open_stream(stepper.card)
    if not isinstance(output.spec, SeriesSpec):
        raise ConfigError(f"{model}: a model on {spec.data}.", "Let it write with `foveal generate`.")
    stream = spec.read(data, output.own, output.spec)
    piece = stream.pieces[-1]
    outputs, _ = stepper.run(piece.steps[None, -CONTEXT:], stepper.begin(1))
    names = [column.name for column in output.spec.columns]
    values = np.asarray(outputs[0, -1], np.float64).reshape(output.horizon, len(names))
    return Ahead(piece.times[-1], names, values.tolist())
