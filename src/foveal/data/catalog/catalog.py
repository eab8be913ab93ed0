"""A data set in memory, whatever its format: columns, not objects.

Shapes: N images, L labels in all.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from foveal.brief import brief
from foveal.data.catalog.columns import Names, Ragged
from foveal.data.catalog.looks import contents
from foveal.data.catalog.objects import Objects
from foveal.errors import DataError
from foveal.types.arrays import IntArray
from foveal.types.categories import Categories

SPLITS = ("train", "val", "test")
"""Split names; an image's code is the index of its split, or UNASSIGNED."""
UNITED = "//"
"""Between the paths of several mask files whose union is one image's mask; no path has it."""
Annotation = Literal["labels", "boxes", "masks"]
"""Kinds of annotations."""
UNASSIGNED = 255
"""Code of an image without a split."""


@dataclass(frozen=True)
class Repair:
    """A fault in an annotation, and how it was treated.

    Attributes:
        path: The image, relative to the data set's root; empty: the data set itself.
        where: File, line, field or object that is wrong.
        kind: A short name of the fault, such as ``outside`` or ``duplicate``.
        message: What is wrong, in words.
        action: ``clipped``, ``dropped``, ``kept`` or another action.
    """

    path: str
    where: str
    kind: str
    message: str
    action: str

    __repr__ = brief

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, repr=False)
class Catalog:
    """Images and their annotations; immutable.

    Attributes:
        root: Folder that ``names`` are relative to.
        format: Name of the reader, such as ``image_folder``.
        annotation: Kind of annotations; ``tasks.table`` maps it to a task.
        categories: The class map.
        names: N paths relative to ``root``, with forward slashes.
        splits: (N,) uint8 codes into ``SPLITS``, or UNASSIGNED.
        labels: N rows of class ids; one per image unless ``multi_label``.
        multi_label: Whether an image may carry any number of labels.
        notes: Notes of the reader, for ``foveal data inspect``.
        why: Why it was read in this format, such as "data.yaml names classes and splits".
        sizes: (N, 2) widths and heights in pixels as displayed, if known.
        objects: The objects in the images, where the data set has any; ``labels`` then has the classes that occur.
        masks: N paths of mask files, relative to ``root``; None: there are none. A pixel's value (gray, palette
            index, or red-green-blue as 0xRRGGBB) is one of ``categories.source_ids``, or is ignored.
        groups: N names of groups: images of one group hang together, such as frames of a video; None: none do.
        extras: N JSON objects with further fields of each image; empty text: none.
        about: A JSON object with further fields of the data set; empty text: none.
        repairs: Faults in annotations, and how they were treated.
    """

    root: Path
    format: str
    annotation: Annotation
    categories: Categories
    names: Names
    splits: NDArray[np.uint8]
    labels: Ragged
    multi_label: bool = False
    notes: tuple[str, ...] = ()
    sizes: NDArray[np.int32] | None = None
    objects: Objects | None = None
    masks: Names | None = None
    groups: Names | None = None
    extras: Names | None = None
    about: str = ""
    why: str = ""
    repairs: tuple[Repair, ...] = ()

    def __post_init__(self) -> None:
        """Check that columns agree in length; anything else is a bug."""
        assert len(self.names) == len(self.splits) == len(self.labels), "columns differ in length"
        for column in (self.sizes, self.objects, self.masks, self.groups, self.extras):
            assert column is None or len(column) == len(self.names), "columns differ in length"
        assert self.multi_label or bool((np.diff(self.labels.offsets) == 1).all()), "one label per image"

    def __len__(self) -> int:
        """N, the number of images."""
        return len(self.names)

    def __repr__(self) -> str:
        """One line: ``Catalog(3,457 images, 5 classes, image_folder, flowers)``."""
        place = str(self.root)
        short = place if len(place) <= 90 else f"…{place[-89:]}"
        return f"Catalog({len(self):,} images, {len(self.categories)} classes, {self.format}, {short})".replace(
            "\n", " "
        )

    def path(self, index: int) -> Path:
        """The path of an image."""
        return self.root / self.names[index]

    def mask_paths(self, index: int) -> list[Path]:
        """The paths of an image's mask: one, or several whose union it is."""
        assert self.masks is not None, "a data set with mask files"
        return [self.root / name for name in self.masks[index].split(UNITED)]

    def paths(self) -> Iterator[Path]:
        """The paths of all images, in order."""
        return (self.path(i) for i in range(len(self)))

    def has(self, split: str) -> bool:
        """Whether any image belongs to a split."""
        return bool((self.splits == SPLITS.index(split)).any())

    def split(self, name: str) -> "Catalog":
        """The images of one split.

        Raises:
            DataError: The split does not exist here; the message names those that do.
        """
        there = [s for s in SPLITS if self.has(s)]
        if name not in there:
            raise DataError(
                f"{self.root} has no {name!r} split.", f"Its splits: {', '.join(there) if there else 'none'}."
            )
        return self.take(np.flatnonzero(self.splits == SPLITS.index(name)))

    def take(self, indices: IntArray) -> "Catalog":
        """The images at ``indices``, in that order."""
        taken = replace(
            self,
            names=self.names.take(indices),
            splits=self.splits[indices],
            labels=self.labels.take(indices),
            sizes=None if self.sizes is None else self.sizes[indices],
            objects=None if self.objects is None else self.objects.take(indices),
            masks=None if self.masks is None else self.masks.take(indices),
            groups=None if self.groups is None else self.groups.take(indices),
            extras=None if self.extras is None else self.extras.take(indices),
        )
        if "content_hashes" in self.__dict__:
            taken.__dict__["content_hashes"] = self.content_hashes[indices]
        return taken

    def assign(self, splits: NDArray[np.uint8], *notes: str) -> "Catalog":
        """The same images with other splits, (N,) codes, and notes."""
        assigned = replace(self, splits=splits, notes=(*self.notes, *notes))
        if "content_hashes" in self.__dict__:
            assigned.__dict__["content_hashes"] = self.content_hashes
        return assigned

    def group_ids(self) -> NDArray[np.int64] | None:
        """(N,) ids from 0 of the images' groups, without gaps; None: images are independent."""
        if self.groups is None:
            return None
        ids: dict[str, int] = {}
        return np.array([ids.setdefault(self.groups[i], len(ids)) for i in range(len(self))], np.int64)

    @property
    def num_groups(self) -> int:
        """Number of groups; without any, of images."""
        ids = self.group_ids()
        return len(self) if ids is None else int(ids.max(initial=-1)) + 1

    def class_counts(self) -> NDArray[np.int64]:
        """(K,) number of images of each class, or of labels in multi-label data."""
        return np.bincount(self.labels.values, minlength=len(self.categories)).astype(np.int64)

    @cached_property
    def content_hashes(self) -> NDArray[np.void]:
        """(N,) 16-byte BLAKE2b hashes of the images' bytes, computed in threads and once."""
        return contents(self.root, self.names, content_hash)

    def note_contents(self, seen: Mapping[int, bytes]) -> None:
        """Take the files' hashes, by index, from who has read them; what is missing is computed with the others."""
        if "content_hashes" not in self.__dict__ and all(i in seen for i in range(len(self))):
            self.__dict__["content_hashes"] = np.frombuffer(b"".join(seen[i] for i in range(len(self))), "V16")

    def content_fingerprint(self) -> str:
        """A hash of the files' contents, independent of order, names, labels and splits."""
        return hashlib.blake2b(np.sort(self.content_hashes.view("S16")).tobytes(), digest_size=16).hexdigest()

    def fingerprint(self) -> str:
        """A hash of everything that training depends on: names, bytes, labels, masks, splits and the class map."""
        digest = hashlib.blake2b(digest_size=16)
        for column in (self.names.text.values, self.names.text.offsets, self.splits, self.labels.values):
            digest.update(np.ascontiguousarray(column).tobytes())
        digest.update(self.labels.offsets.tobytes() + self.content_hashes.tobytes())
        digest.update("\0".join(self.categories.names).encode())
        if self.objects is not None:
            self.objects.feed(digest)
        if self.masks is not None:
            digest.update(self.masks.text.values.tobytes() + self.masks.text.offsets.tobytes())
            each = [part for i in range(len(self)) for part in self.masks[i].split(UNITED)]
            files = self.masks if len(each) == len(self) else Names.of(each)
            digest.update(contents(self.root, files, content_hash).tobytes())
            digest.update(repr((self.categories.source_ids, self.categories.ignore_ids)).encode())
        return digest.hexdigest()


def hash_of(content: bytes) -> bytes:
    """16-byte BLAKE2b hash of a file's bytes."""
    return hashlib.blake2b(content, digest_size=16).digest()


def content_hash(path: Path) -> bytes:
    """``hash_of`` a file, which is not held in memory.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).", "Check the file and its permissions.") from None
