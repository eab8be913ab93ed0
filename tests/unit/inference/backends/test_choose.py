"""The engine, the device and the threads are those asked for, or the request is refused."""

from pathlib import Path
from shutil import copytree

import pytest
from tests.conftest import Outcome

import foveal
from foveal.errors import ArtifactError, ConfigError
from foveal.inference.backends import choose
from foveal.inference.backends.choose import Wanted, engine_of
from foveal.inference.backends.onnx_backend import CPU, CUDA


@pytest.mark.parametrize(
    ("engine", "device", "threads", "what"),
    [
        ("tensorflow", "auto", 0, "Unknown engine 'tensorflow'."),
        ("auto", "gpu", 0, "Unknown device 'gpu'."),
        ("auto", "auto", -1, "-1 threads are not possible."),
        ("openvino", "cuda", 0, "Foveal runs OpenVINO on CPUs, not on 'cuda'."),
        ("torch", "tensorrt", 0, "PyTorch does not run on TensorRT."),
    ],
)
def test_what_cannot_be_is_refused(engine: str, device: str, threads: int, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Wanted(engine, device, threads)
    assert caught.value.what == what and caught.value.hint


@pytest.mark.parametrize(
    ("suffix", "wanted", "there", "gpu", "engine"),
    [
        (".safetensors", Wanted(), True, False, "torch"),
        (".onnx", Wanted(), True, False, "openvino"),
        (".onnx", Wanted(), False, False, "onnxruntime"),
        (".onnx", Wanted(), True, True, "onnxruntime"),
        (".onnx", Wanted(device="cpu"), True, True, "openvino"),
        (".onnx", Wanted(device="cuda"), True, True, "onnxruntime"),
        (".onnx", Wanted(device="tensorrt"), True, True, "onnxruntime"),
        (".onnx", Wanted("onnxruntime"), True, False, "onnxruntime"),
        (".onnx", Wanted("openvino"), False, False, "openvino"),
    ],
)
def test_what_runs(
    monkeypatch: pytest.MonkeyPatch, suffix: str, wanted: Wanted, there: bool, gpu: bool, engine: str
) -> None:
    class Runtime:
        @staticmethod
        def get_available_providers() -> list[str]:
            return [CUDA, CPU] if gpu else [CPU]

    monkeypatch.setattr(choose, "has_openvino", lambda: there)
    monkeypatch.setattr(choose, "runtime", lambda: Runtime)
    assert engine_of(suffix, wanted) == engine


def test_an_engine_opens_only_its_files() -> None:
    with pytest.raises(ConfigError, match="PyTorch does not open exported models"):
        engine_of(".onnx", Wanted("torch"))
    with pytest.raises(ConfigError, match=r"OpenVINO opens exported models, not \.safetensors"):
        engine_of(".safetensors", Wanted("openvino"))


def test_a_run_folder_on_an_engine_runs_its_export(
    quick_run: Path, quick_export: Path, squares: Path, tmp_path: Path
) -> None:
    run = copytree(quick_run, tmp_path / "run")
    with pytest.raises(ArtifactError, match=r"ONNX Runtime runs exported models, and this folder has no model\.onnx"):
        foveal.load(run, engine="onnxruntime")
    (run / "model.onnx").write_bytes(quick_export.read_bytes())
    model = foveal.load(run, engine="onnxruntime", threads=1)
    assert str(model.running).startswith("ONNX Runtime ") and str(model.running).endswith(", cpu, 1 thread")
    other = (run / "model.onnx").read_bytes().replace(b'"temperature":', b'"temperature": ', 1)
    (run / "model.onnx").write_bytes(other)
    with pytest.raises(ArtifactError):
        foveal.load(run, engine="onnxruntime")


def test_what_runs_is_printed(here: "object", quick_export: Path, squares: Path) -> None:
    assert callable(here)
    done: Outcome = here("predict", quick_export, squares / "class0", "--engine", "onnxruntime", "--threads", "1")
    assert done.code == 0 and "running on ONNX Runtime " in done.err and "cpu, 1 thread\n" in done.err
    refused: Outcome = here("predict", quick_export, squares / "class0", "--device", "tensorrt")
    assert refused.code == 2 and "--device tensorrt: ONNX Runtime has no TensorRT here" in refused.err
