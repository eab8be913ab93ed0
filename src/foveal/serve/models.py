"""The models of a server: opened, warmed up, replaced without losing a request. No torch."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foveal.brief import brief
from foveal.errors import FovealError
from foveal.inference.backends.contract import Running
from foveal.inference.backends.process_tuning import wait_quietly
from foveal.inference.load import load
from foveal.inference.predictor import Predictor
from foveal.ops.machine import num_cores
from foveal.ops.quiet import quiet
from foveal.serve.batching import Batcher
from foveal.serve.options import ServeOptions

CPU_RUNNERS = 2
"""Calls of a network at a time on a CPU: while one takes or hands over its images, the other computes."""
Observe = Callable[[str, int, float], object]
"""Called with a model's name, the images of a call of its network, and its seconds."""


@dataclass(frozen=True)
class ArraySpec:
    """One raw output of a model: its name, NumPy type and shape without the batch axis."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    __repr__ = brief


@dataclass(frozen=True)
class Live:
    """A model as it was opened: what a request is served with, whatever replaces it meanwhile.

    Attributes:
        batcher: Its queue.
        arrays: What its network gives.
        opened_s: When, in seconds since 1970.
    """

    batcher: Batcher
    arrays: tuple[ArraySpec, ...]
    opened_s: float

    __repr__ = brief

    @property
    def predictor(self) -> Predictor:
        """The model itself."""
        return self.batcher.predictor

    @property
    def running(self) -> Running:
        """What runs it, where, and with how many threads."""
        return self.predictor.backend.running


class Models:
    """All models by name; each can be opened anew while it is in service.

    Args:
        paths: Run folders or model files, by name.
        options: Limits.
        engine: What runs them: auto, torch, onnxruntime or openvino.
        device: Where they run: auto, cpu, cuda or tensorrt.
        threads: Threads within each network on a CPU; 0: all cores.
        observe: Told of each call of a network.

    Attributes:
        live: The models in service.
        threads: Decode images and assemble predictions, for all models.

    Raises:
        FovealError: A model cannot be opened.
    """

    def __init__(
        self,
        paths: Mapping[str, Path],
        options: ServeOptions,
        *,
        engine: str = "auto",
        device: str = "auto",
        threads: int = 0,
        observe: Observe = lambda *_: None,
    ) -> None:
        self.paths = dict(paths)
        self.options = options
        self.threads = ThreadPoolExecutor(num_cores() + 1, thread_name_prefix="foveal-serve")
        self._engine, self._device, self._num_threads, self._observe = engine, device, threads, observe
        self.live: dict[str, Live] = {}
        try:
            for name in self.paths:
                self.live[name] = self.open(name)
        except FovealError:
            self.close()
            raise

    @quiet()
    def open(self, name: str) -> Live:
        """Open a model's file and warm it up; what is in service stays.

        Raises:
            FovealError: It cannot be opened.
        """
        wait_quietly()  # the network shares its cores with decoding and HTTP
        predictor = load(self.paths[name], engine=self._engine, device=self._device, threads=self._num_threads)
        options, shape = self.options, predictor.spec.size.shape
        arrays: dict[str, np.ndarray] = {}
        for images in {1, options.max_batch}:  # memory for the largest batch is taken now, not under load
            arrays = predictor.backend.run(np.zeros((images, *shape, 3), np.uint8))
        batcher = Batcher(
            predictor,
            max_batch=options.max_batch,
            max_wait_s=options.max_wait_s,
            queue=options.queue,
            threads=self.threads,
            runners=min(num_cores(), CPU_RUNNERS) if predictor.device == "cpu" else 1,
            observe=lambda images, seconds: self._observe(name, images, seconds),
        )
        specs = tuple(ArraySpec(key, values.dtype.name, values.shape[1:]) for key, values in arrays.items())
        return Live(batcher, specs, time.time())

    def replace(self, name: str, live: Live) -> Live:
        """Put a model that was opened anew into service; returns the one before, to be closed once it is idle."""
        before, self.live[name] = self.live[name], live
        return before

    def close(self) -> None:
        """Finish what was taken and end all threads."""
        for live in self.live.values():
            live.batcher.close()
        self.threads.shutdown()
