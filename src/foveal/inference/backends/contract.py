"""What runs a network: one protocol for torch, ONNX Runtime, OpenVINO and others.

Shapes: B images, S T height and width of the input.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from foveal.artifact.card import Card
from foveal.types.arrays import RGB, Array

EVIDENCE = "evidence"
"""The name of cell scores (B, K, h, w) among the outputs, where an export has them."""
FEATURES = "features"
"""The name of the vectors (B, D) among the outputs, where they are asked for."""
NAMES = {"torch": "PyTorch", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}
"""Engines as they are called in words."""


@dataclass(frozen=True)
class Running:
    """What runs a network, and where.

    Attributes:
        engine: torch, onnxruntime or openvino.
        version: Of the engine.
        device: cpu, cuda or tensorrt.
        num_threads: Threads within the network on a CPU; 0: it runs on a GPU.
        precision: Of the file: fp32, fp16 or int8.
    """

    engine: str
    version: str
    device: str
    num_threads: int
    precision: str = "fp32"

    def __str__(self) -> str:
        """For example ``OpenVINO 2026.4.1, cpu, 2 threads, int8``."""
        threads = f"{self.num_threads} thread{'' if self.num_threads == 1 else 's'}"
        parts = [f"{NAMES.get(self.engine, self.engine)} {self.version}".strip(), self.device]
        parts += [threads] if self.num_threads else []
        return ", ".join([*parts, *([self.precision] if self.precision != "fp32" else [])])


class Backend(Protocol):
    """A network with its normalisation and activation; ``run`` may be called from many threads at once."""

    card: Card
    """The model card."""

    @property
    def device_name(self) -> str:
        """Where it runs, such as ``cpu`` or ``cuda``."""
        ...

    @property
    def running(self) -> Running:
        """The engine, its device and its threads."""
        ...

    def run(self, images: RGB) -> dict[str, Array]:
        """Activated outputs by name, each (B, ...), for prepared images (B, S, T, 3) uint8."""
        ...


@runtime_checkable
class GivesCells(Protocol):
    """A backend that computes cell scores on demand."""

    def cells(self, images: RGB) -> dict[str, Array]:
        """``EVIDENCE`` (B, K, h, w) for prepared images; empty where the task has none."""
        ...


@runtime_checkable
class GivesHeads(Protocol):
    """A backend that gives the weights of attention, of each head."""

    def heads(self, images: RGB) -> dict[str, Array]:
        """``attention`` (B, A, h, w) for prepared images; empty where the network has none."""
        ...


@runtime_checkable
class GivesFeatures(Protocol):
    """A backend that gives the vector by which it compares images."""

    def with_features(self, images: RGB) -> dict[str, Array]:
        """What ``run`` gives and ``FEATURES`` (B, D), in one pass, for prepared images."""
        ...
