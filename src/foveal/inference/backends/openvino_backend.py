"""An exported file, on OpenVINO. No torch.

Each network runs one image: OpenVINO's code for a known shape is up to 1.7 times as fast as that for any number of
images (docs/LOG.md). One image uses all threads; of several, as many run at once as there are threads, one on each.

Shapes: B images, S T height and width of the input.
"""

import ctypes
import os
import sys
import threading
import weakref
from collections import deque
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np

from foveal.artifact.card import Card, parse_card
from foveal.errors import ArtifactError, ConfigError, MissingExtraError
from foveal.inference.backends.contract import Running
from foveal.inference.backends.onnx_file import read_metadata
from foveal.ops.machine import num_cores
from foveal.tasks.card import check_card
from foveal.types.arrays import RGB, Array
from foveal.types.input_spec import InputSpec

TELEMETRY = "openvino_telemetry"
"""A package that OpenVINO brings and that calls home; OpenVINO runs without it."""


@cache
def openvino() -> ModuleType:
    """OpenVINO without its telemetry.

    Raises:
        MissingExtraError: It is not installed.
    """
    hidden = {name: sys.modules[name] for name in sys.modules if name.partition(".")[0] == TELEMETRY}
    sys.modules[TELEMETRY] = cast(ModuleType, None)  # as if it were not installed
    try:
        import openvino as library
    except ModuleNotFoundError as error:
        raise MissingExtraError("run a model on OpenVINO", error.name or "openvino", extra="openvino") from None
    finally:
        del sys.modules[TELEMETRY]
        sys.modules.update(hidden)
    return cast(ModuleType, library)


_ALONE = threading.Lock()
"""For what no two threads may do at once."""


@cache
def _core_of(pid: int) -> Any:  # noqa: ARG001
    core = openvino().Core()
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(core))
    return core


def one_core() -> Any:
    """The one OpenVINO Core of this process, which is never freed.

    With its CPU plugin OpenVINO gives the calling thread a stack for signal handlers (``sigaltstack``). Freeing the
    plugin unmaps that stack, but takes it from the thread only if that thread frees it and no Core came after: else the
    next signal with a handler, such as SIGTERM, is a segmentation fault.

    Raises:
        MissingExtraError: OpenVINO is not installed.
    """
    with _ALONE:
        return _core_of(os.getpid())


_CLOSED: set[int] = set()
"""Processes that have closed a network, this one and those that it was forked from."""


def is_lost_in_fork() -> bool:
    """Whether this process was forked from one that has closed a network.

    OpenVINO keeps the threads of closed networks for the next one of as many threads; a fork has none of them, and
    would wait for them for ever.
    """
    return any(pid != os.getpid() for pid in _CLOSED)


def _check_fork() -> None:
    if is_lost_in_fork():
        raise ConfigError(
            "OpenVINO cannot run in a fork of a process that has closed an OpenVINO model.",
            "Start processes with multiprocessing's spawn, or use --engine onnxruntime.",
        )


