"""``engine.contract.Plan`` for a table.

Shapes: B rows per batch, F columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np
import torch
from tests.toys.table.network import Regressor
from tests.toys.table.table import Table
from torch import Tensor, nn

from foveal.artifact.card import Card
from foveal.errors import ShapeError
from foveal.types.goal import Goal
from foveal.types.seeds import derive

GOAL = Goal("mae", maximize=False, tie_break="mse")


@dataclass(frozen=True)
class Rows:
    """A batch: (B, F) inputs, (B,) targets, and the rows' places in the training split."""

    inputs: Tensor
    targets: Tensor
    places: list[int]


@dataclass(frozen=True)
class TablePlan:
    """Predict the last column of a table from the others."""

    network: Regressor
    card: Card
    train_set: Table
    val_set: Table
    epochs: int
    batch_size: int
    seed: int
    goal: Goal = GOAL
    unit: str = "rows"
    carried: dict[str, Tensor] = field(default_factory=dict)

    @property
    def batches_per_epoch(self) -> int:
        """Whole batches in a pass."""
        return len(self.train_set) // self.batch_size

    def phase_at(self, progress: float) -> int:
        """There is one phase."""
        return 0

    def enter(self, phase: int) -> None:
        """Nothing changes."""

    def batches(self, *, start: int, rank: int, world: int) -> Iterator[Rows]:
        """Each epoch in an order of its own."""
        share = self.batch_size // world
        for number in count(start):
            epoch, place = divmod(number, self.batches_per_epoch)
            order = np.random.Generator(np.random.Philox(derive(self.seed, 1, epoch))).permutation(len(self.train_set))
            low = place * self.batch_size + rank * share
            places = order[low : low + share]
            inputs, targets = self.train_set.inputs[places], self.train_set.targets[places]
            yield Rows(torch.from_numpy(inputs).float(), torch.from_numpy(targets).float(), places.tolist())

    def forward(self, network: nn.Module, batch: Rows) -> dict[str, Tensor]:
        """The mean squared error."""
        return {"mse": nn.functional.mse_loss(network(batch.inputs), batch.targets)}

    @torch.inference_mode()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Mean absolute and mean squared error on the held-out rows."""
        predicted = network.eval()(torch.from_numpy(self.val_set.inputs).float()).double().numpy()
        if not np.isfinite(predicted).all():
            raise ShapeError("The predictions are not finite.")
        errors = predicted - self.val_set.targets
        return {"mae": float(np.abs(errors).mean()), "mse": float(np.square(errors).mean())}

    def names(self, batch: Rows) -> list[str]:
        """Where the rows stand in the file."""
        return [f"line {self.train_set.lines[place]}" for place in batch.places]


def make_plan(table: Table, *, epochs: int, batch_size: int = 16, hidden: int = 16, seed: int = 0) -> TablePlan:
    """Build everything a run needs."""
    torch.manual_seed(derive(seed, 0))
    train_set, val_set = table.part(of=4, held_out=False), table.part(of=4, held_out=True)
    spec = train_set.spec()
    values = {"task": "table", "input": spec, "model": {"hidden": hidden}, "own": {}, "decode": {}}
    card, network = Card.model_validate(values), Regressor(spec, hidden=hidden)
    return TablePlan(network, card, train_set, val_set, epochs=epochs, batch_size=batch_size, seed=seed)
