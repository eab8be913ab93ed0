"""Training samples and batches.

Shapes: B images, S T height and width of the input.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Sample:
    """One training image: (S, T, 3) uint8 RGB, its target, and its index in the catalog."""

    image: Tensor
    target: dict[str, Tensor]
    key: int


@dataclass
class Batch:
    """Stacked samples.

    Attributes:
        images: (B, 3, S, T) uint8 RGB, in channels_last memory.
        targets: Each (B, ...). Of lists, such as boxes, (B, M, ...) with M the longest of the batch; shorter ones are
            padded with -1, which is no class id.
        keys: B indices in the catalog.
    """

    images: Tensor
    targets: dict[str, Tensor]
    keys: list[int]

    def pin_memory(self) -> "Batch":
        """Page-locked copies, for faster transfer to a GPU."""
        targets = {name: value.pin_memory() for name, value in self.targets.items()}
        return Batch(self.images.pin_memory(), targets, self.keys)

    def to(self, device: torch.device) -> "Batch":
        """The batch on a device."""
        targets = {name: value.to(device, non_blocking=True) for name, value in self.targets.items()}
        return Batch(self.images.to(device, non_blocking=True), targets, self.keys)
