"""A training plan for streams: the text is cut into B streams that are read side by side, window after window.

The state of the cells is carried from window to window, gradients are not (truncated back-propagation through time,
Williams and Peng 1990). A pass begins at another place of the text each time, so that the cuts are not always the same.

Shapes: B streams side by side, T steps of a window, H steps ahead.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

import numpy as np
import torch
from torch import Tensor, nn

from foveal.artifact.card import Card
from foveal.config.schema import RunConfig
from foveal.data.notes import plural
from foveal.data.streams.stream import Stream
from foveal.engine.runtime import Runtime
from foveal.errors import ConfigError, DataError, ShapeError
from foveal.inference.streams.run_over import run_over
from foveal.inference.streams.torch_stepper import TorchStepper
from foveal.models.contract import Network
from foveal.models.recurrent.network import Recurrent
from foveal.runs.streams.settings import own_settings, split_of
from foveal.tasks.stream import AnyStreamOutput
from foveal.tasks.table import get_stream
from foveal.types.arrays import Array
from foveal.types.goal import Goal
from foveal.types.seeds import derive

SPLIT = {"val_fraction", "folds", "fold"}
"""Settings that say what is held out."""


@dataclass(frozen=True)
class Window:
    """A batch.

    Attributes:
        steps: (B, T + H) the inputs, and the steps after the last one.
        number: Counted from the start of the run.
        first: Whether its streams begin here.
        places: (B,) where its streams are in the training steps.
    """

    steps: Tensor
    number: int
    first: bool
    places: list[int]


@dataclass
class StreamPlan:
    """``engine.contract.Plan`` for streams.

    Attributes:
        output: The task's half without torch.
        network: The network.
        card: The model card.
        train_set: The training steps.
        val_set: The held-out steps.
        runtime: Device, precision and processes.
        epochs: Passes over the training steps.
        streams: B, over all processes.
        window: T.
        seed: The run's seed.
        unit: What a step is called, in the plural.
        validated: Called with the number of windows learnt from, and the network, after each validation.
        carried: The state after the last window.
    """

    output: AnyStreamOutput
    network: Recurrent
    card: Card
    train_set: Stream
    val_set: Stream
    runtime: Runtime
    epochs: int
    streams: int
    window: int
    seed: int
    unit: str
    validated: Callable[[int, Recurrent], None] = field(default=lambda _, __: None, repr=False)
    carried: dict[str, Tensor] = field(default_factory=dict, init=False, repr=False)
    _taken: int = field(default=0, init=False)
    """Windows that were learnt from."""

    def __post_init__(self) -> None:
        """Keep the steps at hand."""
        self._steps: Array = self.train_set.steps
        if self._steps.dtype != np.int64:
            self._steps = self._steps.astype(np.float32)

    @property
    def goal(self) -> Goal:
        """The task's."""
        return self.output.goal

    @property
    def batches_per_epoch(self) -> int:
        """Windows in a pass."""
        return max(1, (self._length - self.output.horizon) // self.window)

    @property
    def batch_size(self) -> int:
        """Steps per batch, over all processes together."""
        return self.streams * self.window

    @property
    def _length(self) -> int:
        """Steps of each stream in a pass, those after the last window included."""
        return len(self._steps) // self.streams

    def phase_at(self, progress: float) -> int:  # noqa: ARG002
        """There is one phase."""
        return 0

    def enter(self, phase: int) -> None:
        """Nothing changes."""

    def batches(self, *, start: int, rank: int = 0, world: int = 1) -> Iterator[Window]:
        """Endless windows, from number ``start`` on."""
        share = self.streams // world
        for number in count(start):
            epoch, place = divmod(number, self.batches_per_epoch)
            turn = derive(self.seed, 5, epoch) % len(self._steps)
            begin = turn + (rank * share + np.arange(share)) * self._length + place * self.window
            places = (begin[:, None] + np.arange(self.window + self.output.horizon)) % len(self._steps)
            yield Window(torch.from_numpy(self._steps[places]), number, place == 0, places[:, 0].tolist())

    def forward(self, network: nn.Module, batch: Window) -> Mapping[str, Tensor]:
        """The losses of a window, after those before it."""
        device = self.runtime.device
        if batch.first or not self.carried:
            self.carried.update(self.network.begin(len(batch.steps)))
        before = {name: value.to(device) for name, value in self.carried.items()}
        steps = batch.steps.to(device)
        outputs, after = network(steps[:, : self.window], before)
        self.carried.update({name: value.detach() for name, value in after.items()})
        self._taken = batch.number + 1
        return self.network.losses(outputs.float(), steps[:, 1:])

    def validate(self, network: Network) -> dict[str, float]:
        """The headline metric on the held-out steps."""
        assert isinstance(network, Recurrent), "one like the plan's own"
        facts = run_over(TorchStepper(network, self.card), self.output, self.val_set.pieces)
        if not all(np.isfinite(part).all() for part in facts):
            raise ShapeError("The predictions are not finite.")
        results = self.output.results(facts, self.val_set.pieces, num_resamples=0)
        if self.runtime.is_main:
            self.validated(self._taken, network)
        return {name: one.value for name, one in results.metrics.items()}

    def names(self, batch: Window) -> list[str]:
        """Files, and where in them."""
        found = (self.train_set.locate(place) for place in batch.places)
        return [f"{piece.name} from {self.unit[:-1]} {piece.first + at:,}" for piece, at in found]


def make_plan(config: RunConfig, stream: Stream, *, runtime: Runtime) -> StreamPlan:
    """Build everything a run needs.

    Args:
        config: Complete, from ``resolve``.
        stream: What it names.
        runtime: Device, precision and processes.

    Raises:
        DataError: There are too few steps for a window.
        ConfigError: The streams cannot be divided among the processes.
    """
    spec, own = get_stream(config.task), own_settings(config)
    torch.manual_seed(derive(config.seed, 0))
    train_set, val_set = split_of(stream, config.data)
    assert config.train.batch_size is not None, "resolve chose it"
    assert config.train.epochs is not None, "resolve chose it"
    output = spec.begin(own, train_set)
    check_length(train_set, val_set, output, streams=config.train.batch_size, unit=spec.unit)
    if config.train.batch_size % runtime.world:
        raise ConfigError(
            f"{config.train.batch_size} streams cannot be divided among {runtime.world} processes.",
            f"Use a multiple of {runtime.world} for --batch-size.",
        )
    values = {"task": config.task, "input": output.spec, "model": {}, "own": output.own.model_dump(), "decode": {}}
    return StreamPlan(
        output,
        spec.network(output),
        Card.model_validate({**values, "split": {"seed": config.seed, **config.data.model_dump(include=SPLIT)}}),
        train_set,
        val_set,
        runtime,
        epochs=config.train.epochs,
        streams=config.train.batch_size,
        window=own.window,
        seed=config.seed,
        unit=spec.unit,
    )


def check_length(train_set: Stream, val_set: Stream, output: AnyStreamOutput, *, streams: int, unit: str) -> None:
    """Refuse data that is too short to train on or to evaluate.

    Raises:
        DataError: The message says how much there is, and what is needed.
    """
    need = output.own.window + output.horizon
    if len(train_set) < streams * need:
        side = f", for each of {plural(streams, 'stream')} side by side" if streams > 1 else ""
        smaller = f"--batch-size {max(1, len(train_set) // need)}" if streams > 1 else "a shorter window"
        raise DataError(
            f"{train_set.path}: {len(train_set):,} {unit} to train on are too few: a window and what comes after it"
            f" are {need:,}{side}.",
            f"Add data, or train with {smaller}.",
        )
    if len(val_set) < output.horizon + 1:
        raise DataError(
            f"{train_set.path}: {plural(len(val_set), unit[:-1])} held out are too few to evaluate on.",
            "Add data, or hold out more: --data.val-fraction 0.2",
        )
