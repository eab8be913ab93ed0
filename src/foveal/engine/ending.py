"""Why a run ended, in words."""

from typing import Literal

from foveal.engine.config import TrainConfig

Ending = Literal["epochs", "patience", "time", "interrupted"]
"""All epochs are done; no improvement; the time budget is spent; Ctrl-C."""


class Paused(Exception):  # noqa: N818
    """Raised by a log in ``saved``: the run ends here, with its state kept, and goes on with ``--resume``."""


def in_words(ended: str, *, epoch: int, epochs: int, train: TrainConfig) -> str:
    """Why a run ended.

    Args:
        ended: An ``Ending``.
        epoch: Epochs that were begun.
        epochs: Epochs that were planned.
        train: The run's settings.
    """
    match ended:
        case "epochs":
            return f"all {epochs} epochs are done" if epochs > 1 else "its one epoch is done"
        case "patience":
            times = "epoch" if train.patience == 1 else f"{train.patience} epochs"
            return f"stopped after epoch {epoch} of {epochs}: no improvement in {times} (--train.patience)"
        case "time":
            where = f"in epoch {epoch}" if epoch else "before the first step"
            return f"stopped {where}: the time budget of {_short(train.time_s or 0)} (--time)"
        case "interrupted":
            return f"interrupted in epoch {epoch} of {epochs}" if epoch else "interrupted before the first step"
    return "not ended"


def _short(seconds: float) -> str:
    """As it would be typed: ``40s``, ``10m`` or ``1.5h``."""
    if seconds >= 3600 and seconds % 1800 == 0:
        return f"{seconds / 3600:g}h"
    if seconds >= 60 and seconds % 60 == 0:
        return f"{seconds / 60:g}m"
    return f"{seconds:g}s"
