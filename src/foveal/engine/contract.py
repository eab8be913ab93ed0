"""What the loop needs from what it trains. It never looks inside a batch, be it images, a table or text.

A plan is built before the first step. Everything it gives is a function of its own settings, of the step, and of what
it says that it carries from step to step, so that a resumed run sees the same as an uninterrupted one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from torch import Tensor, nn

from foveal.artifact.card import Card
from foveal.models.contract import Network
from foveal.types.goal import Goal

BatchT = TypeVar("BatchT")


class Plan(Protocol[BatchT]):
    """A network, its training batches, and its validation."""

    @property
    def network(self) -> Network:
        """What is trained."""
        ...

    @property
    def card(self) -> Card:
        """The model card, stored beside the weights."""
        ...

    @property
    def goal(self) -> Goal:
        """The score that selects the best epoch, and the one that breaks ties."""
        ...

    @property
    def unit(self) -> str:
        """What a sample is called, in the plural, such as ``images``."""
        ...

    @property
    def seed(self) -> int:
        """Seed of the random numbers of each step."""
        ...

    @property
    def epochs(self) -> int:
        """Passes over the training samples."""
        ...

    @property
    def carried(self) -> dict[str, Tensor]:
        """What it carries from one step to the next, such as states of recurrent cells; a checkpoint keeps it."""
        ...

    @property
    def batches_per_epoch(self) -> int:
        """Whole batches in a pass."""
        ...

    @property
    def batch_size(self) -> int:
        """Samples per batch, over all processes together."""
        ...

    def phase_at(self, progress: float) -> int:
        """The phase of the training, from 0 on, that a pass belongs to which begins at this fraction of the run."""
        ...

    def enter(self, phase: int) -> None:
        """Make the batches of a phase from now on: their size and augmentation may differ from one to the next."""
        ...

    def batches(self, *, start: int, rank: int, world: int) -> Iterator[BatchT]:
        """Endless batches, from number ``start`` on: the share of one of ``world`` processes."""
        ...

    def forward(self, network: nn.Module, batch: BatchT) -> Mapping[str, Tensor]:
        """Named scalar losses, each a mean over the batch; training minimises their sum.

        Args:
            network: The plan's own as training calls it: compiled, precision-cast, distributed.
            batch: From ``batches``.
        """
        ...

    def validate(self, network: Network) -> Mapping[str, float]:
        """Scores on the validation split, the goal's among them; all processes take part and get the same.

        Args:
            network: The plan's own, or one like it with averaged weights.

        Raises:
            ShapeError: The network's outputs are not finite.
        """
        ...

    def names(self, batch: BatchT) -> Sequence[str]:
        """Names of a batch's samples for messages, such as their files."""
        ...
