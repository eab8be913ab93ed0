"""Where a model runs is what was asked for; a process forked from one that has predicted predicts too."""

import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

import foveal
from foveal.artifact.store import read_card
from foveal.errors import ConfigError, FovealError
from foveal.inference.backends.onnx_backend import CPU, CUDA, OnnxBackend
from foveal.inference.predictor import Predictor


@pytest.fixture(scope="module")
def exported(quick_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file like an export of ``quick_run``, whose scores are the mean colours: made at once."""
    card = read_card(quick_run / "model.safetensors")
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", 32, 32, 3])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 3])
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats", "axes"], ["means"], keepdims=0),
        helper.make_node("Softmax", ["means"], ["scores"]),
    ]
    axes = numpy_helper.from_array(np.array([1, 2], np.int64), "axes")
    graph = helper.make_graph(nodes, "means", [images], [scores], [axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {"foveal": card.model_dump_json()})
    file = tmp_path_factory.mktemp("exported") / "model.onnx"
    file.write_bytes(model.SerializeToString())
    return file


def test_an_exported_file_on_a_gpu_that_is_not_there(exported: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        foveal.load(exported, device="cuda")
    assert caught.value.what.startswith("--device cuda: ONNX Runtime runs on no GPU here; it has ")
    assert "CPUExecutionProvider" in caught.value.what and "onnxruntime-gpu" in caught.value.hint
    assert foveal.load(exported).device == "cpu" and foveal.load(exported, device="cpu").device == "cpu"


def test_a_gpu_package_without_a_gpu_is_no_gpu(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """onnxruntime-gpu falls back to the CPU with a log line where CUDA's libraries are missing."""
    asked = []
    session = onnxruntime.InferenceSession

    def fall_back(source: str, options: object, providers: list[str]) -> object:
        asked.append(providers)
        return session(source, options, providers=[CPU])

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr(onnxruntime, "set_default_logger_severity", lambda _: None)
    monkeypatch.setattr(onnxruntime, "InferenceSession", fall_back)
    with pytest.raises(ConfigError, match=r"^--device cuda: ONNX Runtime runs on no GPU here"):
        foveal.load(exported, device="cuda")
    assert foveal.load(exported).device == "cpu"
    assert asked == [[CUDA, CPU]] * 2


def test_no_other_device(exported: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        foveal.load(exported, device="gpu")
    assert (caught.value.what, caught.value.hint) == ("Unknown device 'gpu'.", "Devices: auto, cpu, cuda, tensorrt.")


def test_onnx_runtime_sends_nothing_home(exported: Path) -> None:
    foveal.load(exported)
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"


def test_threads_are_those_that_the_container_allows(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foveal.inference.backends.onnx_backend.num_cores", lambda: 3)
    assert OnnxBackend(exported).session.get_session_options().intra_op_num_threads == 3
    assert OnnxBackend(exported, num_threads=1).session.get_session_options().intra_op_num_threads == 1


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def in_child(call: Callable[[], bool]) -> int:
    """Exit code of a fork of this process: 0 where the call is true; a hang ends after 20 s."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if call() else 1
        except BaseException:  # the fork is not to go on as another pytest
            traceback.print_exc()
        finally:
            os._exit(code)
    for _ in range(2000):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return -1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize("kind", ["torch", "onnx"])
def test_a_fork_of_a_process_that_has_predicted(
    quick_run: Path, exported: Path, squares: Path, two_threads: None, kind: str
) -> None:
    model = foveal.load(quick_run if kind == "torch" else exported, device="cpu")
    if kind == "onnx":
        model = Predictor(OnnxBackend(exported, num_threads=2))
    files = sorted(squares.rglob("*.png"))
    before = [prediction.top(1) for prediction in model.predict(files)]
    assert in_child(lambda: [prediction.top(1) for prediction in model.predict(files)] == before) == 0
    assert [prediction.top(1) for prediction in model.predict(files)] == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_fork_cannot_share_a_gpu(quick_run: Path, squares: Path) -> None:
    model = foveal.load(quick_run, device="cpu")
    model.backend.device = torch.device("cuda")  # as if it had been there

    def refused() -> bool:
        try:
            model.predict(min(squares.rglob("*.png")))
        except FovealError as error:
            return error.what == "This process was forked from one that loaded the model on cuda."
        return False

    assert in_child(refused) == 0
