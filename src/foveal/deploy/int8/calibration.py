"""From images to the range of every tensor: what 256 levels have to cover.

Wide ranges lose small values to rounding, narrow ones cut large values off. Which is worse depends on the network, so
several rules are tried, and the one that moves the outputs least is taken (``choose``).

Shapes: N images, S T height and width of the input, C channels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from foveal.deploy.int8.layers import Network
from foveal.inference.backends.onnx_backend import CPU, runtime
from foveal.ops.machine import num_cores
from foveal.types.arrays import RGB, FloatArray
from foveal.types.progress import Progress, silent

PER_IMAGE = 2048
"""Values of each tensor kept per image, drawn evenly: 128 images give 262,144, so that 26 lie beyond 99.99%."""
RULES: Mapping[str, float] = {"min-max": 1.0, "99.999%": 0.99999, "99.99%": 0.9999, "99.9%": 0.999}
"""The share of a tensor's values that its range covers, on either side."""
LEVELS = 255

Ranges = Mapping[str, tuple[float, float]]
"""The lowest and highest value of each tensor that are represented."""


@dataclass
class Seen:
    """What calibration images showed of a tensor.

    Attributes:
        low: The least value.
        high: The greatest.
        drawn: Some of the values, an array per image.
        means: (C,) per image, of each channel.
    """

    low: float = 0.0
    high: float = 0.0
    drawn: list[FloatArray] = field(default_factory=list)
    means: list[FloatArray] = field(default_factory=list)

    def add(self, values: FloatArray) -> None:
        """Take note of one image's values, (1, C, ...) or (1, C)."""
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
        flat = values.ravel()
        step = max(1, flat.size // PER_IMAGE)
        # A step that shares no factor with the rows' length would still alias; odd steps reach every column.
        self.drawn.append(flat[:: step | 1].copy())
        if values.ndim > 1:
            self.means.append(values.mean(axis=(0, *range(2, values.ndim)), dtype=np.float64))

    def range(self, share: float) -> tuple[float, float]:
        """The range that covers a share of the values on either side, and always 0."""
        if share >= 1:
            return self.low, self.high
        low, high = np.quantile(np.concatenate(self.drawn), (1 - share, share))
        return min(0.0, float(low)), max(0.0, float(high))


def observe(network: Network, images: RGB, *, progress: Progress = silent) -> dict[str, Seen]:
    """Run the network on calibration images, one by one, and note what its tensors hold.

    Args:
        network: The graph.
        images: (N, S, T, 3) uint8.
        progress: Called with each image.
    """
    seen = {name: Seen() for name in network.tensors}
    session = open_session(with_outputs(network.proto, list(seen)))
    for place, image in enumerate(images):
        progress("calibrating", place, len(images))
        for name, values in zip(seen, session.run(list(seen), {"images": image[None]}), strict=True):
            if values.size:
                seen[name].add(values)
    return seen


def ranges_by(seen: Mapping[str, Seen], share: float) -> Ranges:
    """The range of every tensor by one rule."""
    return {name: one.range(share) for name, one in seen.items()}


def with_outputs(proto: Any, names: Sequence[str]) -> bytes:
    """The model with some of its tensors as further outputs."""
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    there = {one.name for one in copy.graph.output}
    for name in names:
        if name not in there:
            copy.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    return bytes(copy.SerializeToString())


def open_session(content: bytes, *, num_threads: int = 0) -> Any:
    """A session of ONNX Runtime on the CPU."""
    ort = runtime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = num_threads or num_cores()
    options.log_severity_level = 3
    return ort.InferenceSession(content, options, providers=[CPU])
