"""One prefix or suffix that all masks, or all images, share beyond each other's names."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

SEPARATORS = " _-."
MOST = 5
"""Number of prefixes, and of suffixes, that are tried."""
Ends = tuple[str, str]
"""What is before and behind."""


@dataclass(frozen=True)
class Affix:
    """What is to be taken off the stems, so that an image's and its mask's are equal.

    Attributes:
        image: Of the images.
        mask: Of the masks.
        paired: Number of stems that are then equal.
    """

    image: Ends
    mask: Ends
    paired: int

    def __str__(self) -> str:
        """Words, such as ``X_image and X_mask``."""
        return f"{self.image[0]}X{self.image[1]} and {self.mask[0]}X{self.mask[1]}"


def shared(images: Sequence[str], masks: Sequence[str]) -> Affix | None:
    """The affix that pairs most images and masks, the shortest of equally good ones; None: none pairs half of them.

    Args:
        images: Stems of images, with their folders.
        masks: Stems of masks, likewise.
    """
    if not images or not masks:
        return None
    best: Affix | None = None
    combinations = [(one, other) for one in _ends(images) for other in _ends(masks)]
    combinations.sort(key=lambda both: sum(len(end) for ends in both for end in ends))
    stripped: dict[tuple[int, Ends], set[str]] = {}
    for one, other in combinations:
        for which, (names, ends) in enumerate(((images, one), (masks, other))):
            if (which, ends) not in stripped:
                stripped[which, ends] = {core for name in names if (core := strip(name, ends)) is not None}
        paired = len(stripped[0, one] & stripped[1, other])
        if best is None or paired > best.paired:
            best = Affix(one, other, paired)
        if paired == min(len(images), len(masks)):
            break
    assert best is not None, "no ends at all are tried first"
    if not best.paired or 2 * best.paired < min(len(images), len(masks)):
        return None
    alone = min(len(images), len(masks)) == 1  # whatever one name begins with, all begin with
    return None if alone and any(best.image) and not _spelt_out(best) else best


def strip(stem: str, ends: Ends) -> str | None:
    """A stem without its affix; None: it has another one, or nothing else."""
    folder, base = posixpath.split(stem)
    before, behind = ends
    if not base.startswith(before) or not base.endswith(behind) or len(base) <= len(before) + len(behind):
        return None
    return posixpath.join(folder, base[len(before) : len(base) - len(behind)])


def _ends(stems: Sequence[str]) -> list[Ends]:
    """What all stems begin or end with, cut where a word ends."""
    bases = [posixpath.basename(stem) for stem in stems]
    before = _beginning(bases)
    behind = _beginning([base[::-1] for base in bases])[::-1]
    few = bases[:: max(1, len(bases) // 100)]
    starts = [k for k in range(1, len(before) + 1) if all(_word_ends(base, k) for base in few)]
    places = [len(behind) - k for k in range(1, len(behind) + 1)]
    ends = [k for k in places if all(_word_begins(base, len(base) - len(behind) + k) for base in few)]
    return [("", ""), *((before[:k], "") for k in starts[:MOST]), *(("", behind[k:]) for k in ends[:MOST])]


def _beginning(names: Sequence[str]) -> str:
    """What all names begin with, letter by letter: what the first and the last in order of letters do."""
    first, last = min(names), max(names)
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return first[:same]


def _word_ends(base: str, at: int) -> bool:
    """Whether a name goes on after a separator, or with a digit after a letter, or the other way round."""
    return at < len(base) and (base[at - 1] in SEPARATORS or _turns(base, at))


def _word_begins(base: str, at: int) -> bool:
    """Whether a name goes on with a separator, or with a digit after a letter, or the other way round."""
    return at > 0 and (base[at] in SEPARATORS or _turns(base, at))


def _turns(base: str, at: int) -> bool:
    return base[at - 1 : at + 1].isalnum() and base[at - 1].isdigit() != base[at].isdigit()


def _spelt_out(affix: Affix) -> bool:
    """Whether both ends stand off from the names by a separator."""
    ends = [end for pair in (affix.image, affix.mask) for end in pair if end]
    return all(end[0] in SEPARATORS or end[-1] in SEPARATORS for end in ends)
