"""The gate: an export that disagrees with its network is refused and leaves nothing behind."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import foveal
from foveal.deploy import export as exporting
from foveal.deploy import graph as graphs
from foveal.errors import ArtifactError, ParityError
from foveal.inference.backends.onnx_backend import OnnxBackend
from foveal.inference.predictor import Predictor
from foveal.runs import export as exports


def test_a_broken_weight_is_refused(
    quick_run: Path, squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = graphs.to_onnx

    def broken(*arguments: object, **options: bool) -> bytes:
        graph = onnx.load_from_string(honest(*arguments, **options))
        largest = max(graph.graph.initializer, key=lambda t: int(np.prod(t.dims)))
        weights = numpy_helper.to_array(largest).copy()
        weights.flat[: weights.size // 50] += 0.5
        largest.CopyFrom(numpy_helper.from_array(weights, largest.name))
        return graph.SerializeToString()

    monkeypatch.setattr(graphs, "to_onnx", broken)
    model = foveal.load(quick_run)
    images = sorted(squares.rglob("*.png"))
    with pytest.raises(ParityError) as error:
        exporting.export(model, tmp_path / "model.onnx", images=images)
    assert error.value.exit_code == 1
    assert error.value.what.startswith("The exported graph disagrees with the network: score differs by")
    assert error.value.what.endswith("Nothing was written.")
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_exported_and_compared_on_the_cpu(
    quick_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GPU, where there is one, rounds otherwise than the engines that the file is compared on."""
    asked: list[object] = []
    honest = exports.load

    def load(*arguments: Any, **options: Any) -> Predictor:
        asked.append(options["device"])
        return honest(*arguments, **options)

    monkeypatch.setattr(exports, "load", load)
    _, parity, _ = foveal.export(quick_run, out=tmp_path / "model.onnx")
    assert parity.passed
    assert asked == ["cpu"]


def test_the_graph_is_whole_and_takes_any_batch(quick_export: Path) -> None:
    backend = OnnxBackend(quick_export)
    images = backend.session.get_inputs()[0]
    assert (images.name, images.type) == ("images", "tensor(uint8)")
    assert images.shape[1:] == [32, 32, 3]
    for batch in (1, 2, 5):
        assert backend.run(np.zeros((batch, 32, 32, 3), np.uint8))["scores"].shape == (batch, 3)
    assert backend.card.categories.names == ("class0", "class1", "class2")


def test_an_export_cannot_be_exported(quick_export: Path, squares: Path, tmp_path: Path) -> None:
    images = sorted(squares.rglob("*.png"))[:4]
    with pytest.raises(ArtifactError, match="an exported file already"):
        exporting.export(foveal.load(quick_export), tmp_path / "b.onnx", images=images)


def test_foreign_onnx_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"not onnx at all")
    with pytest.raises(ArtifactError, match="ONNX Runtime cannot open it"):
        Predictor(OnnxBackend(path))
    x = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    y = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    opset = onnx.helper.make_opsetid("", 18)
    graph = onnx.helper.make_graph([node], "g", [x], [y])
    path.write_bytes(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=9).SerializeToString())
    with pytest.raises(ArtifactError, match="an ONNX file without a Foveal card"):
        Predictor(OnnxBackend(path))
