"""The validation split, chosen by seed and file contents alone.

Neither names nor order matter: a renamed or re-downloaded data set splits the same. Byte-identical files form a group
that stays together, so that no validation image is in the training split.

Shapes: N images, K classes.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.notes import listed
from foveal.errors import DataError
from foveal.types.arrays import IntArray

TRAIN, VAL = SPLITS.index("train"), SPLITS.index("val")
MUCH_MORE = 1.25
"""Ratio of held-out to requested images from which a note is given."""
NO_LABEL = -1
"""Pseudo-class of images without labels (multi-label data)."""


@dataclass(frozen=True)
class Group:
    """Byte-identical images.

    Attributes:
        rank: Random order: a hash of the seed and the contents.
        members: Their indices in the catalog.
        labels: Classes that any of them has.
    """

    rank: bytes
    members: Sequence[int]
    labels: tuple[int, ...]


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
        held_out = _choose(_groups(catalog, pool, seed), val_fraction)
        if not held_out:
            raise DataError(
                f"{catalog.root}: no image can be held out for validation; each is the only one of its class.",
                "Add different images of each class; identical files count once.",
            )
        splits[held_out] = VAL
        if len(held_out) > MUCH_MORE * max(1, val_fraction * len(pool)):
            kept = f"{len(held_out)} of {len(pool)} images are held out for validation"
            notes.append(f"{kept}, not {val_fraction:.0%}: at least one of every class.")
    return catalog.assign(splits, *notes)


def _check_counts(catalog: Catalog, pool: IntArray) -> None:
    counts = np.bincount(catalog.labels.take(pool).values, minlength=len(catalog.categories))
    single = [name for name, count in zip(catalog.categories.names, counts, strict=True) if count == 1]
    if (single and not catalog.multi_label) or len(pool) < 2:
        what = f"these have one: {listed(single)}" if single else "there is only one image"
        raise DataError(
            f"{catalog.root}: a class needs at least two images, one for training and one for validation; {what}.",
            "Add images, or leave the class out.",
        )


def _groups(catalog: Catalog, pool: IntArray, seed: int) -> list[Group]:
    members: dict[bytes, list[int]] = defaultdict(list)
    for i in pool:
        members[catalog.content_hashes[i].tobytes()].append(int(i))
    salt = seed.to_bytes(16, "little", signed=True)
    groups = []
    for content, places in members.items():
        labels = {int(label) for i in places for label in catalog.labels[i]} or {NO_LABEL}
        rank = hashlib.blake2b(salt + content, digest_size=16).digest()
        groups.append(Group(rank, places, tuple(sorted(labels))))
    return sorted(groups, key=lambda group: group.rank)


def _choose(groups: Sequence[Group], val_fraction: float) -> list[int]:
    """Indices of the images to hold out.

    The rarest class chooses first, since it has the least choice (Sechidis et al. 2011, On the Stratification of
    Multi-Label Data). No class gives away its last group, and one with two groups or more gives at least one, unless
    images with several labels prevent it.
    """
    of_label: dict[int, list[Group]] = defaultdict(list)
    for group in groups:
        for label in group.labels:
            of_label[label].append(group)
    left = {label: len(theirs) for label, theirs in of_label.items()}  # groups left for training
    kept: dict[int, int] = defaultdict(int)  # images held out, by class
    chosen: dict[bytes, Group] = {}
    for label in sorted(of_label, key=lambda label: (len(of_label[label]), label)):
        theirs = of_label[label]
        want = max(1, round(val_fraction * sum(len(group.members) for group in theirs)))
        by_size = sorted(theirs, key=lambda group: len(group.members))
        # Groups that fit, in random order; if none fits, the smallest, whatever its size.
        for group, limit in [(g, want) for g in theirs] + [(g, len(g.members)) for g in by_size]:
            fits = kept[label] + len(group.members) <= limit
            spared = all(left[other] > 1 or other == NO_LABEL for other in group.labels)
            if fits and spared and group.rank not in chosen:
                chosen[group.rank] = group
                for other in group.labels:
                    left[other] -= 1
                    kept[other] += len(group.members)
    return [place for group in chosen.values() for place in group.members]
