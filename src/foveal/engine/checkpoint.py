"""The checkpoint that a stopped run resumes from: one file, never half-written.

Random numbers and the learning rate are functions of the step, so neither needs saving.
"""

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from foveal.artifact.atomic import write_atomic
from foveal.engine.parts import Part
from foveal.errors import RunError


@dataclass
class State:
    """Where a run is."""

    step: int = 0
    lr_factor: float = 1.0
    """Factor of the learning rate, from the warm start."""
    elapsed_s: float = 0.0
    best: dict[str, float] | None = None
    """Scores of the best epoch."""
    best_epoch: int = 0
    loss_sum: float = 0.0
    """Losses of the steps since the last row."""
    samples_per_s: float = 0.0
    trained_from_s: float | None = None
    """Seconds after which the first step began; None: not yet."""
    ended: str = ""
    """Why training is over (``engine.ending.Ending``); empty: it is not."""
    phase: int = 0
    """The plan's phase of the training."""
    patient_from: int | None = None
    """Epoch from which patience counts; None: not known yet."""
    num_threads: int = field(default_factory=torch.get_num_threads)
    rows: list[dict[str, float | None]] = field(default_factory=list)
    """Rows of metrics.csv; None: undefined."""
    parts: list[Part] = field(default_factory=list)
    """Empty: the run is one part, as planned."""

    @property
    def part(self) -> Part:
        """The part that is being trained."""
        return self.parts[-1] if self.parts else Part(epochs=0)

    def train_on(self, first: Part, *, following: Part) -> None:
        """Begin a further part here.

        Args:
            first: The part so far, if the run has been one.
            following: What follows; where it begins is filled in.
        """
        here = replace(following, from_step=self.step, from_row=len(self.rows), from_s=self.elapsed_s)
        self.parts = [*(self.parts or [first]), here]
        self.ended = ""
        self.phase = 0
        self.patient_from = None
        self.trained_from_s = None


@dataclass(frozen=True)
class Checkpoint:
    """A run at one moment."""

    key: str
    """All settings that the result depends on, as text; a resumed run must have the same."""
    state: State
    network: Mapping[str, Tensor]
    average: Mapping[str, Tensor]
    """The moving average of the weights; empty where there is none."""
    optimizer: dict[str, Any]
    scaler: dict[str, Any]
    """The loss scale (fp16); empty where there is none."""
    finished: bool = False
    """Whether the run is complete, report included."""
    carried: Mapping[str, Tensor] = field(default_factory=dict)
    """What the plan carries from one step to the next."""
    soup: Mapping[str, Tensor] = field(default_factory=dict)
    """The average of the weights over the last epochs; empty where there is none."""

    def restore(
        self,
        network: nn.Module,
        average: nn.Module | None,
        optimizer: torch.optim.Optimizer,
        soup: nn.Module | None = None,
    ) -> None:
        """Restore the weights, their averages and the optimiser."""
        network.load_state_dict(self.network)
        if average is not None:
            average.load_state_dict(self.average)
        if soup is not None and self.soup:
            soup.load_state_dict(self.soup)
        optimizer.load_state_dict(self.optimizer)


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint atomically.

    Raises:
        RunError: It cannot be written.
    """
    buffer = io.BytesIO()
    torch.save({**vars(checkpoint), "state": asdict(checkpoint.state)}, buffer)
    write_atomic(path, buffer.getvalue())


def load_checkpoint(path: Path) -> Checkpoint | None:
    """The last checkpoint, or None if the run was stopped before its first.

    Raises:
        RunError: The file is damaged.
    """
    if not path.exists():
        return None
    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
        parts = [Part(**part) for part in values["state"].pop("parts", ())]
        return Checkpoint(**{**values, "state": State(**values["state"], parts=parts)})
    except Exception as error:  # torch raises many kinds for a damaged file
        raise RunError(
            f"{path}: damaged, or written by another version of Foveal ({type(error).__name__}).",
            "Start a new run with --out.",
        ) from None
