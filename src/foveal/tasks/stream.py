"""Tasks on streams, texts and series: what the loop's plan, the commands and the report ask of them.

A task on a stream is two objects: ``StreamSpec``, what is known without data or a model, and ``StreamOutput``, bound to
a kind of input and settings. Neither needs torch; ``StreamSpec.network`` builds the part that does.

Shapes: B streams side by side, T steps, H steps ahead, M numbers kept of each prediction.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from foveal.artifact.card import Card
from foveal.data.config import DataConfig
from foveal.data.streams.stream import Piece, Stream
from foveal.metrics.contract import Results
from foveal.models.recurrent.config import RecurrentConfig
from foveal.tasks.contract import Configured
from foveal.types.arrays import Array, FloatArray
from foveal.types.goal import Goal
from foveal.types.streams.series_spec import SeriesSpec
from foveal.types.streams.text_spec import TextSpec

if TYPE_CHECKING:
    from foveal.models.recurrent.network import Recurrent

S = TypeVar("S", bound=RecurrentConfig)
"""The task's own section of the configuration."""


@dataclass(frozen=True)
class StreamChoice:
    """Defaults for settings that were left open."""

    batch_size: int
    """Streams side by side."""
    epochs: int
    """Passes over the training steps."""
    lr: float
    """Learning rate after warm-up."""


class StreamOutput(ABC, Generic[S]):
    """The part of a task that needs no torch, bound to a kind of input and settings.

    Attributes:
        own: The task's settings.
        horizon: H, steps that are predicted at once.
        num_facts: M.
        tolerances: Tolerances for ``differences``.
    """

    tolerances: ClassVar[Mapping[str, float]]
    horizon: int = 1
    num_facts: int = 1

    def __init__(self, spec: TextSpec | SeriesSpec, own: S) -> None:
        self.spec, self.own = spec, own

    @property
    @abstractmethod
    def goal(self) -> Goal:
        """The headline metric."""

    @abstractmethod
    def facts(self, outputs: FloatArray, ahead: Array) -> FloatArray:
        """(B, T, M) what is kept of predictions for the evaluation.

        Args:
            outputs: (B, T, ...) the network's.
            ahead: (B, T + H - 1, ...) the steps after the first input.
        """

    @abstractmethod
    def results(
        self, facts: Sequence[FloatArray], pieces: Sequence[Piece], *, num_resamples: int = 1000, seed: int = 0
    ) -> Results:
        """Metrics with intervals, tables and panels.

        Args:
            facts: One per piece, (N, M): those of its last N - H + 1 steps, or of all where it has a context.
            pieces: The evaluated steps.
            num_resamples: Number of bootstrap resamples; 0 gives intervals of zero width.
            seed: For the resampling.

        Raises:
            DataError: There is nothing to evaluate.
        """

    @abstractmethod
    def any_steps(self, streams: int, steps: int) -> Array:
        """(B, T, ...) steps as the network takes them, without meaning."""

    @abstractmethod
    def differences(self, ours: FloatArray, theirs: FloatArray) -> dict[str, float]:
        """Differences between two outputs (B, T, ...) for the same steps, by the names of ``tolerances``."""

    @abstractmethod
    def prediction_rows(self, facts: Sequence[FloatArray], pieces: Sequence[Piece]) -> list[dict[str, str | float]]:
        """The table of predictions: a row per predicted step."""


AnyStreamOutput = StreamOutput[RecurrentConfig]


class StreamSpec(Configured[S]):
    """What is known of a task on streams without data or a model.

    Attributes:
        kind: The kind of a model's input, as its card has it.
        unit: What a step is called, in the plural.
        data: What it is trained on, for messages, without an article.
        rows: What the rows of a table of its results are.
        example: A file of that kind.
        generates: Whether its models write on from a beginning.
    """

    kind: ClassVar[str]
    unit: ClassVar[str]
    data: ClassVar[str]
    rows: ClassVar[str]
    example: ClassVar[str]
    generates: ClassVar[bool] = False

    @abstractmethod
    def reads(self, path: Path) -> bool:
        """Whether a path holds data of this kind, as its beginning shows."""

    @abstractmethod
    def read(self, path: Path, own: S, spec: TextSpec | SeriesSpec | None = None) -> Stream:
        """Read a file or a folder.

        Args:
            path: Where.
            own: The task's settings.
            spec: The input of a trained model; None: as the data is.

        Raises:
            DataError: It cannot be read; the message names file and place.
        """

    @abstractmethod
    def choose(self, own: S, num_steps: int) -> StreamChoice:
        """Values for settings that were left open, for so many training steps."""

    @abstractmethod
    def begin(self, own: S, train: Stream) -> StreamOutput[S]:
        """The output at the start of training; what the settings leave to the training steps is filled in."""

    @abstractmethod
    def open(self, card: Card) -> StreamOutput[S]:
        """The output of a trained model.

        Raises:
            ValidationError: A setting is unknown or out of its bounds (pydantic).
        """

    @abstractmethod
    def network(self, output: StreamOutput[S]) -> Recurrent:
        """The network with random weights; it needs torch."""


AnyStreamSpec = StreamSpec[RecurrentConfig]

OPTIM: Mapping[str, object] = {"ema_decay": 0.99, "clip_norm": 1.0}
"""Defaults of the optimiser for recurrent networks."""
STREAM_DATA = ("path", "val_fraction", "folds", "fold")
"""Settings of the data that streams have a use for."""
UNUSED = (
    "input.*",
    "augment.*",
    "model.*",
    *(f"data.{name}" for name in DataConfig.model_fields if name not in STREAM_DATA),
    "optim.adapt_lr",
    "optim.pretrained_lr_scale",
    "optim.layer_decay",
    "optim.freeze*",
    "optim.unfreeze_every",
    "runtime.channels_last",
    "runtime.keep_pages",
)
"""What concerns images and pretrained backbones alone."""
