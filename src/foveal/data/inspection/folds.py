"""The folds of a cross-validation, chosen by seed and contents alone: every image is held out once.

Identical and nearly identical files stay together, and so do the images of a group. Each class is spread over the folds
(Sechidis et al. 2011, On the Stratification of Multi-Label Data).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foveal.data.catalog.catalog import SPLITS, Catalog
from foveal.data.catalog.split import NO_LABEL, TRAIN, VAL, Block, blocks_of, shared_groups
from foveal.data.inspection.near_identical import near_identical
from foveal.data.notes import listed, plural
from foveal.errors import DataError
from foveal.types.arrays import IntArray

TEST = SPLITS.index("test")


@dataclass(frozen=True)
class Fold:
    """One of several parts: ``number``, from 1 on, of ``of``."""

    of: int
    number: int


def with_fold(catalog: Catalog, fold: Fold, *, seed: int) -> Catalog:
    """Hold out one fold for validation and train on the others.

    A test split is never touched; a validation split is one of the images that are spread over the folds.

    Raises:
        DataError: Too few images, or groups, for so many folds.
    """
    pool = np.flatnonzero(catalog.splits != TEST)
    pairs = near_identical(catalog, pool)
    blocks = blocks_of(catalog, pool, seed, together=pairs)
    check_blocks(catalog, blocks, fold.of)
    numbers = spread(blocks, fold.of)
    splits, notes = catalog.splits.copy(), []
    splits[pool] = TRAIN
    held_out = [block.members for block, number in zip(blocks, numbers, strict=True) if number == fold.number - 1]
    splits[np.concatenate(held_out)] = VAL
    if catalog.has("val"):
        notes.append("The folds are of the training and the validation images together.")
    if pairs:
        notes.append(
            f"{plural(len({i for pair in pairs for i in pair}), 'image')} nearly the same as another stay together."
        )
    made = catalog.assign(splits, *notes)
    return made.assign(splits, *shared_groups(made))


def check_blocks(catalog: Catalog, blocks: Sequence[Block], folds: int) -> None:
    """Check that there are as many blocks as folds, and two of every class.

    Raises:
        DataError: There are not.
    """
    what = "group" if catalog.groups is not None else "different image"
    if len(blocks) < folds:
        raise DataError(
            f"{catalog.root}: {plural(len(blocks), what)} cannot be spread over {folds} folds.",
            "Use fewer folds, or add images.",
        )
    counts = np.zeros(len(catalog.categories), np.int64)
    for block in blocks:
        counts[[label for label in block.labels if label != NO_LABEL]] += 1
    single = [name for name, count in zip(catalog.categories.names, counts, strict=True) if count == 1]
    if single and not catalog.multi_label:
        raise DataError(
            f"{catalog.root}: a class needs at least two {what}s, one for training and one for validation; these have"
            f" one: {listed(single)}.",
            "Add images, or leave the class out.",
        )


def spread(blocks: Sequence[Block], folds: int) -> IntArray:
    """(blocks,) the fold of each, from 0 on.

    The rarest class chooses first; a block goes where its class is rarest so far, then where fewest images are.
    """
    of_label: dict[int, list[int]] = defaultdict(list)
    for place, block in enumerate(blocks):
        for label in block.labels:
            of_label[label].append(place)
    numbers = np.full(len(blocks), -1, np.int64)
    images, of_class = np.zeros(folds, np.int64), {label: np.zeros(folds, np.int64) for label in of_label}
    for label in sorted(of_label, key=lambda label: (len(of_label[label]), label)):
        mine = [place for place in of_label[label] if numbers[place] < 0]
        for place in sorted(mine, key=lambda place: -blocks[place].labels[label]):
            block = blocks[place]
            number = int(np.lexsort((images, of_class[label]))[0])
            numbers[place] = number
            images[number] += len(block.members)
            for other, count in block.labels.items():
                of_class[other][number] += count
    return numbers
