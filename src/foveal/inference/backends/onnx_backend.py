"""An exported file, on ONNX Runtime. No torch."""

import ctypes
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import cast
from weakref import WeakSet

import numpy as np

from foveal.artifact.card import Card, parse_card
from foveal.errors import ArtifactError, ConfigError
from foveal.inference.backends.contract import Running
from foveal.inference.backends.process_tuning import waits_quietly
from foveal.ops.machine import num_cores
from foveal.tasks.card import check_card
from foveal.types.arrays import RGB, Array
from foveal.types.input_spec import InputSpec

CPU, CUDA, TENSORRT = "CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider"
PROVIDERS = {"cpu": [CPU], "cuda": [CUDA, CPU], "tensorrt": [TENSORRT, CUDA, CPU]}
"""What ONNX Runtime is asked for, by device; what the first does not know, the next runs."""
_OPEN: WeakSet["OnnxBackend"] = WeakSet()
"""Backends whose sessions a fork would copy without their threads."""


@cache
def _watch_forks() -> None:
    os.register_at_fork(after_in_child=_leave_sessions)


def _leave_sessions() -> None:
    """Never delete the sessions of the process that this one was forked from: that would wait for their threads."""
    for backend in list(_OPEN):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(backend.session._sess))


def runtime() -> ModuleType:
    """ONNX Runtime without its telemetry, which since version 1.32 sends events to its makers.

    Its thread would also keep a forked process from ending.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    if hasattr(onnxruntime, "disable_telemetry_events"):  # where somebody imported it before us
        onnxruntime.disable_telemetry_events()
    return cast(ModuleType, onnxruntime)


def choose_providers(device: str) -> tuple[str, list[str]]:
    """Where ONNX Runtime runs, and what it is asked for.

    Raises:
        ConfigError: A GPU is requested, and ONNX Runtime has none.
    """
    ort = runtime()
    there = ort.get_available_providers()
    if device == "cpu" or (device == "auto" and CUDA not in there):
        return "cpu", PROVIDERS["cpu"]
    name = "cuda" if device == "auto" else device
    if PROVIDERS[name][0] not in there:
        raise no_gpu(there, device=name)
    ort.set_default_logger_severity(4)  # what it lacks for the GPU is told by ``no_gpu``
    return name, PROVIDERS[name]


def no_gpu(providers: Sequence[str], *, device: str = "cuda") -> ConfigError:
    """The error for a GPU that ONNX Runtime cannot use."""
    if device == "tensorrt":
        return ConfigError(
            f"--device tensorrt: ONNX Runtime has no TensorRT here; it has {', '.join(providers)}.",
            "Install TensorRT and onnxruntime-gpu in place of onnxruntime, or use --device cuda or --device cpu.",
        )
    return ConfigError(
        f"--device cuda: ONNX Runtime runs on no GPU here; it has {', '.join(providers)}.",
        "Install CUDA and onnxruntime-gpu in place of onnxruntime, or use --device cpu or --device auto.",
    )


class OnnxBackend:
    """``inference.backends.contract.Backend`` on an .onnx file that ``foveal export`` wrote.

    Args:
        path: The file, or its bytes.
        num_threads: Threads within an operator; 0: all cores that this process may use.
        device: auto (a GPU if ONNX Runtime has one), cpu, cuda or tensorrt.

    Attributes:
        device_name: Where it runs, cpu, cuda or tensorrt.

    Raises:
        ArtifactError: Not ONNX, or without Foveal's card.
        ConfigError: A GPU is requested, and ONNX Runtime has none.
    """

    def __init__(self, path: Path | bytes, *, num_threads: int = 0, device: str = "auto") -> None:
        where = str(path) if isinstance(path, Path) else "exported graph"
        self._source, self._num_threads = path, num_threads
        self.device_name, providers = choose_providers(device)
        try:
            self._open(providers)
        except Exception as error:  # ONNX Runtime has no base class of its own for these
            raise ArtifactError(
                f"{where}: ONNX Runtime cannot open it ({str(error).splitlines()[0][:200]}).",
                "The file is damaged or is not ONNX; export the model again.",
            ) from None
        if self.device_name != "cpu" and providers[0] not in self.session.get_providers():
            if device != "auto":  # installed, but its libraries are missing or the GPU is
                raise no_gpu(self.session.get_providers(), device=device)
            self.device_name = "cpu"
        metadata = self.session.get_modelmeta().custom_metadata_map
        if "foveal" not in metadata:
            raise ArtifactError(
                f"{where}: an ONNX file without a Foveal card.", "Use a file that `foveal export` wrote."
            )
        self.card: Card = parse_card(metadata["foveal"], where=where)
        check_card(self.card, where=where)
        first, shape = self.session.get_inputs()[0], self.card.input_as(InputSpec).size.shape
        if first.shape[1:] != [*shape, 3]:
            raise ArtifactError(
                f"{where}: takes images of {first.shape[1:]}, but its card declares {shape[0]} x {shape[1]}.",
                "The file is damaged; export the model again.",
            )
        self._precision = metadata.get("foveal.precision", "fp32")
        self._input = first.name
        self._outputs = [output.name for output in self.session.get_outputs()]

    def __repr__(self) -> str:
        """One line: ``OnnxBackend(cpu)``."""
        return f"OnnxBackend({self.device_name})"

    @property
    def running(self) -> Running:
        """The engine, its device and its threads."""
        num_threads = (self._num_threads or num_cores()) if self.device_name == "cpu" else 0
        return Running("onnxruntime", runtime().__version__, self.device_name, num_threads, self._precision)

    def _open(self, providers: list[str]) -> None:
        ort = runtime()
        options = ort.SessionOptions()
        # Given explicitly: ONNX Runtime knows no quota of a container, and by default it binds threads to cores, which
        # fails there with a message on the screen.
        options.intra_op_num_threads = self._num_threads or num_cores()
        options.log_severity_level = 3
        if waits_quietly():
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        source = str(self._source) if isinstance(self._source, Path) else self._source
        self.session = ort.InferenceSession(source, options, providers=providers)
        self._pid = os.getpid()
        if hasattr(os, "register_at_fork"):
            _watch_forks()
            _OPEN.add(self)

    def _after_fork(self) -> None:
        """A fork copies the session but none of its threads: this process opens the file anew.

        Raises:
            ConfigError: The session is on a GPU, or the file is there no more.
        """
        gone = isinstance(self._source, Path) and not self._source.is_file()
        if self.device_name != "cpu" or gone:
            raise ConfigError(
                f"This process was forked from one that opened {'a file now gone' if gone else 'the model on a GPU'}.",
                "Load the model in each process, or start them with multiprocessing's spawn.",
            )
        self._open([CPU])

    def run(self, images: RGB) -> dict[str, Array]:
        """Activated outputs by name."""
        if os.getpid() != self._pid:
            self._after_fork()
        values = self.session.run(self._outputs, {self._input: np.ascontiguousarray(images)})
        return dict(zip(self._outputs, values, strict=True))
