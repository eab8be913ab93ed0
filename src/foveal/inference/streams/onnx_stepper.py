"""An exported model on streams, on ONNX Runtime. No torch."""

from pathlib import Path

import numpy as np

from foveal.artifact.card import Card, parse_card
from foveal.data.notes import plural
from foveal.errors import ArtifactError
from foveal.inference.backends.onnx_backend import runtime
from foveal.inference.streams.contract import State
from foveal.ops.machine import num_cores
from foveal.tasks.card import check_stream_card
from foveal.types.arrays import Array, FloatArray

AFTER = "_after"
"""What the names of the states' outputs end in."""


class OnnxStepper:
    """``Stepper`` on an .onnx file that ``foveal export`` wrote.

    Args:
        source: The file, or its bytes.
        num_threads: Threads within an operator; 0: all cores that this process may use.

    Raises:
        ArtifactError: Not ONNX, or without the card of a model on streams.
    """

    card: Card

    def __init__(self, source: Path | bytes, *, num_threads: int = 0) -> None:
        where = str(source) if isinstance(source, Path) else "exported graph"
        ort = runtime()
        options = ort.SessionOptions()
        self._num_threads = num_threads or num_cores()
        options.intra_op_num_threads = self._num_threads
        options.log_severity_level = 3
        try:
            self.session = ort.InferenceSession(
                str(source) if isinstance(source, Path) else source, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime has no base class of its own for these
            raise ArtifactError(
                f"{where}: ONNX Runtime cannot open it ({str(error).splitlines()[0][:200]}).",
                "The file is damaged or is not ONNX; export the model again.",
            ) from None
        metadata = self.session.get_modelmeta().custom_metadata_map
        if "foveal" not in metadata:
            raise ArtifactError(
                f"{where}: an ONNX file without a Foveal card.", "Use a file that `foveal export` wrote."
            )
        self.card = parse_card(metadata["foveal"], where=where)
        check_stream_card(self.card, where=where)
        self._shapes = {one.name: one.shape for one in self.session.get_inputs() if one.name != "steps"}
        self._outputs = [one.name for one in self.session.get_outputs()]

    @property
    def running(self) -> str:
        """For example ``onnxruntime 1.22 (cpu, 2 threads)``."""
        return f"onnxruntime {runtime().__version__} (cpu, {plural(self._num_threads, 'thread')})"

    def begin(self, streams: int) -> State:
        """Zeros."""
        return {
            name: np.zeros([streams if isinstance(size, str) else size for size in shape], np.float32)
            for name, shape in self._shapes.items()
        }

    def run(self, steps: Array, state: State) -> tuple[FloatArray, State]:
        """Outputs in float32."""
        inputs = steps.astype(np.int64 if steps.dtype.kind in "iu" else np.float32)
        outputs, *after = self.session.run(self._outputs, {"steps": np.ascontiguousarray(inputs), **state})
        names = [name.removesuffix(AFTER) for name in self._outputs[1:]]
        return outputs, dict(zip(names, after, strict=True))
