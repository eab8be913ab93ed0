"""Pairing of images and masks.

By name: a mask has its image's name, perhaps with a word such as ``_mask``, or with what all masks have in front or
behind. Pascal VOC also has lists.
"""

import posixpath
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from foveal.data.catalog.catalog import UNITED
from foveal.data.formats import layout
from foveal.data.formats.annotations.repair import Repairs
from foveal.data.formats.mask_folder.layout import VOC_IMAGES, Folders, Layout
from foveal.data.formats.mask_folder.names.affix import shared, strip
from foveal.data.formats.mask_folder.names.among import image_of, masks_among, twins
from foveal.data.formats.mask_folder.names.forms import chosen_form, form_of
from foveal.data.formats.voc.lists import read_lists
from foveal.data.notes import listed, plural

VOC_LISTS = "ImageSets/Segmentation"
CAMVID_STEM = re.compile(r"(.+)_[LP]", re.IGNORECASE)
"""A mask's stem as CamVid has it."""
NUMBER = re.compile(r"[ _.-]?\d+$")
"""Behind the names of several masks of one image."""
Stems = dict[str, list[str]]


@dataclass(frozen=True)
class Pair:
    """An image and its mask, relative to the root, and the code of their split."""

    image: str
    mask: str
    split: int


@dataclass
class Match:
    """Images and masks, paired or not.

    Attributes:
        pairs: Images with one mask.
        bare: Images without a mask, and their splits.
        strays: Masks without an image.
        doubles: Images with several masks.
        shared: Masks with several images.
        notes: How names were paired, and what was not taken.
    """

    pairs: list[Pair] = field(default_factory=list)
    bare: list[tuple[str, int]] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    doubles: list[tuple[str, list[str]]] = field(default_factory=list)
    shared: list[tuple[str, list[str]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def match(there: Layout) -> Match:
    """Pair images and masks by their relative paths without suffixes."""
    found = Match()
    sides = [_sides(there, folders) for folders in there.folders]
    form = chosen_form(stem for _, masks in sides for stem in masks)
    others: list[str] = []
    united: list[list[str]] = []
    apart = _each_apart(there, sides)
    if apart:
        found.notes.append("Each image has a folder of its own; the masks beside it are its masks.")
    for folders, (images, given) in zip(there.folders, sides, strict=True):
        if form:
            others += [name for stem, names in given.items() if form_of(stem) not in ("", form) for name in names]
            given = {stem: names for stem, names in given.items() if form_of(stem) in ("", form)}
        every = [name for names in given.values() for name in names]
        masks = dict.fromkeys(images, every) if apart else _by_image(images, given, found)
        for stem, names in images.items():
            theirs = masks.get(stem, [])
            if not theirs:
                found.bare += [(name, folders.split) for name in names]
            elif len(theirs) > 1 and len(names) == 1 and (apart or _are_parts(theirs)):
                united.append(theirs)
                found.pairs.append(Pair(names[0], UNITED.join(sorted(theirs, key=_by_number)), folders.split))
            elif len(theirs) > 1:
                found.doubles.append((names[0], theirs))
            elif len(names) > 1:
                found.shared.append((theirs[0], names))
            else:
                found.pairs.append(Pair(names[0], theirs[0], folders.split))
    _leave_extras(found)
    used = {pair.mask for pair in found.pairs}
    found.strays = [name for name in dict.fromkeys(found.strays) if name not in used]
    if united:
        count, have = plural(len(united), "image"), "has" if len(united) == 1 else "have"
        found.notes.append(f"{count} {have} several masks, such as {listed(united[0])}; read as their union.")
    if others:
        found.notes.append(f"The masks are those of {form}; {plural(len(others), 'file')} not read: {listed(others)}.")
    return found


def _each_apart(there: Layout, sides: Sequence[tuple[Stems, Stems]]) -> bool:
    """Whether each image has a folder of its own, with masks that are not called as it: those of its objects."""
    alone = all(len(images) == 1 and not images.keys() & masks.keys() for images, masks in sides)
    own = all(folders.images != folders.masks for folders in there.folders)
    return alone and own and len(sides) > 2 and any(len(masks) > 1 for _, masks in sides)


def _are_parts(masks: Sequence[str]) -> bool:
    """Whether masks differ in nothing but a number behind their names."""
    return len({(NUMBER.sub("", _whole_stem(name)), posixpath.splitext(name)[1]) for name in masks}) == 1


def _by_number(name: str) -> tuple[int, str]:
    return len(name), name


def _leave_extras(found: Match) -> None:
    """Leave out images without masks that are all called as another one and one more word, as ISIC's superpixels."""
    paired = {_whole_stem(pair.image) for pair in found.pairs}
    words = set()
    for name, _ in found.bare:
        core, cut, word = _whole_stem(name).rpartition("_")
        words.add(word.lower() if cut and core in paired and not word.isdigit() else "")
    if len(words) == 1 and (word := words.pop()):
        names = [name for name, _ in found.bare]
        found.notes.append(
            f"{plural(len(names), 'image')} without a mask, called as another one with _{word} behind it, left out:"
            f" {listed(names)}."
        )
        found.bare.clear()


def _whole_stem(name: str) -> str:
    return name.rpartition(".")[0]


def keep_listed(there: Layout, found: Match, repairs: Repairs) -> Match:
    """The images in Pascal VOC's lists, with their splits; without lists, all images with masks."""
    images: Stems = defaultdict(list)
    for name in layout.images_in(there.root, there.root / there.folders[0].images):
        images[_stem(name)].append(name)
    lists = read_lists(there.root, images, repairs, folder=VOC_LISTS)
    if not lists.splits:
        return Match(found.pairs, [], found.strays, found.doubles, found.shared, found.notes)
    splits = lists.splits
    kept = Match(
        [Pair(p.image, p.mask, splits[_stem(p.image)]) for p in found.pairs if _stem(p.image) in splits],
        [(name, splits[_stem(name)]) for name, _ in found.bare if _stem(name) in splits],
        [],
        [(name, masks) for name, masks in found.doubles if _stem(name) in splits],
        [(mask, names) for mask, names in found.shared if _stem(names[0]) in splits],
        found.notes,
    )
    for stem in splits:
        if stem not in images:
            repairs.add(
                f"{VOC_IMAGES}/{stem}.jpg",
                lists.places[stem],
                "missing",
                "is listed but does not exist",
                "dropped",
            )
    return kept


def _by_image(images: Stems, given: Stems, found: Match) -> Stems:
    """The masks by the stems of their images; those without one are added to the strays."""
    masks: Stems = defaultdict(list)
    left: Stems = {}
    for stem, names in given.items():
        camvid = CAMVID_STEM.fullmatch(stem)
        likely = (stem, image_of(stem) or "", camvid[1] if camvid else "")
        own = next((core for core in likely if core in images), None)
        if own is None:
            left[stem] = names
        else:
            masks[own] += names
    _other_case(images, masks, left, found)
    bare = {stem: names for stem, names in images.items() if stem not in masks}
    affix = shared(list(bare), list(left))
    if affix is not None:
        cores = {strip(stem, affix.image): stem for stem in bare}
        for stem in list(left):
            core = strip(stem, affix.mask)
            if core is not None and core in cores:
                masks[cores[core]] += left.pop(stem)
        note = f"Images and masks are paired by names of the form {affix}."
        found.notes += [note] if note not in found.notes else []
    found.strays += [name for names in left.values() for name in names]
    return masks


def _other_case(images: Stems, masks: Stems, left: Stems, found: Match) -> None:
    """Take masks out of those left whose names differ from one image's in case alone."""
    folded: Stems = defaultdict(list)
    for stem in images:
        if stem not in masks:
            folded[stem.casefold()].append(stem)
    taken = []
    for stem in list(left):
        likely = (stem, image_of(stem) or "")
        own = next((folded[key] for core in likely if (key := core.casefold()) in folded), [])
        if len(own) == 1:
            taken += left[stem]
            masks[own[0]] += left.pop(stem)
    if taken:
        found.notes.append(f"{plural(len(taken), 'mask')} paired by a name of another case: {listed(taken)}.")


def _sides(there: Layout, folders: Folders) -> tuple[Stems, Stems]:
    """Images and masks of a pair of folders by their relative paths without suffixes."""
    if folders.images != folders.masks:
        return _by_stem(there, folders.images), _by_stem(there, folders.masks)
    folder = there.tree.folder(folders.images)
    masks = {*(masks_among(folder.images) or twins(folder.images))}
    images = [folder.inside(name) for name in folder.images if name not in masks]
    return _stems(images, folder.name), _stems(sorted(map(folder.inside, masks)), folder.name)


def _stem(name: str) -> str:
    return Path(name).stem


def _by_stem(there: Layout, home: str) -> Stems:
    """Names of images in a folder and below it."""
    names = [name for folder in there.tree.folders(home) for name in map(folder.inside, folder.images)]
    return _stems(names, home)


def _stems(names: Sequence[str], home: str) -> Stems:
    found: Stems = defaultdict(list)
    start = len(home) + 1 if home else 0
    for name in names:
        found[unicodedata.normalize("NFC", posixpath.splitext(name[start:])[0])].append(name)
    return dict(found)