class OpenVinoBackend:
    """``inference.backends.contract.Backend`` on an .onnx file that ``foveal export`` wrote.

    Args:
        path: The file, or its bytes.
        num_threads: Threads within the network; 0: all cores that this process may use.

    Raises:
        ArtifactError: Not ONNX, or without Foveal's card.
        ConfigError: This process was forked from one that has closed an OpenVINO model.
        MissingExtraError: OpenVINO is not installed.
    """

    device_name = "cpu"

    def __init__(self, path: Path | bytes, *, num_threads: int = 0) -> None:
        self._where = str(path) if isinstance(path, Path) else "exported graph"
        content = path.read_bytes() if isinstance(path, Path) else path
        self._num_threads = num_threads or num_cores()
        _check_fork()
        self._core = one_core()
        try:
            metadata = read_metadata(content)
            model = self._core.read_model(content)
        except (ValueError, RuntimeError) as error:
            first = next((line for line in str(error).splitlines() if line.strip()), "no reason given")
            raise ArtifactError(
                f"{self._where}: OpenVINO cannot open it ({first.strip()[:120]}).",
                "The file is damaged, or OpenVINO lacks one of its operations; --engine onnxruntime opens it too.",
            ) from None
        if "foveal" not in metadata:
            raise ArtifactError(
                f"{self._where}: an ONNX file without a Foveal card.", "Use a file that `foveal export` wrote."
            )
        self.card: Card = parse_card(metadata["foveal"], where=self._where)
        check_card(self.card, where=self._where)
        self._precision = metadata.get("foveal.precision", "fp32")
        self._shape = self.card.input_as(InputSpec).size.shape
        self._source = path
        self._open(model)

    def _open(self, model: Any) -> None:
        """Compile for one image at a time; networks for several at once follow when they are needed."""
        first = model.inputs[0]
        shape = [size.get_length() if size.is_static else -1 for size in first.partial_shape][1:]
        rows, columns = self._shape
        if shape != [rows, columns, 3]:
            raise ArtifactError(
                f"{self._where}: takes images of {shape}, but its card declares {rows} x {columns}.",
                "The file is damaged; export the model again.",
            )
        model.reshape({first.get_any_name(): [1, rows, columns, 3]})
        self._outputs = [output.get_any_name() for output in model.outputs]
        self._model = model
        weakref.finalize(self, _CLOSED.add, os.getpid()).atexit = False
        self._lock = threading.Lock()
        self._compiled: dict[bool, Any] = {}
        self._free: dict[bool, deque[Any]] = {True: deque(), False: deque()}
        self._pid = os.getpid()
        self._has_run = False
        self._network(alone=True)

    def _after_fork(self) -> None:
        """A fork copies the network but none of OpenVINO's threads: this process opens the file anew.

        Raises:
            ConfigError: The file is there no more, or the other process had closed a model.
        """
        _check_fork()
        if isinstance(self._source, Path) and not self._source.is_file():
            raise ConfigError(
                "This process was forked from one that opened a file now gone.",
                "Load the model in each process, or start them with multiprocessing's spawn.",
            )
        for kept in (self._model, self._compiled, self._free):  # ending them would wait for the threads
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
        self._core = one_core()
        content = self._source.read_bytes() if isinstance(self._source, Path) else self._source
        self._open(self._core.read_model(content))

    def __repr__(self) -> str:
        """One line: ``OpenVinoBackend(cpu)``."""
        return f"OpenVinoBackend({self.device_name})"

    @property
    def running(self) -> Running:
        """The engine, its device and its threads."""
        version = str(openvino().get_version()).partition("-")[0]
        return Running("openvino", version, self.device_name, self._num_threads, self._precision)

    def run(self, images: RGB) -> dict[str, Array]:
        """Activated outputs by name."""
        if os.getpid() != self._pid:
            self._after_fork()
        if self._has_run:
            return self._run(images)
        with _ALONE:  # two first conversions of tensors to NumPy at once wait for each other for ever
            outputs = self._run(images)
        self._has_run = True
        return outputs

    def _run(self, images: RGB) -> dict[str, Array]:
        alone = len(images) == 1 or self._num_threads == 1
        network = self._network(alone=alone)
        requests = self._take(network, 1 if alone else min(len(images), self._num_threads), alone=alone)
        rows: list[list[Array]] = []
        try:
            for start in range(0, len(images), len(requests)):
                busy = list(zip(requests, images[start : start + len(requests)], strict=False))
                for request, image in busy:
                    request.start_async({0: np.ascontiguousarray(image[None])})
                for request, _ in busy:
                    request.wait()
                    rows.append([request.get_output_tensor(i).data.copy() for i in range(len(self._outputs))])
        finally:
            for request in requests:
                request.wait()
            self._free[alone].extend(requests)
        return {name: np.concatenate([row[i] for row in rows]) for i, name in enumerate(self._outputs)}

    def _take(self, network: Any, count: int, *, alone: bool) -> list[Any]:
        """Requests that no other thread uses."""
        taken = []
        for _ in range(count):
            try:
                taken.append(self._free[alone].pop())
            except IndexError:
                taken.append(network.create_infer_request())
        return taken

    def _network(self, *, alone: bool) -> Any:
        """The network for one image at a time, or for several at once; compiled when it is first needed.

        Float32 is computed as such: on some CPUs OpenVINO would take bfloat16, and differ from the network. Threads are
        not bound to cores: beside other work bound ones wait for a core that is taken (docs/LOG.md).
        """
        with self._lock:
            if alone not in self._compiled:
                hint = {
                    "INFERENCE_NUM_THREADS": self._num_threads,
                    "INFERENCE_PRECISION_HINT": "f32",
                    "ENABLE_CPU_PINNING": False,
                    "NUM_STREAMS": 1 if alone else self._num_threads,
                }
                self._compiled[alone] = self._core.compile_model(self._model, "CPU", hint)
            return self._compiled[alone]
