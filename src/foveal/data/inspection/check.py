"""Checking a data set: every image decoded, all files compared, every annotation validated.

Shapes: N images.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from foveal.data.catalog.catalog import SPLITS, UNASSIGNED, Catalog
from foveal.data.catalog.class_maps import read_mask
from foveal.errors import DataError, ImageError
from foveal.imaging.codecs.pillow import kind_of
from foveal.imaging.decode import decode
from foveal.imaging.suffixes import SUFFIXES_OF
from foveal.ops.threads import in_threads
from foveal.types.predictions.masks import IGNORE
from foveal.types.reading import AS_STORED, Reading

MIN_SIDE = 8
"""Shorter side in pixels below which nothing can be recognised."""
MAX_ASPECT = 10.0
"""Aspect ratio beyond which an image is a narrow strip in a square input."""


@dataclass(frozen=True)
class Problem:
    """A problem of a data set.

    Attributes:
        path: The image, relative to the data set's root; empty: no image.
        kind: ``unreadable``, ``leak``, ``two_classes``, ``tiny``, ``aspect`` or ``suffix``; of masks ``mask``,
            ``no_class`` or ``two_masks``; of the whole data set ``unread`` or ``task``; or one
            of ``annotations.repair.KINDS``.
        message: What is wrong, in words.
        where: File, line or object of an invalid annotation.
        action: How the reader treats it.
    """

    path: str
    kind: str
    message: str
    where: str = ""
    action: str = ""

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON; ``where`` and ``action`` only of annotations."""
        own: dict[str, object] = {"path": self.path, "kind": self.kind, "message": self.message}
        return {**own, "where": self.where, "action": self.action} if self.action else own


@dataclass(frozen=True)
class Checked:
    """The check of one image.

    Attributes:
        content: A hash of its bytes.
        problems: Its own problems.
        mask: A hash of its mask; empty without one.
    """

    content: bytes
    problems: tuple[Problem, ...]
    mask: bytes = b""


def check(
    catalog: Catalog, *, progress: Callable[[int], None] = lambda _: None, reading: Reading = AS_STORED
) -> list[Problem]:
    """Decode every image in threads and compare all files.

    Args:
        catalog: The data set.
        progress: Called with the number of images done.
        reading: Levels of deep images, and bands.

    Returns:
        Problems in the order of images, including faults of annotations; empty if there are none.
    """
    problems = [Problem(r.path, r.kind, r.message, r.where, r.action) for r in catalog.repairs]
    places: dict[bytes, list[int]] = defaultdict(list)
    masks: dict[int, bytes] = {}
    for i, checked in enumerate(in_threads(lambda i: _check_image(catalog, i, reading), range(len(catalog)))):
        problems += checked.problems
        masks[i] = checked.mask
        if checked.content:
            places[checked.content].append(i)
        progress(i + 1)
    for same in places.values():
        problems += _compare(catalog, same, masks)
    return sorted(problems, key=lambda problem: problem.path)


def _check_image(catalog: Catalog, index: int, reading: Reading) -> Checked:
    name, path = catalog.names[index], catalog.path(index)
    try:
        data = path.read_bytes()
    except OSError as error:
        return Checked(b"", (Problem(name, "unreadable", f"cannot be opened ({error.strerror})"),))
    content = hashlib.blake2b(data, digest_size=16).digest()
    try:
        width, height = decode(data, name=name, reading=reading).size
    except ImageError as error:
        return Checked(content, (Problem(name, "unreadable", error.reason),))
    problems = []
    if min(width, height) < MIN_SIDE:
        problems.append(
            Problem(name, "tiny", f"is {width} x {height} pixels; below {MIN_SIDE} little can be recognised")
        )
    elif max(width, height) > MAX_ASPECT * min(width, height):
        problems.append(
            Problem(name, "aspect", f"is {width} x {height} pixels, an aspect ratio of over {MAX_ASPECT:.0f} to 1")
        )
    kind = kind_of(data[:16])
    if not name.lower().endswith(SUFFIXES_OF[kind]):
        problems.append(Problem(name, "suffix", f"is a {kind} file with another suffix"))
    fault, mask = _check_mask(catalog, index)
    return Checked(content, (*problems, *fault), mask)


def _check_mask(catalog: Catalog, index: int) -> tuple[tuple[Problem, ...], bytes]:
    """Problems of an image's mask, and a hash of its class ids."""
    if catalog.annotation != "masks":
        return (), b""
    name = catalog.names[index]
    try:
        ids = read_mask(catalog, index)
    except DataError as error:
        return (Problem(name, "mask", error.what),), b""
    content = hashlib.blake2b(ids.tobytes(), digest_size=16).digest()
    if (ids == IGNORE).all():
        return (Problem(name, "no_class", "has a mask without any class"),), content
    return (), content


def _compare(catalog: Catalog, same: list[int], masks: dict[int, bytes]) -> list[Problem]:
    """Byte-identical files: in two splits, or with different labels or masks."""
    first, *others = same
    problems = []
    for i in others:
        name, twin = catalog.names[i], catalog.names[first]
        here, there = catalog.splits[i], catalog.splits[first]
        if here != there and UNASSIGNED not in (here, there):
            problems.append(Problem(name, "leak", f"in {SPLITS[here]} is the same file as {twin} in {SPLITS[there]}"))
        labels, twin_labels = (sorted(catalog.labels[k].tolist()) for k in (i, first))
        if masks[i] != masks[first]:
            problems.append(Problem(name, "two_masks", f"is the same file as {twin}, but their masks differ"))
        elif labels != twin_labels:
            names = [" | ".join(catalog.categories.names[k] for k in ids) or "nothing" for ids in (labels, twin_labels)]
            message = f"is labelled {names[0]}; the same file {twin} is labelled {names[1]}"
            problems.append(Problem(name, "two_classes", message))
    return problems
