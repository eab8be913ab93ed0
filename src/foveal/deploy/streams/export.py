"""A model on streams as one .onnx, written only if both of its forms agree with the network on real data.

Shapes: B streams, T steps.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from foveal.artifact.atomic import write_atomic
from foveal.errors import ParityError
from foveal.inference.streams.contract import Stepper
from foveal.inference.streams.onnx_stepper import OnnxStepper
from foveal.inference.streams.torch_stepper import TorchStepper
from foveal.tasks.table import open_stream
from foveal.types.arrays import Array, FloatArray

STATE_TOLERANCE = 1e-3
"""Largest difference of a state, whose values are about as large as 1."""


@dataclass(frozen=True)
class StreamParity:
    """The comparison of an exported model with its network.

    Attributes:
        steps: Steps that both ran on.
        streams: Side by side.
        differences: The largest of the sequence form and of the step form, by name.
        tolerances: What is allowed, by name.
    """

    steps: int
    streams: int
    differences: dict[str, float]
    tolerances: dict[str, float]

    @property
    def worst(self) -> str:
        """The difference that is nearest to, or furthest above, what is allowed."""
        return max(self.differences, key=lambda name: self.differences[name] / self.tolerances[name])

    @property
    def passed(self) -> bool:
        """Whether all differences are allowed."""
        return self.differences[self.worst] <= self.tolerances[self.worst]


def export(model: TorchStepper, out: Path, *, steps: Array, source: str) -> StreamParity:
    """Write a model as ONNX, with a record of the comparison beside it.

    Args:
        model: On torch.
        out: The file to write.
        steps: (B, T, ...) real data that both must agree on.
        source: Where it is from, for the record.

    Raises:
        ParityError: They disagree; no file is written.
    """
    from foveal.deploy.streams.graph import to_onnx

    content = to_onnx(model.network, model.card)
    parity = compare(model, OnnxStepper(content), steps)
    if not parity.passed:
        name = parity.worst
        raise ParityError(
            f"The exported graph disagrees with the network: {name} differs by {parity.differences[name]:.2g}"
            f" (allowed {parity.tolerances[name]:g}). Nothing was written.",
            "Other versions of torch and onnxruntime may work; please report it.",
        )
    write_atomic(out, content)
    record = {**asdict(parity), "source": source, "passed": True}
    place = out.with_name("parity.json") if out.name == "model.onnx" else out.with_suffix(".json")
    write_atomic(place, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    return parity


def compare(ours: Stepper, theirs: Stepper, steps: Array) -> StreamParity:
    """The network against the exported file in both forms: all steps at once, and one after the other."""
    output = open_stream(ours.card)
    wanted, last = ours.run(steps, ours.begin(len(steps)))
    differences: dict[str, float] = {}
    for form, size in (("at once", steps.shape[1]), ("one by one", 1)):
        found, after = in_parts(theirs, steps, size)
        for name, value in output.differences(wanted, found).items():
            differences[f"{name}, {form}"] = value
        differences[f"state, {form}"] = max(float(np.abs(last[name] - after[name]).max()) for name in last)
    tolerances = {
        name: STATE_TOLERANCE if name.startswith("state") else output.tolerances[name.rpartition(", ")[0]]
        for name in differences
    }
    return StreamParity(steps.shape[1], len(steps), differences, tolerances)


def in_parts(stepper: Stepper, steps: Array, size: int) -> tuple[FloatArray, dict[str, Array]]:
    """Outputs for all steps, given ``size`` at a time with the state carried, and the last state."""
    state, outputs = stepper.begin(len(steps)), []
    for at in range(0, steps.shape[1], size):
        out, state = stepper.run(steps[:, at : at + size], state)
        outputs.append(out)
    return np.concatenate(outputs, 1), dict(state)
