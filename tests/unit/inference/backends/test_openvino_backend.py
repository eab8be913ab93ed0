"""OpenVINO reads the same .onnx: equal scores, from many threads and after a fork; nothing is sent home."""

import os
import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
from tests.conftest import run_python

import foveal
from foveal.errors import ArtifactError, MissingExtraError
from foveal.inference.backends.onnx_backend import OnnxBackend
from foveal.inference.backends.onnx_file import read_metadata
from foveal.inference.backends.openvino_backend import OpenVinoBackend
from foveal.inference.predictor import Predictor

pytest.importorskip("openvino", reason="needs foveal[openvino]")


@pytest.fixture(scope="module")
def images(squares: Path) -> list[Path]:
    return sorted(squares.rglob("*.png"))[::4]


def test_equal_scores_for_one_image_and_for_several(quick_export: Path, images: list[Path]) -> None:
    ours, theirs = OpenVinoBackend(quick_export, num_threads=2), OnnxBackend(quick_export)
    pixels = np.stack([Predictor(theirs).prepare(image).pixels for image in images])
    for count in (1, 2, 3, len(images)):
        found, expected = ours.run(pixels[:count]), theirs.run(pixels[:count])
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            assert found[name].shape == values.shape
            np.testing.assert_allclose(found[name], values, atol=1e-5)
    assert str(ours.running).startswith("OpenVINO 20") and str(ours.running).endswith(", cpu, 2 threads")


def test_eight_threads_at_once(quick_export: Path, images: list[Path]) -> None:
    model = Predictor(OpenVinoBackend(quick_export, num_threads=2))
    before = np.stack([one.scores for one in model.predict(images)])
    found: list[bool] = []

    def work() -> None:
        for _ in range(3):
            again = np.stack([one.scores for one in model.predict(images, batch_size=4)])
            found.append(bool((again == before).all()) and bool((model.predict(images[0]).scores == before[0]).all()))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 24


FORK = """
import os, sys, foveal
from foveal.errors import ConfigError
file, *images = sys.argv[1:]
def in_child(call):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if call() else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
model = foveal.load(file, engine="openvino", threads=2)
before = [prediction.top(1) for prediction in model.predict(images)]
print(in_child(lambda: [prediction.top(1) for prediction in model.predict(images)] == before))
print([prediction.top(1) for prediction in model.predict(images)] == before)
other = foveal.load(file, engine="openvino", threads=2)
other.predict(images)
del other
def refused(call):
    try:
        call()
    except ConfigError as error:
        return "a process that has closed an OpenVINO model" in error.what
print(in_child(lambda: refused(lambda: model.predict(images))))
print(in_child(lambda: refused(lambda: foveal.load(file, engine="openvino"))))
print(in_child(lambda: foveal.load(file).running.engine == "onnxruntime"))
print([prediction.top(1) for prediction in model.predict(images)] == before)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_of_a_process_that_has_predicted(quick_export: Path, images: list[Path]) -> None:
    """It predicts the same; where OpenVINO would wait for threads that a fork lacks, it is refused."""
    done = run_python("-W", "ignore", "-c", FORK, str(quick_export), *map(str, images))
    assert done.stdout.splitlines() == ["0", "True", "0", "0", "0", "True"], done.stderr


def test_damaged_and_foreign_files(quick_export: Path, tmp_path: Path) -> None:
    content = quick_export.read_bytes()
    for name, damaged in {"cut": content[: len(content) // 2], "text": b"not onnx at all", "empty": b""}.items():
        file = tmp_path / f"{name}.onnx"
        file.write_bytes(damaged)
        with pytest.raises(ArtifactError) as caught:
            OpenVinoBackend(file)
        assert str(file) in caught.value.what
    model = onnx.load_from_string(content)
    del model.metadata_props[:]
    with pytest.raises(ArtifactError, match="an ONNX file without a Foveal card"):
        OpenVinoBackend(model.SerializeToString())


def test_metadata_is_read_without_a_library(quick_export: Path) -> None:
    content = quick_export.read_bytes()
    expected = {entry.key: entry.value for entry in onnx.load_from_string(content).metadata_props}
    assert read_metadata(content) == expected and "foveal" in expected
    with pytest.raises(ValueError, match="beyond the end"):
        read_metadata(content[:-3])


def test_nothing_is_sent_home(quick_export: Path) -> None:
    """The package that OpenVINO would report with is never imported."""
    code = (
        "import sys, foveal, numpy as np;"
        f"foveal.load({str(quick_export)!r}, engine='openvino').predict(np.zeros((32, 32, 3), np.uint8));"
        "print([name for name in sys.modules if name.startswith('openvino_telemetry')], 'torch' in sys.modules)"
    )
    done = run_python("-c", code)
    assert done.stdout == "[] False\n", done.stderr


def test_a_signal_after_models_were_let_go(quick_export: Path) -> None:
    """OpenVINO would leave the thread a signal stack that is no longer there."""
    code = (
        "import foveal, gc, signal\n"
        "signal.signal(signal.SIGTERM, lambda *_: print('handled'))\n"
        f"first, second = (foveal.load({str(quick_export)!r}, engine='openvino') for _ in range(2))\n"
        "del first, second; gc.collect()\n"
        "signal.raise_signal(signal.SIGTERM)\n"
    )
    done = run_python("-c", code)
    assert done.stdout == "handled\n", done.stderr


def test_threads_that_begin_at_once(quick_export: Path) -> None:
    """OpenVINO's first conversion of a tensor to NumPy, in two threads, would hang both."""
    code = (
        "import foveal, sys, threading\n"
        "import numpy as np\n"
        "sys.setswitchinterval(1e-6)\n"
        f"models = [foveal.load({str(quick_export)!r}, engine='openvino', threads=1) for _ in range(8)]\n"
        "gate = threading.Barrier(8)\n"
        "def work(model):\n"
        "    side = model.spec.size.width\n"
        "    gate.wait()\n"
        "    model.backend.run(np.zeros((1, side, side, 3), np.uint8))\n"
        "threads = [threading.Thread(target=work, args=[model], daemon=True) for model in models]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join(30) for thread in threads]\n"
        "print(sum(thread.is_alive() for thread in threads))\n"
    )
    for _ in range(3):
        done = run_python("-c", code)
        assert done.stdout == "0\n", done.stderr


def test_where_it_is_not_installed(quick_export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foveal.inference.backends.choose.find_spec", lambda _: None)
    assert foveal.load(quick_export).running.engine == "onnxruntime"

    def missing() -> None:
        raise MissingExtraError("run a model on OpenVINO", "openvino", extra="openvino")

    monkeypatch.setattr("foveal.inference.backends.openvino_backend.one_core", missing)
    with pytest.raises(MissingExtraError) as caught:
        foveal.load(quick_export, engine="openvino")
    assert caught.value.hint == "Install it with: pip install 'foveal[openvino]'"
