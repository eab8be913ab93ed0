"""INT8: what is quantised runs on integers, is compared on images that it was not calibrated on, and costs little."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.conftest import Outcome

import foveal
from foveal.deploy.int8 import quantise as quantising
from foveal.deploy.int8.calibration import Seen, observe, open_session, ranges_by
from foveal.deploy.int8.layers import find_layers
from foveal.deploy.int8.quantise import quantise, weight_scale
from foveal.inference.load import load
from foveal.runs.export import labelled_images

Command = Callable[..., Outcome]


def small_network(*, seed: int = 0) -> onnx.ModelProto:
    """Images, two convolutions with an activation, pooling, a linear layer."""
    rng = np.random.default_rng(seed)

    def constant(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(rng.normal(0, 0.5, shape).astype(np.float32), name)

    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], "cast", to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["x"], "turn", perm=[0, 3, 1, 2]),
        helper.make_node("Mul", ["x", "by"], ["small"], "scale"),
        helper.make_node("Conv", ["small", "w1", "b1"], ["c1"], "first", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"], "relu"),
        helper.make_node("MaxPool", ["r1"], ["p1"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["p1", "w2"], ["c2"], "second", group=8),
        helper.make_node("Add", ["c2", "p1"], ["sum"], "add"),
        helper.make_node("ReduceMean", ["sum", "axes"], ["mean"], "mean", keepdims=0),
        helper.make_node("Gemm", ["mean", "w3", "b3"], ["scores"], "linear", transB=1),
    ]
    constants = [constant("w1", 8, 3, 3, 3), constant("b1", 8), constant("w2", 8, 1, 1, 1), constant("w3", 5, 8)]
    constants += [constant("b3", 5), numpy_helper.from_array(np.float32(1 / 255), "by")]
    constants += [numpy_helper.from_array(np.array([2, 3], np.int64), "axes")]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", 16, 16, 3])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 5])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (6, 16, 16, 3), dtype=np.uint8)


def test_layers_and_what_lies_between() -> None:
    network = find_layers(small_network())
    first, second, linear = network.layers
    assert [(one.name, one.source, one.result, one.last) for one in network.layers] == [
        ("first", "small", "r1", False),
        ("second", "p1", "c2", False),
        ("linear", "mean", "scores", True),
    ]
    assert (first.axis, second.axis, linear.axis) == (0, 0, 0)
    assert network.ends == ["scores"] and network.origin("p1") == "r1"


def test_integers_are_near_the_floats(images: np.ndarray) -> None:
    proto = small_network()
    network = find_layers(proto)
    seen = observe(network, images)
    means = {name: np.mean(one.means, axis=0) for name, one in seen.items()}
    made = quantise(network, ranges_by(seen, 1.0), [one.name for one in network.layers], means=means)
    onnx.checker.check_model(made)
    kinds = [node.op_type for node in made.graph.node]
    assert kinds.count("QuantizeLinear") == 5, "small, r1, p1, c2, mean: what the last layer gives stays in float"
    assert {one.data_type for one in made.graph.initializer if one.name in ("w1_q", "w3_q")} == {TensorProto.INT8}
    assert not {"w1", "w2", "w3"} & {one.name for one in made.graph.initializer}
    scales = {one.name: numpy_helper.to_array(one) for one in made.graph.initializer if one.name.endswith("_scale")}
    assert scales["p1_scale"] == scales["r1_scale"], "pooling keeps the range"
    before, after = (open_session(one.SerializeToString()).run(None, {"images": images})[0] for one in (proto, made))
    assert np.abs(before - after).max() < 0.02 * np.abs(before).max()
    assert not np.array_equal(before, after)


def test_no_pair_of_products_overflows_sixteen_bits(images: np.ndarray) -> None:
    """Where a processor has no VNNI, they are summed in so many; depthwise layers are not summed in pairs."""
    proto = small_network()
    network = find_layers(proto)
    made = quantise(network, ranges_by(observe(network, images), 1.0), [one.name for one in network.layers])
    weights = {
        one.name: numpy_helper.to_array(one) for one in made.graph.initializer if one.data_type == TensorProto.INT8
    }
    largest = {name: int(np.abs(value.astype(int)).max()) for name, value in weights.items() if name.endswith("_q")}
    assert largest == {"w1_q": 63, "w2_q": 127, "w3_q": 63}
    assert 2 * 255 * largest["w1_q"] < 2**15


def test_the_bias_takes_up_what_rounding_the_weights_shifts(images: np.ndarray) -> None:
    """With weights of two bits the shift is large; the mean of the outputs is then right only if it is corrected."""
    proto = small_network(seed=3)
    network = find_layers(proto)
    seen = observe(network, images)
    means = {name: np.mean(one.means, axis=0) for name, one in seen.items()}
    reference = open_session(proto.SerializeToString()).run(None, {"images": images})[0].mean(0)
    apart = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quantising, "MOST", 3)
        patch.setattr(quantising, "MOST_SUMMED", 3)
        for given in ({}, means):
            made = quantise(network, ranges_by(seen, 1.0), ["linear"], means=given)
            found = open_session(made.SerializeToString()).run(None, {"images": images})[0].mean(0)
            apart.append(float(np.abs(found - reference).max()))
    assert apart[1] < 0.2 * apart[0]


def test_each_channel_has_its_scale() -> None:
    weight = np.array([[1.0, -2.0], [0.001, 0.0]], np.float32)
    np.testing.assert_allclose(weight_scale(weight, 0, most=127), np.array([2, 0.001]) / 127, rtol=1e-6)
    np.testing.assert_allclose(weight_scale(weight, 1, most=63), np.array([1, 2]) / 63, rtol=1e-6)


def test_ranges_cover_a_share_and_always_zero() -> None:
    seen = Seen()
    values = np.linspace(1, 2, 20_000, dtype=np.float32).reshape(1, 1, 100, 200)
    values[0, 0, 0, 0] = 1000
    seen.add(values)
    assert seen.range(1.0) == (0.0, 1000.0)
    low, high = seen.range(0.99)
    assert low == 0.0 and high == pytest.approx(1.99, abs=0.02)


def test_calibration_and_evaluation_share_no_image(quick_export: Path, squares: Path, tmp_path: Path) -> None:
    """Not even under two names."""
    data = tmp_path / "data"
    for split in ("train", "val"):
        for image in squares.rglob("*.png"):
            own = split == "train" or image.stem < "004"
            place = data / split / image.parent.name / f"{'' if own else 'x'}{image.name}"
            place.parent.mkdir(parents=True, exist_ok=True)
            if own:
                place.write_bytes(image.read_bytes())
    sets, why = labelled_images(load(quick_export), quick_export, data, calibrated=True)
    assert sets is not None, why
    assert len(sets.labelled) == 12 and len(sets.calibration) == 24, "36 images, 12 of which are evaluated"
    assert not any(path.stem < "004" for path in sets.calibration)


def test_an_int8_export(here: Command, quick_export: Path, squares: Path, tmp_path: Path) -> None:
    """From an exported file, which needs no torch."""
    out = tmp_path / "small.onnx"
    done = here("export", quick_export, "--int8", "--data", squares, "--out", out, "--max-drop", "20")
    assert done.code == 0, done.err
    assert "on 8-bit integers" in done.out and "times smaller" in done.out and "times as fast" in done.out
    report = json.loads((tmp_path / "small.json").read_text())
    int8 = report["int8"]
    assert report["precision"] == "int8" and report["headline"]["high"] <= 0.2 and int8["calibration_images"] >= 8
    assert int8["after_bytes"] == out.stat().st_size < int8["before_bytes"]
    assert len(int8["sensitivity"]) > len(int8["left_in_float"]) and len(int8["speeds"]) == len(int8["changes"])
    files = sorted(squares.rglob("*.png"))
    for engine in ("auto", "onnxruntime"):
        model = foveal.load(out, engine=engine)
        assert str(model.running).endswith(", int8")
        right = [one.top(1)[0].name == file.parent.name for one, file in zip(model.predict(files), files, strict=True)]
        assert np.mean(right) > 0.9
    again = here("export", out, "--int8")
    assert again.code == 2 and "is in int8 already" in again.err


def test_half_precision(here: Command, quick_export: Path, squares: Path, tmp_path: Path) -> None:
    done = here("export", quick_export, "--fp16", "--data", squares, "--out", tmp_path / "b.onnx", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["headline"]["metric"] == "accuracy"
    assert (tmp_path / "b.onnx").stat().st_size < 0.6 * quick_export.stat().st_size
    assert foveal.load(tmp_path / "b.onnx").running.precision == "fp16"
    refused = here("export", quick_export)
    assert refused.code == 2 and "is an exported file already" in refused.err
    refused = here("export", quick_export, "--to", "openvino")
    assert refused.code == 2 and "OpenVINO reads it as it is" in refused.err


def test_weights_that_lose_too_much_by_rounding_are_refused_in_words(
    here: Command, quick_export: Path, squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foveal.deploy.export.TOLERANCES_FP16", {"score": 1e-9})
    done = here("export", quick_export, "--fp16", "--data", squares, "--out", tmp_path / "a.onnx")
    assert done.code == 1 and "export it without --fp16" in done.err
    assert list(tmp_path.iterdir()) == []


def test_layers_that_cost_too_much_are_refused_and_nothing_is_written(
    here: Command, quick_export: Path, squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foveal.deploy.int8.quantise.MOST", 0.01)
    monkeypatch.setattr("foveal.deploy.int8.quantise.MOST_SUMMED", 0.01)
    done = here("export", quick_export, "--int8", "--data", squares, "--out", tmp_path / "a.onnx")
    assert done.code == 1, done.out
    assert "layers left in float, the INT8 model on" in done.err and "Nothing was written." in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_has_nothing_to_lose_proves_nothing(
    here: Command, quick_export: Path, squares: Path, tmp_path: Path
) -> None:
    """Were it allowed, a network that is always wrong would pass with any integers."""
    names = sorted(one.name for one in squares.iterdir())
    for name, other in zip(names, names[1:] + names[:1], strict=True):
        shutil.copytree(squares / name, tmp_path / "wrong" / other)
    done = here("export", quick_export, "--int8", "--data", tmp_path / "wrong", "--out", tmp_path / "a.onnx")
    assert done.code == 1 and "if INT8 lost all of it" in done.err
    assert not (tmp_path / "a.onnx").exists()


def test_int8_needs_labels(here: Command, quick_export: Path, squares: Path, tmp_path: Path) -> None:
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "a.png").write_bytes((squares / "class0" / "000.png").read_bytes())
    done = here("export", quick_export, "--int8", "--data", tmp_path / "flat", "--out", tmp_path / "a.onnx")
    assert done.code == 2 and "INT8 needs labelled images" in done.err
