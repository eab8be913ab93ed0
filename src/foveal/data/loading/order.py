"""The order of training images: a function of seed, epoch and index alone.

Shapes: N images, B images per batch.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ConfigError
from foveal.types.arrays import FloatArray
from foveal.types.seeds import derive


class Draw(NamedTuple):
    """One use of an image: its index in the catalog, the epoch, and its previous uses in that epoch."""

    place: int
    epoch: int
    repeat: int


class Order:
    """The endless order of training images.

    Args:
        num_images: N.
        batch_size: B; each epoch gives N // B whole batches, and leaves out different images each time.
        seed: For the shuffling.
        weights: (N,) positive weights to draw images with replacement; None: each image once per epoch, shuffled.

    Raises:
        ConfigError: B is larger than N.
    """

    def __init__(self, num_images: int, batch_size: int, *, seed: int, weights: FloatArray | None = None) -> None:
        if batch_size > num_images:
            raise ConfigError(
                f"The batch size {batch_size} is larger than the {num_images} training images.",
                f"Use --batch-size {num_images} or less.",
            )
        self.num_images = num_images
        self.batch_size = batch_size
        self.seed = seed
        self.chances = None if weights is None else np.asarray(weights, np.float64) / np.sum(weights)
        self.batches_per_epoch = num_images // batch_size

    def epoch(self, epoch: int) -> NDArray[np.int64]:
        """(N // B * B,) indices in the catalog, in the order of an epoch."""
        generator = np.random.Generator(np.random.Philox(derive(self.seed, 1, epoch)))
        count = self.batches_per_epoch * self.batch_size
        if self.chances is None:
            return generator.permutation(self.num_images)[:count]
        return generator.choice(self.num_images, size=count, p=self.chances)

    def batches(self, start: int = 0, *, rank: int = 0, world: int = 1) -> Iterator[list[Draw]]:
        """Batches from number ``start`` on, for one of ``world`` processes that share each batch."""
        share = self.batch_size // world
        epoch, skip = divmod(start, self.batches_per_epoch)
        while True:
            indices = self.epoch(epoch)
            repeats = _repeats(indices)
            for b in range(skip, self.batches_per_epoch):
                low = b * self.batch_size + rank * share
                yield [Draw(int(indices[i]), epoch, int(repeats[i])) for i in range(low, low + share)]
            epoch, skip = epoch + 1, 0


def _repeats(indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each entry's value occurred earlier in the array."""
    order = np.argsort(indices, kind="stable")
    grouped = indices[order]
    starts = np.flatnonzero(np.r_[True, grouped[1:] != grouped[:-1]])
    rank = np.arange(len(indices)) - np.repeat(starts, np.diff(np.r_[starts, len(indices)]))
    out = np.empty_like(rank)
    out[order] = rank
    return out
