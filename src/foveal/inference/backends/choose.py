"""Which engine runs a model, on which device, with how many threads. No torch."""

from dataclasses import dataclass
from importlib.util import find_spec

from foveal.errors import ConfigError
from foveal.inference.backends.contract import NAMES
from foveal.inference.backends.onnx_backend import CUDA, runtime
from foveal.inference.backends.openvino_backend import is_lost_in_fork

ENGINES = ("auto", *NAMES)
DEVICES = ("auto", "cpu", "cuda", "tensorrt")
MOST_THREADS = 1024


@dataclass(frozen=True)
class Wanted:
    """What a user asks for; what is asked for runs or is refused.

    Attributes:
        engine: auto, torch, onnxruntime or openvino.
        device: auto (a GPU if there is one), cpu, cuda, or tensorrt: an NVIDIA GPU through TensorRT.
        threads: Threads within the network on a CPU; 0: all cores that this process may use.

    Raises:
        ConfigError: Unknown values, or two that exclude each other.
    """

    engine: str = "auto"
    device: str = "auto"
    threads: int = 0

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ConfigError(f"Unknown engine {self.engine!r}.", f"Engines: {', '.join(ENGINES)}.")
        if self.device not in DEVICES:
            raise ConfigError(f"Unknown device {self.device!r}.", f"Devices: {', '.join(DEVICES)}.")
        if not 0 <= self.threads <= MOST_THREADS:
            raise ConfigError(
                f"{self.threads} threads are not possible.",
                f"Use 1 to {MOST_THREADS:,}, or 0 for all cores that this process may use.",
            )
        if self.engine == "openvino" and self.device not in ("auto", "cpu"):
            raise ConfigError(
                f"Foveal runs OpenVINO on CPUs, not on {self.device!r}.",
                "Use --engine onnxruntime for a GPU, or --device cpu.",
            )
        if self.engine == "torch" and self.device == "tensorrt":
            raise ConfigError("PyTorch does not run on TensorRT.", "Export the model, and use --engine onnxruntime.")


def engine_of(suffix: str, wanted: Wanted) -> str:
    """The engine that runs a file: on CPUs OpenVINO where it is installed, else ONNX Runtime.

    Args:
        suffix: Of the model file, ``.safetensors`` or ``.onnx``.
        wanted: What is asked for.

    Raises:
        ConfigError: The engine that was asked for does not open such a file.
    """
    if suffix == ".safetensors":
        if wanted.engine in ("auto", "torch") and wanted.device != "tensorrt":
            return "torch"
        name = "TensorRT" if wanted.engine in ("auto", "torch") else NAMES[wanted.engine]
        raise ConfigError(f"{name} opens exported models, not .safetensors.", "Write one with: foveal export MODEL")
    if wanted.engine == "torch":
        raise ConfigError(
            "PyTorch does not open exported models.", "Name the run or its model.safetensors, or use another --engine."
        )
    if wanted.engine != "auto":
        return wanted.engine
    if wanted.device in ("cuda", "tensorrt") or not has_openvino() or is_lost_in_fork():
        return "onnxruntime"
    gpu = wanted.device == "auto" and CUDA in runtime().get_available_providers()
    return "onnxruntime" if gpu else "openvino"


def has_openvino() -> bool:
    """Whether OpenVINO is installed."""
    return find_spec("openvino") is not None
