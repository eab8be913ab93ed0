"""Masks in the folder of their images, told apart by words in their names."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from foveal.data.formats.mask_folder.names.affix import shared

WORDS = (
    r"masks?|labels?|gt|seg|segs|segmentations?|seg_map|segmap|annotations?|annots?|annos?|ground_?truth|trimaps?"
    r"|gt(?:fine|coarse)_label(?:train)?ids"
)
BEHIND = re.compile(rf"(.+?)[ _.-]+(?:{WORDS})(?:[ _.-]?\d+)?", re.IGNORECASE)
"""A mask's stem: its image's, and a word; perhaps a number, of several masks."""
BEFORE = re.compile(rf"(?:{WORDS})[ _.-]+(.+)", re.IGNORECASE)
PARTS = ("mask", "label", "gt", "seg", "annot", "anno", "truth", "trimap")
"""One of these is in each of the words."""
LOSSY = (".jpg", ".jpeg")
"""Suffixes of photos, not of masks."""
NEARLY_ALL = 0.8
"""From this share of stems with an image and a mask on, the suffix tells which is which."""
SHARE = 0.2
"""From this share of masks with an image on, a folder holds images and masks."""


def may_name_masks(names: Iterable[str]) -> bool:
    """Whether a word for masks may be in any of the names; a quick look at a hundred thousand of them."""
    every = "\n".join(names).lower()
    return any(part in every for part in PARTS)


def image_of(stem: str) -> str | None:
    """The stem of a mask's image as far as words tell; None: nothing says that it is a mask."""
    folder, base = posixpath.split(stem)
    match = BEHIND.fullmatch(base) or BEFORE.fullmatch(base)
    return None if match is None else posixpath.join(folder, match[1])


def twins(names: Sequence[str]) -> list[str]:
    """The lossless ones of files that differ only in their suffixes, where nearly all do, such as a.jpg and a.png.

    Args:
        names: File names.
    """
    stems: dict[str, list[str]] = defaultdict(list)
    if len({name[name.rfind(".") :] for name in names}) == 1:  # of a hundred thousand names, at once
        return []
    for name in names:
        stems[name.rpartition(".")[0]].append(name)
    masks = []
    for both in stems.values():
        lossy = [name for name in both if name.lower().endswith(LOSSY)]
        if len(both) == 2 and len(lossy) == 1:
            masks += [name for name in both if name not in lossy]
    return masks if masks and len(masks) >= NEARLY_ALL * len(stems) else []


def masks_among(names: Sequence[str]) -> list[str]:
    """The files of one folder that are masks of others in it; empty: too few are for it to be a rule.

    Args:
        names: File names.
    """
    if not may_name_masks(names):
        return []
    stems = {name: name.rpartition(".")[0] for name in names}
    cores = {name: core for name in names if (core := image_of(stems[name])) is not None}
    images = {stems[name] for name in names if name not in cores}
    masks = [name for name, core in cores.items() if core in images]
    if len(masks) < len(cores):
        affix = shared(sorted(images - set(cores.values())), sorted(set(cores.values()) - images))
        if affix is not None and not any(affix.mask):
            masks = list(cores)
    return masks if masks and len(masks) >= SHARE * len(names) else []
