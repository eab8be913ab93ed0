"""The images that all sides have in common, and what forbids a comparison."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foveal.brief import brief
from foveal.data.notes import listed, plural
from foveal.errors import DataError
from foveal.runs.several.kept import AGAIN, Kept
from foveal.runs.several.sides import Given, Member
from foveal.types.arrays import IntArray

LEAST_IMAGES = 10
"""Below so many images nothing can be seen."""


@dataclass(frozen=True)
class Common:
    """Images that all sides were evaluated on.

    Attributes:
        places: By side, by member, the place of each of the N images in what it kept.
        groups: (N,) the group of each image; None: they are independent.
        notes: What a reader should know.
    """

    places: Sequence[Sequence[Sequence[int]]]
    groups: IntArray | None
    notes: Sequence[str]

    __repr__ = brief

    def __len__(self) -> int:
        """N."""
        return len(self.places[0][0])


def in_common(sides: Sequence[Given]) -> Common:
    """Match the images by content.

    Raises:
        DataError: Other tasks or class maps; no common images, or fewer than 10; images that a side was trained on;
            images whose labels differ.
    """
    members = [member for side in sides for member in side.members]
    check_same_kind(members)
    found = [member.kept.places() for member in members]
    shared = set(found[0]).intersection(*found[1:])
    keys = [key for key in found[0] if key in shared]
    sizes = [len(member.kept.images) for member in members]
    if not keys:
        raise DataError(
            f"{_both(members)} have no image in common (by content: {listed([f'{n:,}' for n in sizes])} images).",
            "Evaluate all of them on one data set: --data DATA.",
        )
    check_unseen(sides, {content for content, _ in keys})
    if len(keys) < LEAST_IMAGES:
        raise DataError(
            f"{_both(members)} have only {plural(len(keys), 'image')} in common; a comparison needs at least"
            f" {LEAST_IMAGES}.",
            "Evaluate all of them on more images: --data DATA.",
        )
    flat = [[places[key] for key in keys] for places in found]
    check_same_truth(members, flat)
    notes = []
    if max(sizes) > len(keys):
        each = ", ".join(f"{member.name} {size:,}" for member, size in zip(members, sizes, strict=True))
        notes.append(f"Compared on the {len(keys):,} images that all have in common (of {each}).")
    unknown = [member.name for member in members if member.trained_on is None]
    if unknown:
        notes.append(f"Not known which images these were trained on, so that was not checked: {listed(unknown)}.")
    several = iter(flat)
    places = [[next(several) for _ in side.members] for side in sides]
    return Common(places, _groups(members[0].kept, flat[0]), notes)


def check_same_kind(members: Sequence[Member]) -> None:
    """Check that all are of one task and one class map.

    Raises:
        DataError: They are not.
    """
    first = members[0]
    for other in members[1:]:
        ours, theirs = first.kept.header["task"], other.kept.header["task"]
        if ours != theirs:
            raise DataError(
                f"{first.name} is of the task {ours} and {other.name} of {theirs}; only one task can be compared.",
                "Name runs of one task.",
            )
        names, others = first.kept.categories.names, other.kept.categories.names
        if names != others:
            missing = [*(name for name in names if name not in others), *(n for n in others if n not in names)]
            what = f"only one has {listed(missing)}" if missing else "their classes are in another order"
            raise DataError(
                f"{first.name} and {other.name} have other class maps ({len(names)} and {len(others)} classes):"
                f" {what}.",
                "Compare models of the same classes.",
            )


def check_unseen(sides: Sequence[Given], common: set[str]) -> None:
    """Check that no side was trained on images that another was evaluated on.

    Of folds, where every image was evaluated by a run that did not train on it, only the common images count.

    Raises:
        DataError: One was; the message counts them.
    """
    members = [(side, member) for side in sides for member in side.members]
    for side, one in members:
        evaluated = common if side.folds else {image["content"] for image in one.kept.images}
        for _, other in members:
            seen = len(evaluated & (other.trained_on or frozenset()))
            if seen:
                whose = "it" if other is one else one.name
                raise DataError(
                    f"{other.name} was trained on {seen:,} of the {len(evaluated):,} images that {whose} was evaluated"
                    " on, so its results on them say nothing about others.",
                    "Compare on images that neither has seen (--data DATA --split test), or train both on one split:"
                    " the same --data.split-seed.",
                )


def check_same_truth(members: Sequence[Member], places: Sequence[Sequence[int]]) -> None:
    """Check that every image has the same ground truth in all.

    Raises:
        DataError: Labels differ; the message counts the images.
    """
    first, own = members[0], places[0]
    for other, theirs in zip(members[1:], places[1:], strict=True):
        pairs = [(first.kept.images[a], other.kept.images[b]) for a, b in zip(own, theirs, strict=True)]
        apart = [a["path"] for a, b in pairs if a["values"]["truth"] != b["values"]["truth"]]
        if apart:
            raise DataError(
                f"{first.name} and {other.name}: {plural(len(apart), 'image')} of {len(own):,} have other labels in"
                f" one than in the other: {listed(apart)}.",
                AGAIN,
            )


def _groups(kept: Kept, places: Sequence[int]) -> IntArray | None:
    names = [kept.images[place].get("group") for place in places]
    if any(name is None for name in names):
        return None
    ids: IntArray = np.unique(np.array(names), return_inverse=True)[1].reshape(-1)
    return ids


def _both(members: Sequence[Member]) -> str:
    names = [member.name for member in members]
    return f"{', '.join(names[:-1])} and {names[-1]}"
