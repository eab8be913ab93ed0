"""A part of the training images, to see how much their number matters: smaller parts lie inside larger ones."""

from collections import defaultdict

import numpy as np

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.split import TRAIN, Block, blocks_of
from foveal.types.seeds import derive

PURPOSE = 8
"""Of the random order, beside the others of a run's seed."""


def thinned(catalog: Catalog, fraction: float, *, seed: int) -> Catalog:
    """The data set with a fraction of its training split; the other splits stay as they are.

    Of each class that is left about the fraction and at least one image; identical files and groups stay together. For
    one seed, a smaller fraction is a part of a larger one.

    Args:
        catalog: With its splits.
        fraction: In (0, 1].
        seed: For the choice.
    """
    if fraction >= 1:
        return catalog
    pool = np.flatnonzero(catalog.splits == TRAIN)
    # A class of its own for each image's rarest label, so that what is rare is not lost.
    counts = np.bincount(catalog.labels.take(pool).values, minlength=len(catalog.categories))
    parts: dict[int, list[Block]] = defaultdict(list)
    for block in blocks_of(catalog, pool, derive(seed, PURPOSE)):
        parts[min(block.labels, key=lambda label: (counts[label] if label >= 0 else len(pool), label))].append(block)
    taken: list[int] = []
    for blocks in parts.values():
        wanted, have = fraction * sum(len(block.members) for block in blocks), 0
        for block in blocks:
            if have and have + 0.5 * len(block.members) > wanted:
                break
            taken += block.members
            have += len(block.members)
    stay = catalog.splits != TRAIN
    stay[taken] = True
    kept = catalog.take(np.flatnonzero(stay))
    return kept.assign(kept.splits, f"{len(taken):,} of {len(pool):,} training images are used ({fraction:.4g}).")
