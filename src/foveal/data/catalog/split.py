"""The validation split, chosen by seed and file contents alone.

Neither names nor order matter: a renamed or re-downloaded data set splits the same. Byte-identical files stay together,
so that no validation image is in the training split, and so do the images of one of the data set's groups.

Shapes: N images, K classes.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.notes import listed, plural
from foveal.errors import DataError
from foveal.types.arrays import IntArray

TRAIN, VAL = SPLITS.index("train"), SPLITS.index("val")
MUCH_MORE = 1.25
"""Ratio of held-out to requested images from which a note is given."""
NO_LABEL = -1
"""Pseudo-class of images without labels (multi-label data)."""


@dataclass(frozen=True)
class Block:
    """Images that stay together.

    Attributes:
        rank: Random order: a hash of the seed and the contents.
        members: Their indices in the catalog.
        labels: Classes that any of them has, and how many have it.
    """

    rank: bytes
    members: Sequence[int]
    labels: Mapping[int, int]


def with_splits(catalog: Catalog, *, val_fraction: float, seed: int) -> Catalog:
    """Make sure that there are a training and a validation split.

    An existing val split is kept, and images without a split are then used for training. Otherwise a part of the
    training images (those of train, and those without a split) is held out, class by class. A test split is never
    touched.

    Args:
        catalog: As read.
        val_fraction: Fraction of each class that is held out, in (0, 1).
        seed: For the choice.

    Raises:
        DataError: Too few images to hold any out.
    """
    pool = np.flatnonzero((catalog.splits == UNASSIGNED) | (catalog.splits == TRAIN))
    splits, notes = catalog.splits.copy(), []
    splits[pool] = TRAIN
    if len(pool) and not catalog.has("val"):
        _check_counts(catalog, pool)
        blocks = blocks_of(catalog, pool, seed)
        grouped = catalog.groups is not None
        if grouped:
            _check_blocks(catalog, blocks)
        held_out = _choose(blocks, val_fraction, fill=grouped)
        if not held_out:
            what = "group" if grouped else "image"
            raise DataError(
                f"{catalog.root}: no {what} can be held out for validation; each is the only one of its class.",
                "Add different images of each class; identical files count once.",
            )
        splits[held_out] = VAL
        if len(held_out) > MUCH_MORE * max(1, val_fraction * len(pool)):
            kept = f"{len(held_out)} of {len(pool)} images are held out for validation"
            notes.append(f"{kept}, not {val_fraction:.0%}: at least one {'group ' * grouped}of every class.")
    made = catalog.assign(splits, *notes)
    return made.assign(splits, *shared_groups(made))


def shared_groups(catalog: Catalog) -> list[str]:
    """A note for each two splits that have images of the same groups."""
    if catalog.groups is None:
        return []
    members: dict[str, set[str]] = {name: set() for name in SPLITS}
    for i, code in enumerate(catalog.splits):
        if code != UNASSIGNED:
            members[SPLITS[code]].add(catalog.groups[i])
    notes = []
    for one, other in combinations(SPLITS, 2):
        both = sorted(members[one] & members[other])
        if both:
            notes.append(
                f"{one} and {other} share {plural(len(both), 'group')} ({listed(both)}), so results on {other} are"
                " optimistic; move all images of a group into one split."
            )
    return notes


def _check_counts(catalog: Catalog, pool: IntArray) -> None:
    counts = np.bincount(catalog.labels.take(pool).values, minlength=len(catalog.categories))
    single = [name for name, count in zip(catalog.categories.names, counts, strict=True) if count == 1]
    if (single and not catalog.multi_label) or len(pool) < 2:
        what = f"these have one: {listed(single)}" if single else "there is only one image"
        raise DataError(
            f"{catalog.root}: a class needs at least two images, one for training and one for validation; {what}.",
            "Add images, or leave the class out.",
        )


def _check_blocks(catalog: Catalog, blocks: Sequence[Block]) -> None:
    """Check that each class has groups for both sides."""
    counts = Counter(label for block in blocks for label in block.labels)
    single = [name for k, name in enumerate(catalog.categories.names) if counts[k] == 1]
    if (single and not catalog.multi_label) or len(blocks) < 2:
        what = f"these have one: {listed(single)}" if single else "there is only one"
        raise DataError(
            f"{catalog.root}: a class needs at least two groups of images, one for training and one for validation;"
            f" {what}.",
            "Choose a finer rule for the groups, add images, or give the data set a validation split of its own.",
        )


def blocks_of(catalog: Catalog, pool: IntArray, seed: int, *, together: Sequence[tuple[int, int]] = ()) -> list[Block]:
    """What a split never cuts, in random order: identical files, groups, and the pairs that are named.

    Args:
        catalog: The data set.
        pool: Indices of the images to split.
        seed: For the order.
        together: Pairs of indices that stay together too.
    """
    contents = {int(i): catalog.content_hashes[i].tobytes() for i in pool}
    first: dict[bytes | str, int] = {}
    parent = {i: i for i in contents}

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    if catalog.groups is None and not together:  # one of each content stands for all: a tenth of the time
        parent = {i: first.setdefault(content, i) for i, content in contents.items()}
    else:
        for i, content in contents.items():
            for key in (content,) if catalog.groups is None else (content, catalog.groups[i]):
                parent[root(i)] = root(first.setdefault(key, i))
        for one, other in together:
            parent[root(one)] = root(other)
    members: dict[int, list[int]] = defaultdict(list)
    for i in contents:
        members[root(i)].append(i)
    salt = seed.to_bytes(16, "little", signed=True)
    blocks = []
    for places in members.values():
        content = b"".join(sorted({contents[i] for i in places}))
        labels = Counter(label for i in places for label in map(int, catalog.labels[i])) or Counter([NO_LABEL])
        rank = hashlib.blake2b(salt + content, digest_size=16).digest()
        blocks.append(Block(rank, places, dict(sorted(labels.items()))))
    return sorted(blocks, key=lambda block: block.rank)


def _choose(blocks: Sequence[Block], val_fraction: float, *, fill: bool) -> list[int]:
    """Indices of the images to hold out.

    The rarest class chooses first, since it has the least choice (Sechidis et al. 2011, On the Stratification of
    Multi-Label Data). No class gives away its last block, and one with two blocks or more gives at least one, unless
    images with several labels prevent it.

    Args:
        blocks: In random order.
        val_fraction: Fraction of each class.
        fill: Whether a class takes one block more than fits where that comes closer: groups are large.
    """
    of_label: dict[int, list[Block]] = defaultdict(list)
    for block in blocks:
        for label in block.labels:
            of_label[label].append(block)
    left = {label: len(theirs) for label, theirs in of_label.items()}  # blocks left for training
    kept: dict[int, int] = defaultdict(int)  # images held out, by class
    chosen: dict[bytes, Block] = {}

    def take(block: Block, label: int, limit: float) -> None:
        spared = all(left[other] > 1 or other == NO_LABEL for other in block.labels)
        if kept[label] + block.labels[label] <= limit and spared and block.rank not in chosen:
            chosen[block.rank] = block
            for other, count in block.labels.items():
                left[other] -= 1
                kept[other] += count

    for label in sorted(of_label, key=lambda label: (len(of_label[label]), label)):
        theirs = of_label[label]
        want = max(1, round(val_fraction * sum(block.labels[label] for block in theirs)))
        by_size = sorted(theirs, key=lambda block: block.labels[label])
        for block in theirs:  # those that fit, in random order
            take(block, label, want)
        for block in by_size:  # if none fits, the smallest, whatever its size
            take(block, label, block.labels[label])
        for block in by_size if fill else ():
            take(block, label, want + (want - kept[label]) - 1)
    return [place for block in chosen.values() for place in block.members]
