"""Devices, precision and processes: the only importer of Accelerate."""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState, SharedDict
from accelerate.utils import DistributedDataParallelKwargs, gather_object
from torch import Tensor, nn

from foveal.engine.config import RuntimeConfig
from foveal.engine.sync_norm import sync_batch_norm
from foveal.engine.trackers import FOLDER, PROJECT, log_images, plain_settings, prepare, require
from foveal.errors import ConfigError
from foveal.models.device import check_gpu
from foveal.ops.machine import num_cores
from foveal.types.arrays import RGB

T = TypeVar("T")


class Runtime:
    """Device, precision and processes of a run.

    Args:
        config: Device, precision, memory format.
        log_dir: Where a tracker writes.
        unfreezes: Whether parameters begin to train during the run.

    Raises:
        ConfigError: A GPU is requested but not available, or a tracker is not installed.
    """

    def __init__(self, config: RuntimeConfig, *, log_dir: Path, unfreezes: bool = False) -> None:
        if config.device == "cuda":
            check_gpu()
        if "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(num_cores())
        cpu = config.device == "cpu" or not torch.cuda.is_available()
        require(config.tracker)
        _leave_earlier_states()
        self.config, self._log_dir = config, log_dir
        self._accelerator = Accelerator(
            cpu=cpu,
            mixed_precision=_precision(config, cpu=cpu),
            log_with=None if config.tracker == "none" else config.tracker,
            project_dir=str(log_dir),
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=unfreezes, broadcast_buffers=False)],
        )
        self.device: torch.device = self._accelerator.device
        if config.device == "cuda" and self.device.type != "cuda":
            raise ConfigError(
                f"--device cuda, but Accelerate takes {self.device}.", "Unset ACCELERATE_USE_CPU and its like."
            )
        self.rank: int = self._accelerator.process_index
        self.world: int = self._accelerator.num_processes
        self.is_main: bool = self._accelerator.is_main_process

    def place(self, model: nn.Module) -> nn.Module:
        """The model on the device, in the memory format that is fastest there."""
        if self.world > 1:
            model = sync_batch_norm(model, cpu=self.device.type == "cpu")
        model = model.to(self.device)
        return model.to(memory_format=torch.channels_last) if self.config.channels_last else model

    def wrap(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[nn.Module, Any]:
        """The model and the optimiser as training calls them: compiled, precision-cast, distributed."""
        callable_model = torch.compile(model) if self.config.compile else model
        wrapped: tuple[nn.Module, Any] = self._accelerator.prepare(callable_model, optimizer)
        return wrapped

    @property
    def scales(self) -> bool:
        """Whether losses are scaled (fp16), so that a gradient may overflow now and then."""
        return self._accelerator.scaler is not None

    def scaler_state(self) -> dict[str, Any]:
        """The loss scale's state; empty where there is none."""
        return dict(self._accelerator.scaler.state_dict()) if self.scales else {}

    def load_scaler(self, state: dict[str, Any]) -> None:
        """Restore a loss scale."""
        if self.scales and state:
            self._accelerator.scaler.load_state_dict(state)

    def backward(self, loss: Tensor) -> None:
        """Backpropagate a loss, scaled where the precision needs it."""
        self._accelerator.backward(loss)

    def clip(self, parameters: Iterable[nn.Parameter], norm: float) -> Tensor:
        """Clip gradients (``norm`` 0: only measure them).

        Returns:
            Their norm before clipping.
        """
        total: Tensor = self._accelerator.clip_grad_norm_(list(parameters), norm or float("inf"))
        return total

    def no_sync(self, model: nn.Module, *, skip: bool) -> AbstractContextManager[Any]:
        """With ``skip``, gradients are not synchronised until a later backward."""
        context: AbstractContextManager[Any] = self._accelerator.no_sync(model) if skip else nullcontext()
        return context

    def gather(self, items: list[T]) -> list[T]:
        """Every process's items, one process after the other."""
        gathered: list[T] = gather_object(items) if self.world > 1 else items
        return gathered

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process."""
        return any(self.gather([flag]))

    def wait(self) -> None:
        """Wait for all processes."""
        self._accelerator.wait_for_everyone()

    @property
    def tracks(self) -> bool:
        """Whether this process has a tracker."""
        return self.config.tracker != "none" and self.is_main

    def open_tracker(self, settings: Mapping[str, object]) -> None:
        """Start the tracker with the run's settings; the run folder must exist."""
        name = self.config.tracker
        if name != "none":
            options = prepare(name, self._log_dir)
            project = FOLDER if name == "tensorboard" else PROJECT
            self._accelerator.init_trackers(project, plain_settings(settings), {name: options})

    def track_images(self, name: str, images: Sequence[tuple[str, RGB]], step: int) -> None:
        """Log images, each with a caption, to the tracker."""
        for tracker in self._accelerator.trackers if self.tracks else ():
            log_images(tracker, name, images, step)

    def track(self, values: dict[str, float], step: int) -> None:
        """Log values to the tracker."""
        if self.config.tracker != "none":
            self._accelerator.log(values, step=step)

    def close(self) -> None:
        """Finish the tracker."""
        if self.config.tracker != "none":
            self._accelerator.end_training()


def _leave_earlier_states() -> None:
    """Let Accelerate choose device and precision anew: by itself it does so once in a process.

    Who holds an Accelerator keeps it and its state. Processes that train together stay connected.
    """
    for state in (AcceleratorState, GradientState, PartialState):
        state._shared_state = SharedDict()


def _precision(config: RuntimeConfig, *, cpu: bool) -> str:
    if config.precision == "auto":
        return "bf16" if not cpu and torch.cuda.is_bf16_supported() else "no"
    if config.precision == "fp16" and cpu:
        raise ConfigError("fp16 needs a GPU.", "Use --runtime.precision fp32 or auto.")
    return "no" if config.precision == "fp32" else config.precision
