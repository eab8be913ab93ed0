"""An exported file, on ONNX Runtime. No torch."""

from pathlib import Path

import numpy as np

from foveal.artifact.card import Card, parse_card
from foveal.errors import ArtifactError
from foveal.tasks.card import check_card
from foveal.types.arrays import RGB, Array
from foveal.types.input_spec import InputSpec


class OnnxBackend:
    """``inference.contract.Backend`` on an .onnx file that ``foveal export`` wrote.

    Args:
        path: The file, or its bytes.
        num_threads: Threads within an operator; 0: all cores.

    Raises:
        ArtifactError: Not ONNX, or without Foveal's card.
    """

    def __init__(self, path: Path | bytes, *, num_threads: int = 0) -> None:
        import onnxruntime as ort

        where = str(path) if isinstance(path, Path) else "exported graph"
        options = ort.SessionOptions()
        options.intra_op_num_threads = num_threads
        options.log_severity_level = 3
        try:
            source = str(path) if isinstance(path, Path) else path
            self.session = ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
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
        self.card: Card = parse_card(metadata["foveal"], where=where)
        check_card(self.card, where=where)
        first, side = self.session.get_inputs()[0], self.card.input_as(InputSpec).size
        if first.shape[1:] != [side, side, 3]:
            raise ArtifactError(
                f"{where}: takes images of {first.shape[1:]}, but its card declares {side} x {side}.",
                "The file is damaged; export the model again.",
            )
        self._input = first.name
        self._outputs = [output.name for output in self.session.get_outputs()]

    def run(self, images: RGB) -> dict[str, Array]:
        """Activated outputs by name."""
        values = self.session.run(self._outputs, {self._input: np.ascontiguousarray(images)})
        return dict(zip(self._outputs, values, strict=True))
